#include "to_words.hpp"

#include <cxxabi.h>

#include <typeinfo>

namespace driver {
namespace {

using std::chrono::milliseconds;

Json Word(execution::Duration span) { return std::chrono::round<milliseconds>(span).count(); }

Json Word(execution::Moment moment) { return Word(moment.time_since_epoch()); }

Json Word(double number) { return number; }

Json Word(execution::ExecutionStatus status) { return std::string(Name(status)); }

Json Word(const execution::HistoryEntry& entry);

Json Word(const execution::ExecutionError& error);

Json Word(const execution::Progress& progress);

Json Word(const execution::RetryPolicy& policy);

Json Word(const execution::Retention& retention);

Json Word(const execution::Lease& lease);

Json Word(const execution::Execution& execution) { return FromExecution(execution); }

template <class T>
Json Word(const std::optional<T>& value) {
  return value ? Word(*value) : Json(nullptr);
}

Json Word(const execution::HistoryEntry& entry) {
  return {{"revision", entry.revision}, {"at", Word(entry.at)},         {"from", Word(entry.from)},
          {"to", Name(entry.to)},       {"reason", Name(entry.reason)}, {"attempt", entry.attempt},
          {"actor", entry.actor}};
}

Json Word(const execution::ExecutionError& error) {
  return {{"message", error.message},     {"code", error.code},       {"stack", error.stack},
          {"retryable", error.retryable}, {"details", error.details}, {"retry_delay", Word(error.retry_delay)}};
}

Json Word(const execution::Progress& progress) {
  return {{"current", progress.current}, {"total", progress.total},
          {"message", progress.message}, {"percent", Word(progress.percent)},
          {"attempt", progress.attempt}, {"updated_at", Word(progress.updated_at)}};
}

Json Word(const execution::RetryPolicy& policy) {
  return {
      {"initial_interval", Word(policy.initial_interval)}, {"backoff_coefficient", Word(policy.backoff_coefficient)},
      {"maximum_interval", Word(policy.maximum_interval)}, {"jitter", Word(policy.jitter)},
      {"non_retryable_codes", policy.non_retryable_codes}, {"retry_timeouts", policy.retry_timeouts}};
}

Json Word(const execution::Retention& retention) {
  return {{"succeeded", Word(retention.succeeded)}, {"failed", Word(retention.failed)}};
}

Json Word(const execution::Lease& lease) {
  return {{"worker_id", lease.worker_id}, {"duration", Word(lease.duration)}, {"expires_at", Word(lease.expires_at)}};
}

std::string ClassOf(const std::exception& problem) {
  int failed = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(typeid(problem).name(), nullptr, nullptr, &failed), std::free);
  const std::string whole = failed == 0 ? name.get() : typeid(problem).name();
  return whole.substr(whole.rfind(':') + 1);
}

}  // namespace

Json FromExecution(const execution::Execution& execution) {
  Json history = Json::array();
  for (const auto& entry : execution.history) history.push_back(Word(entry));
  return {{"id", execution.id},
          {"type", execution.type},
          {"status", Name(execution.status)},
          {"status_reason", Name(execution.status_reason)},
          {"payload", execution.payload},
          {"has_payload", execution.has_payload},
          {"result", execution.result},
          {"has_result", execution.has_result},
          {"error", Word(execution.error)},
          {"attempts", execution.attempts},
          {"max_attempts", execution.max_attempts},
          {"created_at", Word(execution.created_at)},
          {"updated_at", Word(execution.updated_at)},
          {"started_at", Word(execution.started_at)},
          {"completed_at", Word(execution.completed_at)},
          {"timeout", Word(execution.timeout)},
          {"idempotency_key", execution.idempotency_key},
          {"parent_id", execution.parent_id},
          {"metadata", execution.metadata},
          {"labels", execution.labels},
          {"checkpoints", execution.checkpoints},
          {"checkpoint_sizes", execution.checkpoint_sizes},
          {"progress", Word(execution.progress)},
          {"revision", execution.revision},
          {"history", std::move(history)},
          {"status_changes", execution.status_changes},
          {"cancellation_reason", execution.cancellation_reason},
          {"cancellation_requested_at", Word(execution.cancellation_requested_at)},
          {"cancellation_forced_at", Word(execution.cancellation_forced_at)},
          {"retry_policy", Word(execution.retry_policy)},
          {"next_attempt_at", Word(execution.next_attempt_at)},
          {"start_timeout", Word(execution.start_timeout)},
          {"total_timeout", Word(execution.total_timeout)},
          {"retention", Word(execution.retention)},
          {"expires_at", Word(execution.expires_at)},
          {"scheduled_at", Word(execution.scheduled_at)},
          {"priority", execution.priority},
          {"lease", Word(execution.lease)},
          {"crashes", execution.crashes},
          {"max_crashes", execution.max_crashes},
          {"refunded_attempts", execution.refunded_attempts},
          {"trace_parent", execution.trace_parent}};
}

Json FromCreated(const execution::CreatedExecution& execution) {
  Json words = FromExecution(execution);
  words["created"] = execution.created;
  return words;
}

Json FromExecutions(const std::vector<execution::Execution>& executions) {
  Json list = Json::array();
  for (const auto& one : executions) list.push_back(FromExecution(one));
  return list;
}

Json FromMessage(const execution::WatchMessage& message) {
  return {{"id", message.id},
          {"revision", message.revision},
          {"event", Name(message.event)},
          {"change", Word(message.change)},
          {"execution", Word(message.execution)}};
}

Json FromProblem(const std::exception& problem) {
  Json words{{"code", "UNKNOWN"},          {"reason", ""},
             {"metadata", Json::object()}, {"fields", Json::array()},
             {"type", ClassOf(problem)},   {"message", problem.what()}};
  if (const auto* refused = dynamic_cast<const execution::ExecutionProblem*>(&problem)) {
    words["code"] = execution::Name(refused->code());
    words["reason"] = refused->reason();
    words["metadata"] = refused->metadata();
    for (const auto& violation : refused->field_violations()) words["fields"].push_back(violation.field);
  } else if (dynamic_cast<const std::invalid_argument*>(&problem) != nullptr) {
    words["code"] = "INVALID_ARGUMENT";
    words["local"] = true;
  }
  return words;
}

}  // namespace driver
