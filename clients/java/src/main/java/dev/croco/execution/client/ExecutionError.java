package dev.croco.execution.client;

import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.internal.Times;
import java.time.Duration;
import java.util.Map;

/** A failure, as the worker reports it. */
public final class ExecutionError extends Noun<dev.croco.execution.v1.ExecutionError> {
  public ExecutionError(dev.croco.execution.v1.ExecutionError message) {
    super(message);
  }

  /** Make one after which another attempt may succeed. {@code message} says what went wrong, for a person. */
  public static ExecutionError retryable(String message) {
    return new ExecutionError(
        dev.croco.execution.v1.ExecutionError.newBuilder().setMessage(message).setRetryable(true).build());
  }

  /** Make one after which no attempt would succeed. {@code message} says what went wrong, for a person. */
  public static ExecutionError permanent(String message) {
    return new ExecutionError(dev.croco.execution.v1.ExecutionError.newBuilder().setMessage(message).build());
  }

  /** Say what went wrong, for a person. */
  public ExecutionError withMessage(String message) {
    return new ExecutionError(wire.toBuilder().setMessage(message).build());
  }

  /** Say what went wrong, for a program. */
  public ExecutionError withCode(String code) {
    return new ExecutionError(wire.toBuilder().setCode(code).build());
  }

  /** Say where it went wrong. */
  public ExecutionError withStack(String stack) {
    return new ExecutionError(wire.toBuilder().setStack(stack).build());
  }

  /** Say when to repeat it, this once instead of the retry policy. */
  public ExecutionError withRetryDelay(Duration delay) {
    return new ExecutionError(wire.toBuilder().setRetryDelay(Times.toDuration(delay)).build());
  }

  /** Add free data, JSON values. */
  public ExecutionError withDetails(Map<String, ?> details) {
    return new ExecutionError(wire.toBuilder().setDetails(JsonWire.toStruct(details, "error.details")).build());
  }

  public String message() {
    return wire.getMessage();
  }

  public String code() {
    return wire.getCode();
  }

  public String stack() {
    return wire.getStack();
  }

  /** Whether another attempt may succeed. */
  public boolean isRetryable() {
    return wire.getRetryable();
  }

  /** Null where the retry policy said when. */
  public Duration retryDelay() {
    return span(wire.hasRetryDelay(), wire.getRetryDelay());
  }

  public Map<String, Object> details() {
    return JsonWire.fromValues(wire.getDetails().getFieldsMap());
  }
}
