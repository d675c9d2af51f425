#pragma once

#include "croco/execution/problem.hpp"

// Everything that a call may throw instead of answering: one class per `ErrorReason` of error_reason.proto.
//
//   ExecutionProblem
//   ├── InvalidField             INVALID_ARGUMENT
//   │   ├── PayloadTooLarge
//   │   └── InvalidPageToken
//   ├── ExecutionNotFound        NOT_FOUND
//   ├── IdempotencyKeyReused     ALREADY_EXISTS
//   ├── InvalidStateTransition   FAILED_PRECONDITION
//   ├── MaxRetriesExceeded
//   ├── ExecutionNotRunning
//   ├── ExecutionActive
//   ├── AttemptFenced            ABORTED
//   ├── RevisionMismatch
//   ├── Contention
//   ├── WatchRevisionCompacted   OUT_OF_RANGE
//   ├── QuotaExceeded            RESOURCE_EXHAUSTED
//   ├── TooManyWatches
//   ├── TooManyCheckpoints
//   ├── Unavailable              UNAVAILABLE           also of the connection itself
//   │   ├── StoreUnavailable
//   │   └── ServerDraining
//   ├── CredentialsMissing       UNAUTHENTICATED
//   ├── CredentialsInvalid
//   ├── MethodForbidden          PERMISSION_DENIED
//   ├── Unexpected               INTERNAL
//   ├── DeadlineExceeded         DEADLINE_EXCEEDED     no reason: made by gRPC
//   └── Cancelled                CANCELLED             no reason: made by gRPC
//       └── ClientClosed                               made by this client
//
// A reason that a newer server has added is thrown as the class of its code, or as a plain ExecutionProblem. The typed
// functions read the metadata of the reason's example in error_reason.proto. What cannot be sent at all is a
// std::invalid_argument.

namespace croco::execution {

/// A class of problems below another.
template <class Self, class Parent = ExecutionProblem>
class ProblemKind : public Parent {
 public:
  using Parent::Parent;
  std::shared_ptr<const ExecutionProblem> Copy() const override {
    return std::make_shared<const Self>(static_cast<const Self&>(*this));
  }

 private:
  void Throw() const override { throw static_cast<const Self&>(*this); }
};

/// A field of the request is missing, malformed or outside its limits.
class InvalidField : public ProblemKind<InvalidField> {
 public:
  using ProblemKind::ProblemKind;
  std::string field() const { return Text("field"); }
};

/// A field of the request is larger than its limit.
class PayloadTooLarge : public ProblemKind<PayloadTooLarge, InvalidField> {
 public:
  using ProblemKind::ProblemKind;
  std::int64_t size_bytes() const { return Number("sizeBytes"); }
  std::int64_t limit_bytes() const { return Number("limitBytes"); }
};

/// The page token was not made by this service, or was made for another filter or order.
class InvalidPageToken : public ProblemKind<InvalidPageToken, InvalidField> {
 public:
  using ProblemKind::ProblemKind;
};

/// There is no such execution, or there is no more. One of the two is empty.
class ExecutionNotFound : public ProblemKind<ExecutionNotFound> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::string idempotency_key() const { return Text("idempotencyKey"); }
};

/// The idempotency key belongs to an execution of another type or payload: `execution_id()`.
class IdempotencyKeyReused : public ProblemKind<IdempotencyKeyReused> {
 public:
  using ProblemKind::ProblemKind;
  std::string idempotency_key() const { return Text("idempotencyKey"); }
  std::string execution_id() const { return Text("executionId"); }
};

/// The status does not allow the call. `allowed()` are the statuses that can follow `from()`.
class InvalidStateTransition : public ProblemKind<InvalidStateTransition> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  ExecutionStatus from() const { return Status("from"); }
  ExecutionStatus to() const { return Status("to"); }
  std::vector<ExecutionStatus> allowed() const { return Statuses("allowed"); }
};

/// Retry found no attempts left; `additional_attempts` would allow more.
class MaxRetriesExceeded : public ProblemKind<MaxRetriesExceeded> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::int64_t attempts() const { return Number("attempts"); }
  std::int64_t max_attempts() const { return Number("maxAttempts"); }
};

