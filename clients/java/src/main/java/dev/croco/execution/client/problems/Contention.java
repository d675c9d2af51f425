package dev.croco.execution.client.problems;

/** Other callers kept changing the execution until the server gave up. Nothing was changed; call again. */
public final class Contention extends ExecutionProblem {
  public Contention(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }
}
