#include "from_wire.hpp"

#include "json_wire.hpp"

namespace croco::execution {
namespace {

/// The words here have the numbers of the contract, up to `last`.
template <class Word, class Number>
Word Known(Number number, Word last) {
  return number < 0 || static_cast<int>(number) > static_cast<int>(last) ? Word::kUnknown : static_cast<Word>(number);
}

Moment ToMoment(const google::protobuf::Timestamp& timestamp) {
  return Moment(std::chrono::seconds(timestamp.seconds()) + std::chrono::microseconds(timestamp.nanos() / 1000));
}

std::optional<Moment> If(bool there, const google::protobuf::Timestamp& timestamp) {
  return there ? std::optional(ToMoment(timestamp)) : std::nullopt;
}

std::optional<Duration> If(bool there, const google::protobuf::Duration& duration) {
  return there ? std::optional(FromWire(duration)) : std::nullopt;
}

std::optional<double> If(bool there, double number) { return there ? std::optional(number) : std::nullopt; }

ExecutionError ToError(const v1::ExecutionError& message) {
  return {.message = message.message(),
          .code = message.code(),
          .stack = message.stack(),
          .retryable = message.retryable(),
          .retry_delay = If(message.has_retry_delay(), message.retry_delay()),
          .details = FromWire(message.details())};
}

Progress ToProgress(const v1::Progress& message) {
  return {.current = message.current(),
          .total = message.total(),
          .message = message.message(),
          .percent = If(message.has_percent(), message.percent()),
          .attempt = message.attempt(),
          .updated_at = If(message.has_updated_at(), message.updated_at())};
}

RetryPolicy ToRetryPolicy(const v1::RetryPolicy& message) {
  return {.initial_interval = If(message.has_initial_interval(), message.initial_interval()),
          .backoff_coefficient = If(message.has_backoff_coefficient(), message.backoff_coefficient()),
          .maximum_interval = If(message.has_maximum_interval(), message.maximum_interval()),
          .jitter = If(message.has_jitter(), message.jitter()),
          .non_retryable_codes = {message.non_retryable_codes().begin(), message.non_retryable_codes().end()},
          .retry_timeouts = message.retry_timeouts()};
}

Retention ToRetention(const v1::Retention& message) {
  return {.succeeded = If(message.has_succeeded(), message.succeeded()),
          .failed = If(message.has_failed(), message.failed())};
}

Lease ToLease(const v1::Lease& message) {
  return {.worker_id = message.worker_id(),
          .duration = FromWire(message.duration()),
          .expires_at = ToMoment(message.expires_at())};
}

void FillMoments(const v1::Execution& message, Execution* execution) {
  execution->created_at = If(message.has_created_at(), message.created_at());
  execution->updated_at = If(message.has_updated_at(), message.updated_at());
  execution->started_at = If(message.has_started_at(), message.started_at());
  execution->completed_at = If(message.has_completed_at(), message.completed_at());
  execution->next_attempt_at = If(message.has_next_attempt_at(), message.next_attempt_at());
  execution->scheduled_at = If(message.has_scheduled_at(), message.scheduled_at());
  execution->expires_at = If(message.has_expires_at(), message.expires_at());
  execution->cancellation_requested_at =
      If(message.has_cancellation_requested_at(), message.cancellation_requested_at());
  execution->cancellation_forced_at = If(message.has_cancellation_forced_at(), message.cancellation_forced_at());
}

void FillTerms(const v1::Execution& message, Execution* execution) {
  execution->max_attempts = message.max_attempts();
  execution->timeout = If(message.has_timeout(), message.timeout());
  execution->start_timeout = If(message.has_start_timeout(), message.start_timeout());
  execution->total_timeout = If(message.has_total_timeout(), message.total_timeout());
  if (message.has_retry_policy()) execution->retry_policy = ToRetryPolicy(message.retry_policy());
  if (message.has_retention()) execution->retention = ToRetention(message.retention());
  execution->priority = message.priority();
  execution->max_crashes = message.max_crashes();
  execution->idempotency_key = message.idempotency_key();
  execution->parent_id = message.parent_id();
  execution->metadata = FromWire(message.metadata());
  execution->labels = {message.labels().begin(), message.labels().end()};
  execution->trace_parent = message.trace_parent();
}

void FillData(const v1::Execution& message, Execution* execution) {
  execution->has_payload = message.has_payload();
  if (message.has_payload()) execution->payload = FromWire(message.payload());
  execution->has_result = message.has_result();
  if (message.has_result()) execution->result = FromWire(message.result());
  if (message.has_error()) execution->error = ToError(message.error());
  if (message.has_progress()) execution->progress = ToProgress(message.progress());
  for (const auto& [key, value] : message.checkpoints()) execution->checkpoints[key] = FromWire(value);
  execution->checkpoint_sizes = {message.checkpoint_sizes().begin(), message.checkpoint_sizes().end()};
  execution->history.reserve(message.history_size());
  for (const auto& entry : message.history()) execution->history.push_back(FromWire(entry));
}

void FillStanding(const v1::Execution& message, Execution* execution) {
  execution->id = message.id();
  execution->type = message.type();
  execution->status = FromWire(message.status());
  execution->status_reason = Known(message.status_reason(), StatusReason::kReleased);
  execution->attempts = message.attempts();
  execution->revision = message.revision();
  execution->status_changes = message.status_changes();
  execution->cancellation_reason = message.cancellation_reason();
  if (message.has_lease()) execution->lease = ToLease(message.lease());
  execution->crashes = message.crashes();
  execution->refunded_attempts = message.refunded_attempts();
}

void Fill(const v1::Execution& message, Execution* execution) {
  FillStanding(message, execution);
  FillTerms(message, execution);
  FillMoments(message, execution);
  FillData(message, execution);
}

}  // namespace

Execution FromWire(const v1::Execution& message) {
  Execution execution;
  Fill(message, &execution);
  return execution;
}

CreatedExecution FromWire(const v1::Execution& message, bool created) {
  CreatedExecution execution;
  Fill(message, &execution);
  execution.created = created;
  return execution;
}

ExecutionStatus FromWire(v1::ExecutionStatus status) { return Known(status, ExecutionStatus::kCancelled); }

WatchEvent FromWire(v1::WatchEvent event) { return Known(event, WatchEvent::kDeleted); }

HistoryEntry FromWire(const v1::HistoryEntry& message) {
  HistoryEntry entry{.revision = message.revision(),
                     .at = ToMoment(message.at()),
                     .to = FromWire(message.to()),
                     .reason = Known(message.reason(), StatusReason::kReleased),
                     .attempt = message.attempt(),
                     .actor = message.actor()};
  if (message.from() != v1::EXECUTION_STATUS_UNSPECIFIED) entry.from = FromWire(message.from());
  return entry;
}

Directive FromWire(const v1::WorkDirective& message) {
  Directive directive{.id = message.id(), .attempt = message.attempt()};
  if (message.has_cancel_requested()) {
    const v1::CancelRequested& asked = message.cancel_requested();
    directive.kind = DirectiveKind::kCancelRequested;
    directive.reason = asked.reason();
    directive.forced_at = If(asked.has_forced_at(), asked.forced_at());
  } else if (message.has_lease_lost()) {
    directive.kind = DirectiveKind::kLeaseLost;
    directive.reason = message.lease_lost().cause();
  }
  return directive;
}

ServerInfo FromWire(const v1::GetServerInfoResponse& message) {
  const v1::ServerLimits& limits = message.limits();
  return {.version = message.version(),
          .store_kind = Known(message.store_kind(), StoreKind::kCluster),
          .durability = Known(message.durability(), DurabilityClass::kReplicated),
          .partitions = message.partitions(),
          .limits = {.message_bytes = limits.message_bytes(),
                     .batch_size = limits.batch_size(),
                     .page_size = limits.page_size(),
                     .checkpoints = limits.checkpoints(),
                     .calls_under_way = limits.calls_under_way(),
                     .watches_per_connection = limits.watches_per_connection(),
                     .default_deadline = FromWire(limits.default_deadline()),
                     .max_deadline = FromWire(limits.max_deadline())}};
}

Duration FromWire(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::microseconds(duration.nanos() / 1000);
}

Count FromWire(const v1::CountExecutionsResponse& message) {
  Count count{.total = message.count()};
  for (const auto& entry : message.by_status()) count.by_status[FromWire(entry.status())] += entry.count();
  return count;
}

}  // namespace croco::execution
