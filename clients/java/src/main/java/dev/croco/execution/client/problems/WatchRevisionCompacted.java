package dev.croco.execution.client.problems;

/** The history does not reach back to the revision to resume after: watch again without one. */
public final class WatchRevisionCompacted extends ExecutionProblem {
  public WatchRevisionCompacted(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** The revision that was asked for. */
  public long afterRevision() {
    return number("afterRevision");
  }

  /** The oldest that the history has. */
  public long oldestRevision() {
    return number("oldestRevision");
  }
}
