package dev.croco.execution.client;

/** The answer of {@code create}. */
public final class CreatedExecution extends Execution {
  private final boolean created;

  CreatedExecution(dev.croco.execution.v1.Execution message, boolean created) {
    super(message);
    this.created = created;
  }

  /** Whether this call, or the one that it repeats, created it; else it is the one that holds the idempotency key. */
  public boolean created() {
    return created;
  }
}
