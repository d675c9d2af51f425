package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import java.time.Instant;

/** One status change. */
public final class HistoryEntry extends Noun<dev.croco.execution.v1.HistoryEntry> {
  public HistoryEntry(dev.croco.execution.v1.HistoryEntry message) {
    super(message);
  }

  /** The execution's revision after the change. */
  public long revision() {
    return wire.getRevision();
  }

  public Instant at() {
    return Times.fromTimestamp(wire.getAt());
  }

  /** Null for the creation. */
  public ExecutionStatus from() {
    boolean creation = wire.getFrom() == dev.croco.execution.v1.ExecutionStatus.EXECUTION_STATUS_UNSPECIFIED;
    return creation ? null : ExecutionStatus.of(wire.getFrom());
  }

  public ExecutionStatus to() {
    return ExecutionStatus.of(wire.getTo());
  }

  public StatusReason reason() {
    return StatusReason.of(wire.getReason());
  }

  /** The number of attempts after the change. */
  public int attempt() {
    return wire.getAttempt();
  }

  /** "server" for a deadline that the server keeps, else the caller where calls carry an identity. */
  public String actor() {
    return wire.getActor();
  }
}
