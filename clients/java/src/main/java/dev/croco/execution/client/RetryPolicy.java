package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * When the next attempt comes after a failure that may be repeated. What is not set, null here, is as the contract
 * says.
 *
 * <p>The pause grows by the backoff coefficient from the initial to the maximum interval, less a random part of up to
 * the jitter (0 to 1). Errors with one of the non-retryable codes are never repeated; attempts that timed out only if
 * the policy says so.
 */
public final class RetryPolicy extends Noun<dev.croco.execution.v1.RetryPolicy> {
  public RetryPolicy(dev.croco.execution.v1.RetryPolicy message) {
    super(message);
  }

  /** The policy of the contract. */
  public static RetryPolicy usual() {
    return new RetryPolicy(dev.croco.execution.v1.RetryPolicy.getDefaultInstance());
  }

  public RetryPolicy withInitialInterval(Duration interval) {
    return new RetryPolicy(wire.toBuilder().setInitialInterval(Times.toDuration(interval)).build());
  }

  public RetryPolicy withBackoffCoefficient(double coefficient) {
    return new RetryPolicy(wire.toBuilder().setBackoffCoefficient(coefficient).build());
  }

  public RetryPolicy withMaximumInterval(Duration interval) {
    return new RetryPolicy(wire.toBuilder().setMaximumInterval(Times.toDuration(interval)).build());
  }

  public RetryPolicy withJitter(double jitter) {
    return new RetryPolicy(wire.toBuilder().setJitter(jitter).build());
  }

  public RetryPolicy withNonRetryableCodes(Collection<String> codes) {
    return new RetryPolicy(wire.toBuilder().clearNonRetryableCodes().addAllNonRetryableCodes(codes).build());
  }

  public RetryPolicy withRetryTimeouts(boolean retryTimeouts) {
    return new RetryPolicy(wire.toBuilder().setRetryTimeouts(retryTimeouts).build());
  }

  public Duration initialInterval() {
    return span(wire.hasInitialInterval(), wire.getInitialInterval());
  }

  public Double backoffCoefficient() {
    return wire.hasBackoffCoefficient() ? wire.getBackoffCoefficient() : null;
  }

  public Duration maximumInterval() {
    return span(wire.hasMaximumInterval(), wire.getMaximumInterval());
  }

  public Double jitter() {
    return wire.hasJitter() ? wire.getJitter() : null;
  }

  public List<String> nonRetryableCodes() {
    return List.copyOf(wire.getNonRetryableCodesList());
  }

  public boolean retryTimeouts() {
    return wire.getRetryTimeouts();
  }
}
