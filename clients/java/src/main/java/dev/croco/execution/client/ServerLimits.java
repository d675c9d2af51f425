package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import java.time.Duration;

/** What a server takes. */
public final class ServerLimits extends Noun<dev.croco.execution.v1.ServerLimits> {
  ServerLimits(dev.croco.execution.v1.ServerLimits message) {
    super(message);
  }

  public int messageBytes() {
    return wire.getMessageBytes();
  }

  public int batchSize() {
    return wire.getBatchSize();
  }

  public int pageSize() {
    return wire.getPageSize();
  }

  public int checkpoints() {
    return wire.getCheckpoints();
  }

  public int callsUnderWay() {
    return wire.getCallsUnderWay();
  }

  public int watchesPerConnection() {
    return wire.getWatchesPerConnection();
  }

  public Duration defaultDeadline() {
    return Times.fromDuration(wire.getDefaultDeadline());
  }

  public Duration maxDeadline() {
    return Times.fromDuration(wire.getMaxDeadline());
  }
}
