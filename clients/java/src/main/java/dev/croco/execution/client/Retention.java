package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import java.time.Duration;

/**
 * How long a record is kept once it is at rest: {@code succeeded} if completed or cancelled, {@code failed} if failed
 * or timed out. What is not set, null here, is for ever in an answer, and as the server is set in a request.
 */
public final class Retention extends Noun<dev.croco.execution.v1.Retention> {
  public Retention(dev.croco.execution.v1.Retention message) {
    super(message);
  }

  /** As the server is set. */
  public static Retention usual() {
    return new Retention(dev.croco.execution.v1.Retention.getDefaultInstance());
  }

  public Retention withSucceeded(Duration span) {
    return new Retention(wire.toBuilder().setSucceeded(Times.toDuration(span)).build());
  }

  public Retention withFailed(Duration span) {
    return new Retention(wire.toBuilder().setFailed(Times.toDuration(span)).build());
  }

  public Duration succeeded() {
    return span(wire.hasSucceeded(), wire.getSucceeded());
  }

  public Duration failed() {
    return span(wire.hasFailed(), wire.getFailed());
  }
}
