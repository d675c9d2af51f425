package dev.croco.execution.client;

import dev.croco.execution.client.internal.JsonWire;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One unit of work and all that is known about it; execution.proto explains every field.
 *
 * <p>What is not there is null, or an empty text, list or map. JSON values are those of {@link Json}, made anew by each
 * call. The basic view carries neither payload, result, checkpoints nor history.
 */
public class Execution extends Noun<dev.croco.execution.v1.Execution> {
  public Execution(dev.croco.execution.v1.Execution message) {
    super(message);
  }

  public final String id() {
    return wire.getId();
  }

  public final String type() {
    return wire.getType();
  }

  public final ExecutionStatus status() {
    return ExecutionStatus.of(wire.getStatus());
  }

  public final StatusReason statusReason() {
    return StatusReason.of(wire.getStatusReason());
  }

  /** The input; null both where it is JSON null and where there is none: {@link #hasPayload} tells the two apart. */
  public final Object payload() {
    return JsonWire.fromValue(wire.getPayload());
  }

  public final boolean hasPayload() {
    return wire.hasPayload();
  }

  /** The output; null both where it is JSON null and where there is none: {@link #hasResult} tells the two apart. */
  public final Object result() {
    return JsonWire.fromValue(wire.getResult());
  }

  public final boolean hasResult() {
    return wire.hasResult();
  }

  public final ExecutionError error() {
    return wire.hasError() ? new ExecutionError(wire.getError()) : null;
  }

  /** How many attempts were started. While it runs this is the number of the attempt. */
  public final int attempts() {
    return wire.getAttempts();
  }

  public final int maxAttempts() {
    return wire.getMaxAttempts();
  }

  public final Instant createdAt() {
    return moment(wire.hasCreatedAt(), wire.getCreatedAt());
  }

  public final Instant updatedAt() {
    return moment(wire.hasUpdatedAt(), wire.getUpdatedAt());
  }

  public final Instant startedAt() {
    return moment(wire.hasStartedAt(), wire.getStartedAt());
  }

  public final Instant completedAt() {
    return moment(wire.hasCompletedAt(), wire.getCompletedAt());
  }

  public final Instant scheduledAt() {
    return moment(wire.hasScheduledAt(), wire.getScheduledAt());
  }

  public final Instant nextAttemptAt() {
    return moment(wire.hasNextAttemptAt(), wire.getNextAttemptAt());
  }

  public final Instant expiresAt() {
    return moment(wire.hasExpiresAt(), wire.getExpiresAt());
  }

  public final Instant cancellationRequestedAt() {
    return moment(wire.hasCancellationRequestedAt(), wire.getCancellationRequestedAt());
  }

  public final Instant cancellationForcedAt() {
    return moment(wire.hasCancellationForcedAt(), wire.getCancellationForcedAt());
  }

  public final Duration timeout() {
    return span(wire.hasTimeout(), wire.getTimeout());
  }

  public final Duration startTimeout() {
    return span(wire.hasStartTimeout(), wire.getStartTimeout());
  }

  public final Duration totalTimeout() {
    return span(wire.hasTotalTimeout(), wire.getTotalTimeout());
  }

  public final RetryPolicy retryPolicy() {
    return wire.hasRetryPolicy() ? new RetryPolicy(wire.getRetryPolicy()) : null;
  }

  public final Retention retention() {
    return wire.hasRetention() ? new Retention(wire.getRetention()) : null;
  }

  public final String idempotencyKey() {
    return wire.getIdempotencyKey();
  }

  public final String parentId() {
    return wire.getParentId();
  }

  public final Map<String, Object> metadata() {
    return JsonWire.fromValues(wire.getMetadata().getFieldsMap());
  }

  public final Map<String, String> labels() {
    return wire.getLabelsMap();
  }

  public final Map<String, Object> checkpoints() {
    return JsonWire.fromValues(wire.getCheckpointsMap());
  }

  public final Map<String, Integer> checkpointSizes() {
    return wire.getCheckpointSizesMap();
  }

  public final Progress progress() {
    return wire.hasProgress() ? new Progress(wire.getProgress()) : null;
  }

  public final long revision() {
    return wire.getRevision();
  }

  public final List<HistoryEntry> history() {
    return all(wire.getHistoryList(), HistoryEntry::new);
  }

  public final int statusChanges() {
    return wire.getStatusChanges();
  }

  public final String cancellationReason() {
    return wire.getCancellationReason();
  }

  public final int priority() {
    return wire.getPriority();
  }

  public final Lease lease() {
    return wire.hasLease() ? new Lease(wire.getLease()) : null;
  }

  public final int crashes() {
    return wire.getCrashes();
  }

  public final int maxCrashes() {
    return wire.getMaxCrashes();
  }

  public final int refundedAttempts() {
    return wire.getRefundedAttempts();
  }

  public final String traceParent() {
    return wire.getTraceParent();
  }

  /** In short, and without the payload. */
  @Override
  public final String toString() {
    return "Execution(" + id() + ", " + type() + ", " + status() + ", revision " + revision() + ")";
  }
}
