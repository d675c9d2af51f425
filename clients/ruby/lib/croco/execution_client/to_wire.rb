# frozen_string_literal: true

require "securerandom"

module Croco
  class ExecutionClient
    # From arguments to the messages of the contract. What is nil is left out.
    module ToWire
      VIEWS = { nil => :EXECUTION_VIEW_UNSPECIFIED, basic: :EXECUTION_VIEW_BASIC, full: :EXECUTION_VIEW_FULL }.freeze

      module_function

      # A call's name: with it the automatic repeats are harmless.
      def request_id(given) = given || SecureRandom.uuid

      def duration(seconds, name)
        return nil if seconds.nil?
        raise ArgumentError, "#{name} has to be a number of seconds, not #{seconds.inspect}." unless seconds.is_a?(Numeric)

        whole_ms = (seconds * 1000).round
        Google::Protobuf::Duration.new(seconds: (whole_ms.abs / 1000) * (whole_ms <=> 0),
                                       nanos: (whole_ms.abs % 1000) * 1_000_000 * (whole_ms <=> 0))
      end

      def timestamp(time, name)
        return nil if time.nil?
        raise ArgumentError, "#{name} has to be a Time, not a #{time.class}." unless time.is_a?(Time)

        Google::Protobuf::Timestamp.new(seconds: time.to_i, nanos: time.nsec / 1_000_000 * 1_000_000)
      end

      def optional_value(json, path)
        json.equal?(OMITTED) ? nil : JsonValues.to_value(json, path)
      end

      def struct(json, path)
        json.nil? ? nil : JsonValues.to_struct(json, path)
      end

      def labels(given)
        (given || {}).to_h { |key, value| [key.to_s, value.to_s] }
      end

      def view(view)
        VIEWS.fetch(view) { raise ArgumentError, "view is #{view.inspect}; it has to be :basic or :full." }
      end

      def progress(progress)
        return nil if progress.nil?

        V1::Progress.new(**{ current: progress.current, total: progress.total || 0, message: progress.message || "",
                             percent: progress.percent }.compact)
      end

      def retry_policy(policy, name = "retry_policy")
        return nil if policy.nil?

        V1::RetryPolicy.new(**{
          initial_interval: duration(policy.initial_interval, "#{name}.initial_interval"),
          backoff_coefficient: policy.backoff_coefficient,
          maximum_interval: duration(policy.maximum_interval, "#{name}.maximum_interval"),
          jitter: policy.jitter,
          non_retryable_codes: policy.non_retryable_codes,
          retry_timeouts: policy.retry_timeouts
        }.compact)
      end

      def retention(retention, name = "retention")
        return nil if retention.nil?

        V1::Retention.new(**{
          succeeded: duration(retention.succeeded, "#{name}.succeeded"),
          failed: duration(retention.failed, "#{name}.failed")
        }.compact)
      end

      def filter(statuses: [], types: [], parent_id: "", created_from: nil, created_before: nil)
        V1::ExecutionFilter.new(**{
          statuses: statuses.map { |status| :"EXECUTION_STATUS_#{status.upcase}" },
          types: types,
          parent_id: parent_id,
          created_from: timestamp(created_from, "created_from"),
          created_before: timestamp(created_before, "created_before")
        }.compact)
      end

      # The message of a creation, of the arguments of +create+. +where+ stands before the names of fields in an error.
      def creation(type, payload = OMITTED, where = "", max_attempts: nil, timeout: nil, start_timeout: nil,
                   total_timeout: nil, retry_policy: nil, retention: nil, scheduled_at: nil, priority: nil, max_crashes: nil,
                   idempotency_key: "", parent_id: "", metadata: nil, labels: nil, request_id: nil)
        V1::CreateExecutionRequest.new(**{
          type: type, payload: optional_value(payload, "#{where}payload"), max_attempts: max_attempts,
          timeout: duration(timeout, "#{where}timeout"),
          start_timeout: duration(start_timeout, "#{where}start_timeout"),
          total_timeout: duration(total_timeout, "#{where}total_timeout"),
          retry_policy: ToWire.retry_policy(retry_policy, "#{where}retry_policy"),
          retention: ToWire.retention(retention, "#{where}retention"),
          scheduled_at: timestamp(scheduled_at, "#{where}scheduled_at"),
          priority: priority, max_crashes: max_crashes, idempotency_key: idempotency_key, parent_id: parent_id,
          metadata: struct(metadata, "#{where}metadata"), labels: ToWire.labels(labels),
          request_id: ToWire.request_id(request_id)
        }.compact)
      end
    end
  end
end
