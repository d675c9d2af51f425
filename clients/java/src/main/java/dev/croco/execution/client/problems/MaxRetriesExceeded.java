package dev.croco.execution.client.problems;

/** {@code retry} found no attempts left; additional attempts would allow more. */
public final class MaxRetriesExceeded extends ExecutionProblem {
  public MaxRetriesExceeded(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** How many were started. */
  public int attempts() {
    return (int) number("attempts");
  }

  /** How many may be. */
  public int maxAttempts() {
    return (int) number("maxAttempts");
  }
}
