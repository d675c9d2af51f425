#include "croco/execution/words.hpp"

#include <algorithm>
#include <array>

namespace croco::execution {
namespace {

constexpr std::array<std::string_view, 17> kCodes = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

constexpr std::array<std::string_view, 8> kStatuses = {"unknown", "pending",  "running",   "completed",
                                                       "failed",  "retrying", "timed_out", "cancelled"};

constexpr std::array<std::string_view, 18> kReasons = {"unknown",
                                                       "created",
                                                       "started",
                                                       "succeeded",
                                                       "retryable_failure",
                                                       "non_retryable_failure",
                                                       "attempts_exhausted",
                                                       "attempt_timeout",
                                                       "reported_timeout",
                                                       "cancel_requested",
                                                       "manual_retry",
                                                       "given_up",
                                                       "start_expired",
                                                       "total_timeout",
                                                       "automatic_retry",
                                                       "lease_expired",
                                                       "crashes_exhausted",
                                                       "released"};

constexpr std::array<std::string_view, 6> kEvents = {"unknown", "snapshot", "status_changed",
                                                     "updated", "bookmark", "deleted"};

constexpr std::array<std::string_view, 3> kDirectives = {"unknown", "cancel_requested", "lease_lost"};

constexpr std::array<std::string_view, 5> kStores = {"unknown", "memory", "standalone", "sentinel", "cluster"};

constexpr std::array<std::string_view, 4> kDurabilities = {"unknown", "relaxed", "local", "replicated"};

template <std::size_t Size, class Word>
std::string_view NameIn(const std::array<std::string_view, Size>& names, Word word) {
  const auto number = static_cast<std::size_t>(word);
  return number < Size ? names[number] : "unknown";
}

}  // namespace

std::string_view Name(StatusCode code) {
  return code < 0 || code > StatusCode::UNAUTHENTICATED ? "UNKNOWN" : NameIn(kCodes, code);
}

std::string_view Name(ExecutionStatus status) { return NameIn(kStatuses, status); }

std::string_view Name(StatusReason reason) { return NameIn(kReasons, reason); }

std::string_view Name(WatchEvent event) { return event == WatchEvent::kMissing ? "missing" : NameIn(kEvents, event); }

std::string_view Name(DirectiveKind kind) { return NameIn(kDirectives, kind); }

std::string_view Name(StoreKind kind) { return NameIn(kStores, kind); }

std::string_view Name(DurabilityClass durability) { return NameIn(kDurabilities, durability); }

ExecutionStatus StatusNamed(std::string_view name) {
  const auto found = std::find(kStatuses.begin(), kStatuses.end(), name);
  return found == kStatuses.end() ? ExecutionStatus::kUnknown : static_cast<ExecutionStatus>(found - kStatuses.begin());
}

bool AtRest(ExecutionStatus status) {
  return status == ExecutionStatus::kCompleted || status == ExecutionStatus::kFailed ||
         status == ExecutionStatus::kTimedOut || status == ExecutionStatus::kCancelled;
}

}  // namespace croco::execution
