package dev.croco.execution.client.problems;

/** The idempotency key belongs to an execution of another type or payload. */
public final class IdempotencyKeyReused extends ExecutionProblem {
  public IdempotencyKeyReused(ProblemDetails details) {
    super(details);
  }

  /** The key. */
  public String idempotencyKey() {
    return text("idempotencyKey");
  }

  /** The execution that holds it. */
  public String executionId() {
    return text("executionId");
  }
}
