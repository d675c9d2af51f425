package dev.croco.execution.client.problems;

/** The execution would have more checkpoints than it may have. Nothing was saved. */
public final class TooManyCheckpoints extends ExecutionProblem {
  public TooManyCheckpoints(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** How many it may have. */
  public int limit() {
    return (int) number("limit");
  }
}
