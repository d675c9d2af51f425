package dev.croco.execution.client;

/** Where an execution stands. */
public enum ExecutionStatus {
  PENDING,
  RUNNING,
  COMPLETED,
  FAILED,
  RETRYING,
  TIMED_OUT,
  CANCELLED,
  /** A status that this version of the client does not know. Never at rest. */
  UNKNOWN;

  /** Convert that of the contract; one that is not known here is UNKNOWN. */
  public static ExecutionStatus of(dev.croco.execution.v1.ExecutionStatus wire) {
    return named(wire.name().replaceFirst("^EXECUTION_STATUS_", ""));
  }

  /** Find it by its name. One that is not known here is UNKNOWN. */
  public static ExecutionStatus named(String name) {
    for (ExecutionStatus one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return UNKNOWN;
  }

  /** Whether the execution stays there until somebody retries it; completed and cancelled are final. */
  public boolean isAtRest() {
    return this == COMPLETED || this == FAILED || this == TIMED_OUT || this == CANCELLED;
  }

  /** Whether it is known that more will happen. */
  boolean isActive() {
    return this == PENDING || this == RUNNING || this == RETRYING;
  }

  dev.croco.execution.v1.ExecutionStatus wire() {
    if (this == UNKNOWN) {
      throw new IllegalArgumentException("No executions can be asked for by an unknown status.");
    }
    return dev.croco.execution.v1.ExecutionStatus.valueOf("EXECUTION_STATUS_" + name());
  }
}
