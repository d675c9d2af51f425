package dev.croco.execution.driver;

import dev.croco.execution.client.CreatedExecution;
import dev.croco.execution.client.Directive;
import dev.croco.execution.client.Execution;
import dev.croco.execution.client.ExecutionError;
import dev.croco.execution.client.HistoryEntry;
import dev.croco.execution.client.Lease;
import dev.croco.execution.client.Outcome;
import dev.croco.execution.client.Progress;
import dev.croco.execution.client.Retention;
import dev.croco.execution.client.RetryPolicy;
import dev.croco.execution.client.ServerInfo;
import dev.croco.execution.client.WatchMessage;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.client.problems.FieldViolation;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the client answered, as tests/clients/scenario.md writes it. */
final class Answers {
  private Answers() {}

  /** An object of names and values in turn. */
  static Map<String, Object> object(Object... content) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int at = 0; at < content.length; at += 2) {
      object.put((String) content[at], content[at + 1]);
    }
    return object;
  }

  static Map<String, Object> execution(Execution one) {
    if (one == null) {
      return null;
    }
    Map<String, Object> all =
        object(
            "id", one.id(), "type", one.type(), "status", word(one.status()), "status_reason", word(one.statusReason()),
            "payload", one.payload(), "has_payload", one.hasPayload(),
            "result", one.result(), "has_result", one.hasResult(),
            "error", error(one.error()), "attempts", one.attempts(), "max_attempts", one.maxAttempts(),
            "idempotency_key", one.idempotencyKey(), "parent_id", one.parentId(),
            "metadata", one.metadata(), "labels", one.labels(),
            "checkpoints", one.checkpoints(), "checkpoint_sizes", one.checkpointSizes(),
            "progress", progress(one.progress()), "revision", one.revision(),
            "history", one.history().stream().map(Answers::entry).toList(),
            "status_changes", one.statusChanges(), "cancellation_reason", one.cancellationReason(),
            "retry_policy", policy(one.retryPolicy()), "retention", retention(one.retention()),
            "priority", one.priority(), "lease", lease(one.lease()), "crashes", one.crashes(),
            "max_crashes", one.maxCrashes(), "refunded_attempts", one.refundedAttempts(),
            "trace_parent", one.traceParent());
    all.putAll(times(one));
    if (one instanceof CreatedExecution created) {
      all.put("created", created.created());
    }
    return all;
  }

  static Map<String, Object> executions(List<Execution> all) {
    return object("executions", all.stream().map(Answers::execution).toList());
  }

  static Map<String, Object> message(WatchMessage told) {
    return object(
        "id", told.id(), "revision", told.revision(), "event", word(told.event()),
        "change", entry(told.change()), "execution", execution(told.execution()));
  }

  static Map<String, Object> directive(Directive one) {
    return object("id", one.id(), "attempt", one.attempt(), "kind", word(one.kind()), "reason", one.reason());
  }

  static Map<String, Object> outcome(Outcome<?> one) {
    if (one.problem() != null) {
      return object("problem", problem(one.problem()));
    }
    Map<String, Object> execution = execution(one.execution());
    Object created = execution.remove("created");
    return created == null ? object("execution", execution) : object("execution", execution, "created", created);
  }

  static Map<String, Object> server(ServerInfo info) {
    return object(
        "version", info.version(), "store", word(info.storeKind()), "partitions", info.partitions(),
        "durability", word(info.durability()));
  }

  static Map<String, Object> problem(RuntimeException thrown) {
    if (thrown instanceof ExecutionProblem problem) {
      return object(
          "code", problem.code().name(), "reason", problem.reason(), "metadata", problem.metadata(),
          "fields", problem.fieldViolations().stream().map(FieldViolation::field).toList(),
          "type", problem.getClass().getSimpleName(), "message", problem.getMessage());
    }
    String code = thrown instanceof IllegalArgumentException ? "INVALID_ARGUMENT" : "UNKNOWN";
    return object(
        "code", code, "reason", "", "metadata", Map.of(), "fields", List.of(), "local", true,
        "type", thrown.getClass().getSimpleName(), "message", String.valueOf(thrown.getMessage()));
  }

  static String word(Enum<?> one) {
    return one.name().toLowerCase(Locale.ROOT);
  }

  private static Map<String, Object> times(Execution one) {
    return object(
        "created_at", millis(one.createdAt()), "updated_at", millis(one.updatedAt()),
        "started_at", millis(one.startedAt()), "completed_at", millis(one.completedAt()),
        "scheduled_at", millis(one.scheduledAt()), "next_attempt_at", millis(one.nextAttemptAt()),
        "expires_at", millis(one.expiresAt()), "cancellation_requested_at", millis(one.cancellationRequestedAt()),
        "cancellation_forced_at", millis(one.cancellationForcedAt()), "timeout", millis(one.timeout()),
        "start_timeout", millis(one.startTimeout()), "total_timeout", millis(one.totalTimeout()));
  }

  private static Map<String, Object> error(ExecutionError error) {
    return error == null
        ? null
        : object(
            "message", error.message(), "code", error.code(), "stack", error.stack(), "retryable", error.isRetryable(),
            "retry_delay", millis(error.retryDelay()), "details", error.details());
  }

  private static Map<String, Object> progress(Progress progress) {
    return progress == null
        ? null
        : object(
            "current", progress.current(), "total", progress.total(), "message", progress.message(),
            "percent", progress.percent(), "attempt", progress.attempt());
  }

  private static Map<String, Object> entry(HistoryEntry entry) {
    return entry == null
        ? null
        : object(
            "revision", entry.revision(), "at", millis(entry.at()),
            "from", entry.from() == null ? null : word(entry.from()), "to", word(entry.to()),
            "reason", word(entry.reason()), "attempt", entry.attempt(), "actor", entry.actor());
  }

  private static Map<String, Object> policy(RetryPolicy policy) {
    return policy == null
        ? null
        : object(
            "initial_interval", millis(policy.initialInterval()), "backoff_coefficient", policy.backoffCoefficient(),
            "maximum_interval", millis(policy.maximumInterval()), "jitter", policy.jitter(),
            "non_retryable_codes", policy.nonRetryableCodes(), "retry_timeouts", policy.retryTimeouts());
  }

  private static Map<String, Object> retention(Retention kept) {
    return kept == null ? null : object("succeeded", millis(kept.succeeded()), "failed", millis(kept.failed()));
  }

  private static Map<String, Object> lease(Lease lease) {
    return lease == null
        ? null
        : object(
            "worker_id", lease.workerId(), "duration", millis(lease.duration()),
            "expires_at", millis(lease.expiresAt()));
  }

  private static Long millis(Instant moment) {
    return moment == null ? null : moment.toEpochMilli();
  }

  private static Long millis(Duration span) {
    return span == null ? null : span.toMillis();
  }
}
