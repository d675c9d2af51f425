package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import java.time.Duration;
import java.time.Instant;

/** A worker's hold on a running execution: until it expires, unless the worker is heard of before. */
public final class Lease extends Noun<dev.croco.execution.v1.Lease> {
  public Lease(dev.croco.execution.v1.Lease message) {
    super(message);
  }

  public String workerId() {
    return wire.getWorkerId();
  }

  public Duration duration() {
    return Times.fromDuration(wire.getDuration());
  }

  public Instant expiresAt() {
    return Times.fromTimestamp(wire.getExpiresAt());
  }
}
