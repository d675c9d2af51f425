package dev.croco.execution.client.internal;

import dev.croco.execution.client.problems.Cancelled;
import dev.croco.execution.client.problems.ProblemDetails;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses that grow with each failure in a row, with jitter, and are not shorter than the server asks for. */
public final class Pauses {
  private static final Duration FIRST = Duration.ofMillis(100);

  private final int growth;
  private final Duration longest;
  private Duration next = FIRST;

  private Pauses(int growth, Duration longest) {
    this.growth = growth;
    this.longest = longest;
  }

  /** Between the tries of one call: about five seconds in all. */
  public static Pauses ofCalls() {
    return new Pauses(4, Duration.ofSeconds(3));
  }

  /** Between streams, of which there is no end. */
  public static Pauses ofStreams() {
    return new Pauses(2, Duration.ofSeconds(5));
  }

  /** Answer the next pause; {@code askedFor} is what the server asks for, null if it does not. */
  public Duration next(Duration askedFor) {
    long millis = next.toMillis();
    next = min(next.multipliedBy(growth), longest);
    Duration pause = Duration.ofMillis(ThreadLocalRandom.current().nextLong(millis / 2, millis + 1));
    return askedFor == null || askedFor.compareTo(pause) < 0 ? pause : askedFor;
  }

  /** An answer came: the next pause is short again. */
  public void reset() {
    next = FIRST;
  }

  /**
   * Sleep.
   *
   * @throws Cancelled if the thread is interrupted, which it is afterwards too
   */
  public static void sleep(Duration pause) {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException interruption) {
      throw interrupted();
    }
  }

  /** Make the problem of a call whose thread was interrupted, and let the thread be so. */
  public static Cancelled interrupted() {
    Thread.currentThread().interrupt();
    return new Cancelled(ProblemDetails.of(Status.Code.CANCELLED, "The thread was interrupted."));
  }

  private static Duration min(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
