# frozen_string_literal: true

# Everything that a call may raise instead of answering: one class per ErrorReason of error_reason.proto, under the class
# of its code. A reason that a newer server has added is raised as the class of its code, or as a plain ExecutionProblem.
module Croco
  # What is wrong with one field of a request.
  FieldViolation = Struct.new(:field, :description)

  # A call was refused, or has no answer. Branch on the class, never on the message.
  class ExecutionProblem < StandardError
    # The name of the canonical status code, as "NOT_FOUND".
    attr_reader :code
    # The name in ErrorReason without its prefix; empty if the service gave none.
    attr_reader :reason
    # What the service says beside it: a Hash of Strings, explained at each reason in error_reason.proto.
    attr_reader :metadata
    # What is wrong with which field, for INVALID_ARGUMENT: an Array of FieldViolation.
    attr_reader :field_violations
    # When to come back, in seconds, where the service says so; else nil.
    attr_reader :retry_delay

    @by_reason = {}
    @by_code = {}
    class << self
      # The class for what a service answered.
      def for(code, reason)
        ExecutionProblem.by_reason[reason] || ExecutionProblem.by_code[code] || ExecutionProblem
      end

      attr_reader :by_reason, :by_code

      # Attributes that are read from the metadata: name, key, and what to make of the text.
      def detail(name, key, &read)
        read ||= :itself.to_proc
        define_method(name) { read.call(metadata.fetch(key, "")) }
      end
    end

    def initialize(message, code: "UNKNOWN", reason: "", metadata: {}, field_violations: [], retry_delay: nil)
      super(message)
      @code = code
      @reason = reason
      @metadata = metadata
      @field_violations = field_violations
      @retry_delay = retry_delay
    end
  end

  # A field of the request is missing, malformed or outside its limits.
  class InvalidField < ExecutionProblem
    detail(:field, "field")
  end

  # A field of the request is larger than its limit.
  class PayloadTooLarge < InvalidField
    detail(:size_bytes, "sizeBytes", &:to_i)
    detail(:limit_bytes, "limitBytes", &:to_i)
  end

  # The page token was not made by this service, or was made for another filter or order.
  class InvalidPageToken < InvalidField; end

  # There is no such execution, or there is no more. One of the two attributes is empty.
  class ExecutionNotFound < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:idempotency_key, "idempotencyKey")
  end

  # The idempotency key belongs to an execution of another type or payload.
  class IdempotencyKeyReused < ExecutionProblem
    detail(:idempotency_key, "idempotencyKey")
    detail(:execution_id, "executionId")
  end

  # The status does not allow the call. +allowed+ are the statuses that can follow +from+.
  class InvalidStateTransition < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:from, "from", &:to_sym)
    detail(:to, "to", &:to_sym)
    detail(:allowed, "allowed") { |text| text.split(",").map(&:to_sym) }
  end

  # +retry+ found no attempts left; +additional_attempts+ would allow more.
  class MaxRetriesExceeded < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:attempts, "attempts", &:to_i)
    detail(:max_attempts, "maxAttempts", &:to_i)
  end

  # Progress and checkpoints are taken while the execution is running only.
  class ExecutionNotRunning < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:status, "status", &:to_sym)
  end

  # +delete+ without +force+ takes only executions that are pending or at rest.
  class ExecutionActive < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:status, "status", &:to_sym)
  end

  # The caller's attempt is over, so nothing of it is taken: stop working. +cause_of_end+ says how the attempt ended.
  class AttemptFenced < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:attempt, "attempt", &:to_i)
    detail(:current_attempt, "currentAttempt", &:to_i)
    detail(:status, "status", &:to_sym)
    detail(:cause_of_end, "cause")
  end

  # The execution is not at the revision that the caller expects.
  class RevisionMismatch < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:expected_revision, "expectedRevision", &:to_i)
    detail(:revision, "revision", &:to_i)
  end

  # Other callers kept changing the execution until the server gave up. Nothing was changed; call again.
  class Contention < ExecutionProblem
    detail(:execution_id, "executionId")
  end

  # The history does not reach back to the revision to resume after: watch again without +after_revision+.
  class WatchRevisionCompacted < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:after_revision, "afterRevision", &:to_i)
    detail(:oldest_revision, "oldestRevision", &:to_i)
  end

  # A quota of the deployment is used up. +retry_delay+ says when to come back.
  class QuotaExceeded < ExecutionProblem
    detail(:limit, "limit", &:to_i)
  end

  # All watches there may be are taken, or a watch of many executions was not read fast enough.
  class TooManyWatches < ExecutionProblem
    detail(:limit, "limit", &:to_i)
  end

  # The execution would have more checkpoints than it may have. Nothing was saved.
  class TooManyCheckpoints < ExecutionProblem
    detail(:execution_id, "executionId")
    detail(:limit, "limit", &:to_i)
  end

  # No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the same call with
  # the same +request_id+ may be made again.
  class Unavailable < ExecutionProblem; end

  # The service cannot reach its store.
  class StoreUnavailable < Unavailable; end

  # The server is about to stop; another one answers. +revision+ is set for a watch only.
  class ServerDraining < Unavailable
    detail(:revision, "revision", &:to_i)
  end

  # The call carries no credentials and needs some.
  class CredentialsMissing < ExecutionProblem; end

  # The call's credentials are unknown or have expired.
  class CredentialsInvalid < ExecutionProblem; end

  # The caller may not use this method.
  class MethodForbidden < ExecutionProblem
    detail(:forbidden_method, "method")
  end

  # A fault of the service. Its log has the cause under +incident_id+.
  class Unexpected < ExecutionProblem
    detail(:incident_id, "incidentId")
  end

  # No answer came before the call's deadline, be it that the server cannot be reached. See Unavailable.
  class DeadlineExceeded < ExecutionProblem; end

  # The call was ended before its answer came.
  class Cancelled < ExecutionProblem; end

  # The client was closed.
  class ClientClosed < Cancelled; end

  [
    InvalidField, PayloadTooLarge, InvalidPageToken, ExecutionNotFound, IdempotencyKeyReused, InvalidStateTransition,
    MaxRetriesExceeded, ExecutionNotRunning, ExecutionActive, AttemptFenced, RevisionMismatch, Contention,
    WatchRevisionCompacted, QuotaExceeded, TooManyWatches, TooManyCheckpoints, StoreUnavailable, ServerDraining,
    CredentialsMissing, CredentialsInvalid, MethodForbidden, Unexpected
  ].each { |problem| ExecutionProblem.by_reason[problem.name.split("::").last.gsub(/(?<!^)([A-Z])/, '_\1').upcase] = problem }

  ExecutionProblem.by_code.merge!(
    "INVALID_ARGUMENT" => InvalidField, "NOT_FOUND" => ExecutionNotFound, "UNAVAILABLE" => Unavailable,
    "INTERNAL" => Unexpected, "DEADLINE_EXCEEDED" => DeadlineExceeded, "CANCELLED" => Cancelled
  )
end