/// Progress and checkpoints are taken while the execution is running only.
class ExecutionNotRunning : public ProblemKind<ExecutionNotRunning> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  ExecutionStatus status() const { return Status("status"); }
};

/// Delete without `force` takes only executions that are pending or at rest.
class ExecutionActive : public ProblemKind<ExecutionActive> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  ExecutionStatus status() const { return Status("status"); }
};

/// The caller's attempt is over, so nothing of it is taken: stop working. `cause()` says how the attempt ended.
class AttemptFenced : public ProblemKind<AttemptFenced> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::int64_t attempt() const { return Number("attempt"); }
  std::int64_t current_attempt() const { return Number("currentAttempt"); }
  ExecutionStatus status() const { return Status("status"); }
  std::string cause() const { return Text("cause"); }
};

/// The execution is not at the revision that the caller expects.
class RevisionMismatch : public ProblemKind<RevisionMismatch> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::int64_t expected_revision() const { return Number("expectedRevision"); }
  std::int64_t revision() const { return Number("revision"); }
};

/// Other callers kept changing the execution until the server gave up. Nothing was changed; call again.
class Contention : public ProblemKind<Contention> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
};

/// The history does not reach back to the revision to resume after: watch again without `after_revision`.
class WatchRevisionCompacted : public ProblemKind<WatchRevisionCompacted> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::int64_t after_revision() const { return Number("afterRevision"); }
  std::int64_t oldest_revision() const { return Number("oldestRevision"); }
};

/// A quota of the deployment is used up. `retry_delay()` says when to come back.
class QuotaExceeded : public ProblemKind<QuotaExceeded> {
 public:
  using ProblemKind::ProblemKind;
  std::int64_t limit() const { return Number("limit"); }
};

/// All watches there may be are taken, or a watch of many executions was not read fast enough.
class TooManyWatches : public ProblemKind<TooManyWatches> {
 public:
  using ProblemKind::ProblemKind;
  std::int64_t limit() const { return Number("limit"); }
};

/// The execution would have more checkpoints than it may have. Nothing was saved.
class TooManyCheckpoints : public ProblemKind<TooManyCheckpoints> {
 public:
  using ProblemKind::ProblemKind;
  std::string execution_id() const { return Text("executionId"); }
  std::int64_t limit() const { return Number("limit"); }
};

/// No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the same call
/// with the same `request_id` may be made again.
class Unavailable : public ProblemKind<Unavailable> {
 public:
  using ProblemKind::ProblemKind;
};

/// The service cannot reach its store.
class StoreUnavailable : public ProblemKind<StoreUnavailable, Unavailable> {
 public:
  using ProblemKind::ProblemKind;
};

/// The server is about to stop; another one answers. `revision()` is set for a watch only.
class ServerDraining : public ProblemKind<ServerDraining, Unavailable> {
 public:
  using ProblemKind::ProblemKind;
  std::int64_t revision() const { return Number("revision"); }
};

/// The call carries no credentials and needs some.
class CredentialsMissing : public ProblemKind<CredentialsMissing> {
 public:
  using ProblemKind::ProblemKind;
};

/// The call's credentials are unknown or have expired.
class CredentialsInvalid : public ProblemKind<CredentialsInvalid> {
 public:
  using ProblemKind::ProblemKind;
};

/// The caller may not use this method.
class MethodForbidden : public ProblemKind<MethodForbidden> {
 public:
  using ProblemKind::ProblemKind;
  std::string method() const { return Text("method"); }
};

/// A fault of the service. Its log has the cause under `incident_id()`.
class Unexpected : public ProblemKind<Unexpected> {
 public:
  using ProblemKind::ProblemKind;
  std::string incident_id() const { return Text("incidentId"); }
};

/// No answer came before the call's deadline, be it that the server cannot be reached. See Unavailable.
class DeadlineExceeded : public ProblemKind<DeadlineExceeded> {
 public:
  using ProblemKind::ProblemKind;
};

/// The call was ended before its answer came.
class Cancelled : public ProblemKind<Cancelled> {
 public:
  using ProblemKind::ProblemKind;
};

/// The client was closed.
class ClientClosed : public ProblemKind<ClientClosed, Cancelled> {
 public:
  using ProblemKind::ProblemKind;
};

}  // namespace croco::execution
