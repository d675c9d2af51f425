package dev.croco.execution.client.problems;

/** The execution is not at the revision that the caller expects. */
public final class RevisionMismatch extends ExecutionProblem {
  public RevisionMismatch(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** The revision that was expected. */
  public long expectedRevision() {
    return number("expectedRevision");
  }

  /** The revision that it has. */
  public long revision() {
    return number("revision");
  }
}
