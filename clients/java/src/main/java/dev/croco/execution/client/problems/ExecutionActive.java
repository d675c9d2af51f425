package dev.croco.execution.client.problems;

import dev.croco.execution.client.ExecutionStatus;

/** {@code delete} without force takes only executions that are pending or at rest. */
public final class ExecutionActive extends ExecutionProblem {
  public ExecutionActive(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** The status that it has. */
  public ExecutionStatus status() {
    return status("status");
  }
}
