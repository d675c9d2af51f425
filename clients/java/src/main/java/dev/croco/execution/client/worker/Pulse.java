package dev.croco.execution.client.worker;

import java.time.Duration;

/**
 * Whether the worker still holds its leases, judged by what it hears. Times are those of System.nanoTime.
 *
 * <p>While the stream is open the service lets each lease begin anew every third of its duration. So when the worker
 * last heard of the service two thirds of every lease were left: after those it cannot know, and must not run on. That
 * a stream looks open says nothing, for a connection can die in silence. A worker that holds something and hears
 * nothing reports of one attempt, to be answered, and gives up a stream that does not answer.
 *
 * <p>It judges at every beat, a twelfth of a lease. One judgement alone loses nothing: after a pause of this process
 * (it was stopped) the answer may be there and only wait to be read.
 */
final class Pulse {
  /** Per lease. */
  static final int BEATS = 12;

  private static final int ASK_AFTER = 2;
  private static final int GIVE_UP_AFTER = 2;

  /** And one beat more: eight twelfths are two thirds. */
  private static final int LOSE_AFTER = 7;

  /** What to do at a beat. */
  enum Verdict {
    GO_ON,
    /** Say something that will be answered. */
    ASK,
    /** Give up the stream. */
    RECONNECT,
    /** Take all leases for lost. */
    LOSE
  }

  private final long beat;
  private long heardAt;
  private Long askedAt;
  private boolean silentBefore;

  Pulse(Duration lease, long now) {
    beat = lease.dividedBy(BEATS).toNanos();
    heardAt = now;
  }

  /** How long from one judgement to the next. */
  Duration beat() {
    return Duration.ofNanos(beat);
  }

  /** Something came from the service. */
  void heard(long now) {
    heardAt = now;
    askedAt = null;
    silentBefore = false;
  }

  /** There is a new stream: what was asked on the old one will not be answered. */
  void reconnected() {
    askedAt = null;
  }

  /** Answer what to do; to be called at every beat while something is held. */
  Verdict judge(long now) {
    long silence = now - heardAt;
    boolean silentTwice = silentBefore;
    silentBefore = silence >= LOSE_AFTER * beat;
    if (silentTwice && silentBefore) {
      return Verdict.LOSE;
    }
    if (askedAt == null) {
      if (silence < ASK_AFTER * beat) {
        return Verdict.GO_ON;
      }
      askedAt = now;
      return Verdict.ASK;
    }
    return now - askedAt < GIVE_UP_AFTER * beat ? Verdict.GO_ON : Verdict.RECONNECT;
  }
}
