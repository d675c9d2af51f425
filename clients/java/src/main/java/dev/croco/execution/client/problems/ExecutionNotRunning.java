package dev.croco.execution.client.problems;

import dev.croco.execution.client.ExecutionStatus;

/** Progress and checkpoints are taken while the execution is running only. */
public final class ExecutionNotRunning extends ExecutionProblem {
  public ExecutionNotRunning(ProblemDetails details) {
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
