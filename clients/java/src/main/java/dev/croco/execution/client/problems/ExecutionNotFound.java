package dev.croco.execution.client.problems;

/** There is no such execution, or there is no more. One of the two accessors answers an empty text. */
public final class ExecutionNotFound extends ExecutionProblem {
  public ExecutionNotFound(ProblemDetails details) {
    super(details);
  }

  /** The id that was asked for. */
  public String executionId() {
    return text("executionId");
  }

  /** The key that was asked for. */
  public String idempotencyKey() {
    return text("idempotencyKey");
  }
}
