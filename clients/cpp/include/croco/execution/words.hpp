#pragma once

#include <grpcpp/support/status_code_enum.h>

#include <string_view>

// The words of the contract. Each enum has kUnknown for what a newer server may say, and Name() writes its words as the
// service's documentation does, such as "timed_out".

namespace croco::execution {

/// gRPC's canonical status codes.
using StatusCode = grpc::StatusCode;

/// Where an execution stands.
enum class ExecutionStatus { kUnknown, kPending, kRunning, kCompleted, kFailed, kRetrying, kTimedOut, kCancelled };

/// Why an execution has the status it has.
enum class StatusReason {
  kUnknown,
  kCreated,
  kStarted,
  kSucceeded,
  kRetryableFailure,
  kNonRetryableFailure,
  kAttemptsExhausted,
  kAttemptTimeout,
  kReportedTimeout,
  kCancelRequested,
  kManualRetry,
  kGivenUp,
  kStartExpired,
  kTotalTimeout,
  kAutomaticRetry,
  kLeaseExpired,
  kCrashesExhausted,
  kReleased,
};

/// How much of an execution an answer carries. Basic is without payload, result, checkpoints, history and the error's
/// stack; kDefault is what the verb says.
enum class View { kDefault, kBasic, kFull };

/// What a message of a watch is about.
enum class WatchEvent {
  kUnknown,
  /// The execution as it is.
  kSnapshot,
  /// One status change, in `change`.
  kStatusChanged,
  /// Anything else changed. Several changes may be one message.
  kUpdated,
  /// Of WatchAll only: the snapshot is complete.
  kBookmark,
  /// Of WatchAll only: the execution was removed.
  kDeleted,
  /// Of WatchAll only, and made by the client: while the connection was lost the execution was deleted, or came to a
  /// status that the watch does not ask for. Its number is none of the contract's.
  kMissing = 1000,
};

/// What a worker has to do about an attempt that it holds.
enum class DirectiveKind {
  kUnknown,
  /// Stop: somebody asked for its cancellation, for the reason given.
  kCancelRequested,
  /// Forget it: it ended for the status reason given. What the worker still writes of it is refused.
  kLeaseLost,
};

/// The kind of store that a server keeps executions in.
enum class StoreKind { kUnknown, kMemory, kStandalone, kSentinel, kCluster };

/// What a change survives once it is acknowledged.
enum class DurabilityClass {
  kUnknown,
  /// The last changes may be lost with the store's process, machine or primary.
  kRelaxed,
  /// It is on the disk of the store's primary.
  kLocal,
  /// And the replicas that may take over have it.
  kReplicated,
};

std::string_view Name(StatusCode code);
std::string_view Name(ExecutionStatus status);
std::string_view Name(StatusReason reason);
std::string_view Name(WatchEvent event);
std::string_view Name(DirectiveKind kind);
std::string_view Name(StoreKind kind);
std::string_view Name(DurabilityClass durability);

/// The status of a name; kUnknown if there is none.
ExecutionStatus StatusNamed(std::string_view name);

/// Whether an execution stays there until somebody retries it; completed and cancelled are final.
bool AtRest(ExecutionStatus status);

}  // namespace croco::execution
