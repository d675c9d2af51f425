package dev.croco.execution.client;

import java.time.Instant;

/**
 * What a worker has to do about an attempt that it holds.
 *
 * @param reason why, as {@code kind} says
 * @param forcedAt when the server cancels by itself; null for other kinds
 */
public record Directive(String id, int attempt, Kind kind, String reason, Instant forcedAt) {
  /** What it is. */
  public enum Kind {
    /** Stop: somebody asked for its cancellation, for the reason given. */
    CANCEL_REQUESTED,
    /** Forget it: it ended for the status reason given. What the worker still writes of it is refused. */
    LEASE_LOST,
    /** Something that this version of the client does not know. */
    UNKNOWN
  }
}
