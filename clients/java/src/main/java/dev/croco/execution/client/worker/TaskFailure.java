package dev.croco.execution.client.worker;

import dev.croco.execution.client.ExecutionError;

/**
 * What a task throws to say more about its failure than an exception does: see {@link Retryable} and {@link Permanent}.
 */
public abstract sealed class TaskFailure extends RuntimeException permits Retryable, Permanent {
  private final transient ExecutionError error;

  TaskFailure(ExecutionError error, Throwable cause) {
    super(error.message(), cause);
    this.error = error;
  }

  /** What the service is told of it. */
  public final ExecutionError error() {
    return error;
  }
}
