package dev.croco.execution.client;

import java.util.List;

/** Some of the executions of a list. An empty {@code nextPageToken} means that no more follow. */
public record Page(List<Execution> executions, String nextPageToken) {}
