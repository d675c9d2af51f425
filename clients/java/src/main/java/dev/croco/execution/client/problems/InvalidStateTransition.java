package dev.croco.execution.client.problems;

import dev.croco.execution.client.ExecutionStatus;
import java.util.List;

/** The status does not allow the call. */
public final class InvalidStateTransition extends ExecutionProblem {
  public InvalidStateTransition(ProblemDetails details) {
    super(details);
  }

  /** The execution. */
  public String executionId() {
    return text("executionId");
  }

  /** The status that it has. */
  public ExecutionStatus from() {
    return status("from");
  }

  /** The status that was asked for. */
  public ExecutionStatus to() {
    return status("to");
  }

  /** The statuses that can follow the one that it has. */
  public List<ExecutionStatus> allowed() {
    return statuses("allowed");
  }
}
