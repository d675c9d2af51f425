package dev.croco.execution.client;

import java.util.Map;

/** How many executions match, in all and in each status that the filter allows. */
public record Count(long total, Map<ExecutionStatus, Long> byStatus) {}
