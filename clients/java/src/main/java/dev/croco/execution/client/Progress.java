package dev.croco.execution.client;

import java.time.Instant;

/**
 * How far an attempt is.
 *
 * <p>{@code current} and {@code total} count in a unit of the worker's choice, finite and at least 0; a total of 0 is
 * not known. When a worker leaves out the percentage the service computes it.
 */
public final class Progress extends Noun<dev.croco.execution.v1.Progress> {
  public Progress(dev.croco.execution.v1.Progress message) {
    super(message);
  }

  public static Progress of(double current, double total) {
    return new Progress(dev.croco.execution.v1.Progress.newBuilder().setCurrent(current).setTotal(total).build());
  }

  /** Say what is being done, for a person; up to 4 KiB. */
  public Progress withMessage(String message) {
    return new Progress(wire.toBuilder().setMessage(message).build());
  }

  /** Say how much is done: 0 to 100. */
  public Progress withPercent(double percent) {
    return new Progress(wire.toBuilder().setPercent(percent).build());
  }

  public double current() {
    return wire.getCurrent();
  }

  public double total() {
    return wire.getTotal();
  }

  public String message() {
    return wire.getMessage();
  }

  /** Null where the worker left it out and the service has not computed it. */
  public Double percent() {
    return wire.hasPercent() ? wire.getPercent() : null;
  }

  /** Which attempt reported it; set by the service. */
  public int attempt() {
    return wire.getAttempt();
  }

  /** Set by the service; null before. */
  public Instant updatedAt() {
    return moment(wire.hasUpdatedAt(), wire.getUpdatedAt());
  }
}
