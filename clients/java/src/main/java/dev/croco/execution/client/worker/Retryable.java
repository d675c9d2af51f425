package dev.croco.execution.client.worker;

import dev.croco.execution.client.ExecutionError;
import java.time.Duration;

/** The attempt failed and another may succeed: after a delay, or when the retry policy says. */
public final class Retryable extends TaskFailure {
  /** {@code message} says what went wrong, for a person. */
  public Retryable(String message) {
    this(message, "", null, null);
  }

  /** As the whole one, of a message and a delay. */
  public Retryable(String message, Duration delay) {
    this(message, "", delay, null);
  }

  /**
   * Say all there is to say.
   *
   * @param code what went wrong, for a program; empty is the name of the class of the exception
   * @param delay when the next attempt may come; null leaves it to the retry policy
   * @param cause may be null
   */
  public Retryable(String message, String code, Duration delay, Throwable cause) {
    super(delayed(ExecutionError.retryable(message).withCode(code), delay), cause);
  }

  private static ExecutionError delayed(ExecutionError error, Duration delay) {
    if (delay == null) {
      return error;
    }
    if (delay.isNegative()) {
      throw new IllegalArgumentException("The delay must not be negative.");
    }
    return error.withRetryDelay(delay);
  }
}
