# frozen_string_literal: true

module Croco
  class ExecutionClient
    # The verbs of those who have work done. Unless they say otherwise they answer the basic view.
    module Owner
      # Create a pending execution and answer it in full, or the one that holds +idempotency_key+; +created+ tells which.
      #
      # +payload+ is any JSON value: nil is JSON null; left out, the execution has no payload. Times are in seconds:
      # +timeout+ of one attempt, +start_timeout+ of waiting for the first, +total_timeout+ of everything.
      #
      # Raises IdempotencyKeyReused if the key belongs to an execution of another type or payload.
      def create(type, payload = OMITTED, deadline: nil, **fields)
        response = call(:create_execution, ToWire.creation(type, payload, **fields), deadline)
        FromWire.execution(response.execution, created: response.created)
      end

      # Create up to 500 executions, many times cheaper than by as many calls. Each of +new+ is a Hash of what +create+
      # takes, +type+ and +payload+ included. In the place of each stands what +create+ would have answered or raised.
      def batch_create(new, view: nil, deadline: nil)
        requests = new.each_with_index.map do |one, at|
          fields = one.except(:type, :payload)
          ToWire.creation(one[:type], one.fetch(:payload, OMITTED), "requests[#{at}].", **fields)
        end
        request = V1::BatchCreateExecutionsRequest.new(requests: requests, view: ToWire.view(view))
        call(:batch_create_executions, request, deadline).outcomes.map do |outcome|
          found_or_problem(outcome, view, deadline) { |found| FromWire.execution(found, created: outcome.created) }
        end
      end

      # Replace those of the six fields that are given; nil clears one.
      def update(id, metadata: OMITTED, labels: OMITTED, max_attempts: OMITTED, timeout: OMITTED, total_timeout: OMITTED,
                 retry_policy: OMITTED, expected_revision: nil, request_id: nil, deadline: nil)
        given = { metadata: metadata, labels: labels, max_attempts: max_attempts, timeout: timeout,
                  total_timeout: total_timeout, retry_policy: retry_policy }.reject { |_, value| value.equal?(OMITTED) }
        request = changing(
          V1::UpdateExecutionRequest, expected_revision: expected_revision, request_id: request_id,
                                      execution: V1::Execution.new(id: id, **new_fields(given)),
                                      update_mask: Google::Protobuf::FieldMask.new(paths: given.keys.map(&:to_s))
        )
        FromWire.execution(call(:update_execution, request, deadline).execution)
      end

      # Remove an execution and its idempotency key; with +force+ even if it is running or retrying.
      def delete(id, force: false, expected_revision: nil, request_id: nil, deadline: nil)
        request = changing(V1::DeleteExecutionRequest, id: id, force: force, expected_revision: expected_revision,
                                                       request_id: request_id)
        call(:delete_execution, request, deadline)
        nil
      end

      # Pending, running or retrying to cancelled. On a cancelled execution it changes nothing: the first reason stays.
      # With +grace_period+ (seconds) what is running gets this long to stop by itself, and is running in the answer.
      def cancel(id, reason = "", grace_period: nil, expected_revision: nil, request_id: nil, deadline: nil)
        request = changing(V1::CancelExecutionRequest, id: id, reason: reason,
                                                       grace_period: ToWire.duration(grace_period, "grace_period"),
                                                       expected_revision: expected_revision, request_id: request_id)
        FromWire.execution(call(:cancel_execution, request, deadline).execution)
      end

      # Failed or timed out to retrying: allow the next +start+. Starts nothing by itself. +additional_attempts+ raises
      # +max_attempts+. Raises MaxRetriesExceeded if no attempts are left.
      def retry(id, additional_attempts: 0, expected_revision: nil, request_id: nil, deadline: nil)
        request = changing(V1::RetryExecutionRequest, id: id, additional_attempts: additional_attempts,
                                                      expected_revision: expected_revision, request_id: request_id)
        FromWire.execution(call(:retry_execution, request, deadline).execution)
      end

      private

      def new_fields(given)
        made = given.compact.to_h do |name, value|
          case name
          when :metadata then [name, ToWire.struct(value, "metadata")]
          when :labels then [name, ToWire.labels(value)]
          when :timeout, :total_timeout then [name, ToWire.duration(value, name.to_s)]
          when :retry_policy then [name, ToWire.retry_policy(value)]
          else [name, value]
          end
        end
        made.compact
      end
    end
  end
end
