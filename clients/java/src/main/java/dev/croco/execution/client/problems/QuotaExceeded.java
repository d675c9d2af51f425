package dev.croco.execution.client.problems;

/** A quota of the deployment is used up. The retry delay says when to come back. */
public final class QuotaExceeded extends ExecutionProblem {
  public QuotaExceeded(ProblemDetails details) {
    super(details);
  }

  /** The quota. */
  public long limit() {
    return number("limit");
  }
}
