package dev.croco.execution.client.problems;

import dev.croco.execution.client.ExecutionStatus;

/** The caller's attempt is over, so nothing of it is taken: stop working. */
public final class AttemptFenced extends ExecutionProblem {
  public AttemptFenced(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** The caller's attempt. */
  public int attempt() {
    return (int) number("attempt");
  }

  /** The attempt that holds now. */
  public int currentAttempt() {
    return (int) number("currentAttempt");
  }

  /** The status that the execution has. */
  public ExecutionStatus status() {
    return status("status");
  }

  /** How the attempt ended. */
  public String cause() {
    return text("cause");
  }
}
