package dev.croco.execution.driver;

import dev.croco.execution.client.ExecutionError;
import dev.croco.execution.client.NewExecution;
import dev.croco.execution.client.Progress;
import dev.croco.execution.client.Retention;
import dev.croco.execution.client.RetryPolicy;

/** What is made of arguments, to be given to the client. */
final class Made {
  private Made() {}

  static NewExecution creation(Arguments with) {
    NewExecution created = NewExecution.of(with.text("type")).payload(with.json("payload"));
    with.with("max_attempts", with::count, created::maxAttempts);
    with.with("timeout_ms", with::span, created::timeout);
    with.with("start_timeout_ms", with::span, created::startTimeout);
    with.with("total_timeout_ms", with::span, created::totalTimeout);
    with.with("retry_policy", with::part, policy -> created.retryPolicy(policy(policy)));
    with.with("retention", with::part, kept -> created.retention(retention(kept)));
    with.with("scheduled_at_ms", with::moment, created::scheduledAt);
    with.with("priority", with::count, created::priority);
    with.with("max_crashes", with::count, created::maxCrashes);
    with.with("idempotency_key", with::text, created::idempotencyKey);
    with.with("parent_id", with::text, created::parentId);
    with.with("metadata", with::values, created::metadata);
    with.with("labels", with::labels, created::labels);
    with.with("request_id", with::text, created::requestId);
    return created;
  }

  static RetryPolicy policy(Arguments with) {
    RetryPolicy policy =
        RetryPolicy.usual()
            .withNonRetryableCodes(with.texts("non_retryable_codes"))
            .withRetryTimeouts(with.yes("retry_timeouts"));
    if (with.has("initial_interval_ms")) {
      policy = policy.withInitialInterval(with.span("initial_interval_ms"));
    }
    if (with.has("backoff_coefficient")) {
      policy = policy.withBackoffCoefficient(with.number("backoff_coefficient"));
    }
    if (with.has("maximum_interval_ms")) {
      policy = policy.withMaximumInterval(with.span("maximum_interval_ms"));
    }
    return with.has("jitter") ? policy.withJitter(with.number("jitter")) : policy;
  }

  static Retention retention(Arguments with) {
    Retention kept = Retention.usual();
    if (with.has("succeeded_ms")) {
      kept = kept.withSucceeded(with.span("succeeded_ms"));
    }
    return with.has("failed_ms") ? kept.withFailed(with.span("failed_ms")) : kept;
  }

  static ExecutionError error(Arguments with) {
    String message = with.text("message");
    ExecutionError error =
        (with.yes("retryable") ? ExecutionError.retryable(message) : ExecutionError.permanent(message))
            .withCode(with.text("code"))
            .withStack(with.text("stack"));
    if (with.has("retry_delay_ms")) {
      error = error.withRetryDelay(with.span("retry_delay_ms"));
    }
    return with.has("details") ? error.withDetails(with.values("details")) : error;
  }

  static Progress progress(Arguments with) {
    Progress progress = Progress.of(with.number("current"), with.number("total")).withMessage(with.text("message"));
    return with.has("percent") ? progress.withPercent(with.number("percent")) : progress;
  }
}
