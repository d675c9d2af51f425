package dev.croco.execution.client.worker;

import dev.croco.execution.client.ExecutionError;

/** The attempt failed and so would every other: none follows. */
public final class Permanent extends TaskFailure {
  /** {@code message} says what went wrong, for a person. */
  public Permanent(String message) {
    this(message, "", null);
  }

  /**
   * Say all there is to say.
   *
   * @param code what went wrong, for a program; empty is the name of the class of the exception
   * @param cause may be null
   */
  public Permanent(String message, String code, Throwable cause) {
    super(ExecutionError.permanent(message).withCode(code), cause);
  }
}
