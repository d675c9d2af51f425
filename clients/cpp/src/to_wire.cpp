#include "to_wire.hpp"

#include <iomanip>
#include <random>
#include <sstream>
#include <stdexcept>

#include "json_wire.hpp"

namespace croco::execution {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

std::string RandomUuid() {
  std::random_device random;  // No generator whose state a fork would copy.
  const auto bits = [&random](unsigned mask, unsigned set) { return (random() & mask) | set; };
  std::ostringstream text;
  text << std::hex << std::setfill('0') << std::setw(8) << random() << '-' << std::setw(4) << bits(0xFFFF, 0) << '-'
       << bits(0x0FFF, 0x4000) << '-' << bits(0x3FFF, 0x8000) << '-' << std::setw(4) << bits(0xFFFF, 0) << std::setw(8)
       << random();
  return text.str();
}

void LabelsToWire(const Labels& labels, const std::string& path,
                  google::protobuf::Map<std::string, std::string>* message) {
  for (const auto& [key, value] : labels) {
    (*message)[TextToWire(key, "A key of " + path)] = TextToWire(value, path + "." + key);
  }
}

void RetryPolicyToWire(const RetryPolicy& policy, const std::string& path, v1::RetryPolicy* message) {
  if (policy.initial_interval) ToWire(*policy.initial_interval, message->mutable_initial_interval());
  if (policy.backoff_coefficient) message->set_backoff_coefficient(*policy.backoff_coefficient);
  if (policy.maximum_interval) ToWire(*policy.maximum_interval, message->mutable_maximum_interval());
  if (policy.jitter) message->set_jitter(*policy.jitter);
  for (const std::string& code : policy.non_retryable_codes) {
    message->add_non_retryable_codes(TextToWire(code, path + ".non_retryable_codes"));
  }
  message->set_retry_timeouts(policy.retry_timeouts);
}

void RetentionToWire(const Retention& retention, v1::Retention* message) {
  if (retention.succeeded) ToWire(*retention.succeeded, message->mutable_succeeded());
  if (retention.failed) ToWire(*retention.failed, message->mutable_failed());
}

}  // namespace

std::string ToRequestId(const std::string& request_id) {
  return request_id.empty() ? RandomUuid() : TextToWire(request_id, "request_id");
}

void ToWire(Duration span, google::protobuf::Duration* duration) {
  duration->set_seconds(span.count() / kMicros);
  duration->set_nanos(static_cast<std::int32_t>(span.count() % kMicros * 1000));
}

void ToWire(Moment moment, google::protobuf::Timestamp* timestamp) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(moment);
  timestamp->set_seconds(seconds.time_since_epoch().count());
  timestamp->set_nanos(static_cast<std::int32_t>((moment - seconds).count() * 1000));
}

void ToWire(const NewExecution& execution, v1::CreateExecutionRequest* request, const std::string& at) {
  request->set_type(TextToWire(execution.type, at + "type"));
  if (!execution.payload.is_discarded()) ToWire(execution.payload, at + "payload", request->mutable_payload());
  if (execution.max_attempts) request->set_max_attempts(*execution.max_attempts);
  if (execution.timeout) ToWire(*execution.timeout, request->mutable_timeout());
  if (execution.start_timeout) ToWire(*execution.start_timeout, request->mutable_start_timeout());
  if (execution.total_timeout) ToWire(*execution.total_timeout, request->mutable_total_timeout());
  if (execution.retry_policy)
    RetryPolicyToWire(*execution.retry_policy, at + "retry_policy", request->mutable_retry_policy());
  if (execution.retention) RetentionToWire(*execution.retention, request->mutable_retention());
  if (execution.scheduled_at) ToWire(*execution.scheduled_at, request->mutable_scheduled_at());
  if (execution.priority) request->set_priority(*execution.priority);
  if (execution.max_crashes) request->set_max_crashes(*execution.max_crashes);
  request->set_idempotency_key(TextToWire(execution.idempotency_key, at + "idempotency_key"));
  request->set_parent_id(TextToWire(execution.parent_id, at + "parent_id"));
  if (!execution.metadata.is_discarded()) ToWire(execution.metadata, at + "metadata", request->mutable_metadata());
  LabelsToWire(execution.labels, at + "labels", request->mutable_labels());
  request->set_request_id(ToRequestId(execution.request_id));
}

void ToWire(const Changes& changes, v1::UpdateExecutionRequest* request) {
  v1::Execution* execution = request->mutable_execution();
  const auto given = [request](const char* field) { request->mutable_update_mask()->add_paths(field); };
  if (!changes.metadata.is_discarded()) {
    given("metadata");
    if (!changes.metadata.is_null()) ToWire(changes.metadata, "metadata", execution->mutable_metadata());
  }
  if (changes.labels) {
    given("labels");
    LabelsToWire(*changes.labels, "labels", execution->mutable_labels());
  }
  if (changes.max_attempts) {
    given("max_attempts");
    execution->set_max_attempts(*changes.max_attempts);
  }
  if (changes.timeout.index() != 0) given("timeout");
  if (const auto* span = std::get_if<Duration>(&changes.timeout)) ToWire(*span, execution->mutable_timeout());
  if (changes.total_timeout.index() != 0) given("total_timeout");
  if (const auto* span = std::get_if<Duration>(&changes.total_timeout))
    ToWire(*span, execution->mutable_total_timeout());
  if (changes.retry_policy.index() != 0) given("retry_policy");
  if (const auto* policy = std::get_if<RetryPolicy>(&changes.retry_policy)) {
    RetryPolicyToWire(*policy, "retry_policy", execution->mutable_retry_policy());
  }
}

void ToWire(const ExecutionError& error, v1::ExecutionError* message) {
  message->set_message(TextToWire(error.message, "error.message"));
  message->set_code(TextToWire(error.code, "error.code"));
  message->set_stack(TextToWire(error.stack, "error.stack"));
  message->set_retryable(error.retryable);
  if (error.retry_delay) ToWire(*error.retry_delay, message->mutable_retry_delay());
  if (!error.details.is_discarded()) ToWire(error.details, "details", message->mutable_details());
}

void ToWire(const Progress& progress, v1::Progress* message) {
  message->set_current(progress.current);
  message->set_total(progress.total);
  message->set_message(TextToWire(progress.message, "progress.message"));
  if (progress.percent) message->set_percent(*progress.percent);
}

void ToWire(const Filter& filter, v1::ExecutionFilter* message) {
  for (const ExecutionStatus status : filter.statuses) {
    if (Name(status) == "unknown") {
      throw std::invalid_argument("No executions can be asked for by an unknown status.");
    }
    message->add_statuses(static_cast<v1::ExecutionStatus>(status));
  }
  for (const std::string& type : filter.types) message->add_types(TextToWire(type, "types"));
  message->set_parent_id(TextToWire(filter.parent_id, "parent_id"));
  if (filter.created_from) ToWire(*filter.created_from, message->mutable_created_from());
  if (filter.created_before) ToWire(*filter.created_before, message->mutable_created_before());
}

v1::ExecutionView ToWire(View view) { return static_cast<v1::ExecutionView>(view); }

}  // namespace croco::execution
