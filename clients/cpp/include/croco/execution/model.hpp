#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "croco/execution/json.hpp"
#include "croco/execution/words.hpp"

// The nouns of croco/execution/v1/execution.proto as plain values.

namespace croco::execution {

/// A length of time. `30s` and `1500ms` of std::chrono_literals convert to it.
using Duration = std::chrono::microseconds;

/// A moment of the system's clock.
using Moment = std::chrono::sys_time<std::chrono::microseconds>;

using Labels = std::map<std::string, std::string>;

/// A failure, as the worker reported it.
struct ExecutionError {
  std::string message = {};
  std::string code = {};
  std::string stack = {};
  bool retryable = false;
  /// When to repeat it, this once instead of the retry policy.
  std::optional<Duration> retry_delay = {};
  /// Free data, an object.
  Json details = kOmitted;
};

/// How far an attempt is.
struct Progress {
  /// In a unit of the worker's choice.
  double current = 0;
  /// 0 is not known.
  double total = 0;
  std::string message = {};
  /// 0 to 100; when a worker leaves it out the server computes it.
  std::optional<double> percent = {};
  /// Set by the server only.
  int attempt = 0;
  /// Set by the server only.
  std::optional<Moment> updated_at = {};
};

/// One status change. `revision` and `attempt` are the execution's after it.
struct HistoryEntry {
  std::int64_t revision = 0;
  Moment at = {};
  /// None for the creation.
  std::optional<ExecutionStatus> from = {};
  ExecutionStatus to = ExecutionStatus::kUnknown;
  StatusReason reason = StatusReason::kUnknown;
  int attempt = 0;
  /// "server" for a deadline that the server keeps, else the caller where calls carry an identity.
  std::string actor = {};
};

/// When the next attempt comes after a failure that may be repeated. What is absent is as the contract says.
struct RetryPolicy {
  std::optional<Duration> initial_interval = {};
  /// The pause grows by this factor, up to `maximum_interval`.
  std::optional<double> backoff_coefficient = {};
  std::optional<Duration> maximum_interval = {};
  /// 0 to 1: the part of the pause that is random.
  std::optional<double> jitter = {};
  /// Errors with one of these are never repeated.
  std::vector<std::string> non_retryable_codes = {};
  /// Whether attempts that timed out are repeated.
  bool retry_timeouts = false;
};

/// How long a record is kept once it is at rest. Absent is for ever in an answer, and as the server is set in a
/// request.
struct Retention {
  /// Completed or cancelled.
  std::optional<Duration> succeeded = {};
  /// Failed or timed out.
  std::optional<Duration> failed = {};
};

/// A worker's hold on a running execution: until `expires_at`, unless the worker is heard of before.
struct Lease {
  std::string worker_id = {};
  Duration duration = {};
  Moment expires_at = {};
};

/// One unit of work and all that is known about it; execution.proto explains every field.
struct Execution {
  std::string id = {};
  std::string type = {};
  ExecutionStatus status = ExecutionStatus::kUnknown;
  StatusReason status_reason = StatusReason::kUnknown;
  /// Null both where it is JSON null and where none was sent, which `has_payload` tells apart. The basic view has none.
  Json payload = {};
  bool has_payload = false;
  Json result = {};
  bool has_result = false;
  std::optional<ExecutionError> error = {};
  /// How many attempts were started: the number of the newest.
  int attempts = 0;
  int max_attempts = 0;
  std::optional<Moment> created_at = {};
  std::optional<Moment> updated_at = {};
  std::optional<Moment> started_at = {};
  std::optional<Moment> completed_at = {};
  std::optional<Duration> timeout = {};
  std::string idempotency_key = {};
  std::string parent_id = {};
  /// An object.
  Json metadata = Json::object();
  Labels labels = {};
  /// An object: `checkpoints.value("next", 0)` reads one.
  Json checkpoints = Json::object();
  std::map<std::string, int> checkpoint_sizes = {};
  std::optional<Progress> progress = {};
  std::int64_t revision = 0;
  std::vector<HistoryEntry> history = {};
  int status_changes = 0;
  std::string cancellation_reason = {};
  std::optional<Moment> cancellation_requested_at = {};
  std::optional<Moment> cancellation_forced_at = {};
  std::optional<RetryPolicy> retry_policy = {};
  std::optional<Moment> next_attempt_at = {};
  std::optional<Duration> start_timeout = {};
  std::optional<Duration> total_timeout = {};
  std::optional<Retention> retention = {};
  std::optional<Moment> expires_at = {};
  std::optional<Moment> scheduled_at = {};
  int priority = 0;
  std::optional<Lease> lease = {};
  int crashes = 0;
  int max_crashes = 0;
  int refunded_attempts = 0;
  std::string trace_parent = {};
};

/// The answer of Create: the execution, and whether this call (or the one it repeats) created it.
struct CreatedExecution : Execution {
  bool created = false;
};

/// Some of the executions of a list. An empty `next_page_token` means that no more follow.
struct Page {
  std::vector<Execution> executions = {};
  std::string next_page_token = {};
};

/// How many executions match, in all and in each status that the filter allows.
struct Count {
  std::int64_t total = 0;
  std::map<ExecutionStatus, std::int64_t> by_status = {};
};

/// What a watch tells.
struct WatchMessage {
  std::string id = {};
  /// The cursor: a watch with it as `after_revision` goes on from here.
  std::int64_t revision = 0;
  WatchEvent event = WatchEvent::kUnknown;
  /// For kStatusChanged only.
  std::optional<HistoryEntry> change = {};
  /// The execution as of `revision`; none where a later message of the same watch has already overtaken it, and for
  /// kBookmark, kDeleted and kMissing.
  std::optional<Execution> execution = {};
};

/// What a worker has to do. `forced_at` is when the server cancels by itself.
struct Directive {
  std::string id = {};
  int attempt = 0;
  DirectiveKind kind = DirectiveKind::kUnknown;
  std::string reason = {};
  std::optional<Moment> forced_at = {};
};

/// What a server takes.
struct ServerLimits {
  int message_bytes = 0;
  int batch_size = 0;
  int page_size = 0;
  int checkpoints = 0;
  int calls_under_way = 0;
  int watches_per_connection = 0;
  Duration default_deadline = {};
  Duration max_deadline = {};
};

/// What a server is and takes.
struct ServerInfo {
  std::string version = {};
  StoreKind store_kind = StoreKind::kUnknown;
  DurabilityClass durability = DurabilityClass::kUnknown;
  int partitions = 0;
  ServerLimits limits = {};
};

}  // namespace croco::execution
