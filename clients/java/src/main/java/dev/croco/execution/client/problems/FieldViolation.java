package dev.croco.execution.client.problems;

import java.io.Serializable;

/** What is wrong with one field of a request. */
public record FieldViolation(String field, String description) implements Serializable {}
