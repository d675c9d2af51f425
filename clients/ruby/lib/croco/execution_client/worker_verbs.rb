# frozen_string_literal: true

module Croco
  class ExecutionClient
    # The verbs of those who do the work: an attempt's start, its end, what it reports in between, and leases. +attempt+ is
    # the fence: once the service has given the attempt up, nothing of it is taken any more (AttemptFenced).
    module WorkerVerbs
      CLAIM_WAIT = 20
      CLAIM_GRACE = 5

      # Pending or retrying to running: begin an attempt. Answers the full view, so that the work can go on where it stopped.
      def start(id, expected_revision: nil, request_id: nil, deadline: nil)
        request = changing(V1::StartExecutionRequest, id: id, expected_revision: expected_revision, request_id: request_id)
        FromWire.execution(call(:start_execution, request, deadline).execution)
      end

      # Running to completed. +result+ is any JSON value: nil is JSON null; left out, the execution has no result.
      def complete(id, result = OMITTED, progress: nil, checkpoints: nil, deadline: nil, **terms)
        request = changing(V1::CompleteExecutionRequest, id: id, result: ToWire.optional_value(result, "result"),
                                                         **report(progress, checkpoints), **terms)
        FromWire.execution(call(:complete_execution, request, deadline).execution)
      end

      # Running to retrying if +retryable+ and attempts are left, else to failed: that is a status, not an error of this
      # call. +retry_delay+ (seconds) replaces the retry policy this once.
      def fail(id, message, retryable:, code: "", stack: "", retry_delay: nil, details: nil, progress: nil,
               checkpoints: nil, deadline: nil, **terms)
        error = V1::ExecutionError.new(**{
          message: message, code: code, stack: stack, retryable: retryable,
          retry_delay: ToWire.duration(retry_delay, "retry_delay"), details: ToWire.struct(details, "details")
        }.compact)
        request = changing(V1::FailExecutionRequest, id: id, error: error, **report(progress, checkpoints), **terms)
        FromWire.execution(call(:fail_execution, request, deadline).execution)
      end

      # Running to timed out, for callers who know before the server does that the attempt is lost.
      def time_out(id, deadline: nil, **terms)
        FromWire.execution(call(:time_out_execution, changing(V1::TimeOutExecutionRequest, id: id, **terms), deadline).execution)
      end

      # Replace the progress of a running execution. +percent+ left out is computed by the server.
      def update_progress(id, current, total = 0, message: "", percent: nil, deadline: nil, **terms)
        progress = Progress.new(current: current, total: total, message: message, percent: percent)
        request = changing(V1::UpdateProgressRequest, id: id, progress: ToWire.progress(progress), **terms)
        FromWire.execution(call(:update_progress, request, deadline).execution)
      end

      # Keep a JSON value under a key of a running execution, over every failure and retry; nil removes the key.
      def save_checkpoint(id, key, value, **options) = save_checkpoints(id, { key => value }, **options)

      # As +save_checkpoint+, for several keys: all or none.
      def save_checkpoints(id, checkpoints, progress: nil, deadline: nil, **terms)
        request = changing(V1::SaveCheckpointRequest, id: id, **report(progress, checkpoints), **terms)
        FromWire.execution(call(:save_checkpoint, request, deadline).execution)
      end

      # Start executions that are ready, each under a lease, and answer them in full; none if none came within +wait+ (up
      # to 60 s). It is not repeated: what it was given comes back when the lease runs out.
      def claim(worker_id, types, max_executions: 1, lease_duration: nil, wait: CLAIM_WAIT)
        request = V1::ClaimExecutionsRequest.new(**{
          worker_id: worker_id, types: types, max_executions: max_executions, wait: ToWire.duration(wait, "wait"),
          lease_duration: ToWire.duration(lease_duration, "lease_duration")
        }.compact)
        @connection.long do |line|
          response = @calls.call(line.workers, :claim_executions, request, seconds: wait + CLAIM_GRACE, repeat: false)
          response.executions.map { |one| FromWire.execution(one) }
        end
      end

      # Let leases begin anew: +held+ is the attempt that the worker runs of each execution, by its id. Answers what to do
      # about those that are not simply to go on.
      def heartbeat(held, deadline: nil)
        attempts = held.map { |id, attempt| V1::HeldAttempt.new(id: id, attempt: attempt) }
        request = V1::HeartbeatRequest.new(held: attempts)
        @calls.call(@connection.short.workers, :heartbeat, request, seconds: deadline).directives.map do |directive|
          FromWire.directive(directive)
        end
      end

      # Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.
      def release(id, delay: nil, deadline: nil, **terms)
        request = changing(V1::ReleaseExecutionRequest, id: id, delay: ToWire.duration(delay, "delay"), **terms)
        response = @calls.call(@connection.short.workers, :release_execution, request, seconds: deadline)
        FromWire.execution(response.execution)
      end

      private

      def report(progress, checkpoints)
        { progress: ToWire.progress(progress), checkpoints: JsonValues.to_values(checkpoints || {}, "checkpoints") }
      end
    end
  end
end
