# frozen_string_literal: true

module Croco
  class ExecutionClient
    # From the messages of the contract to plain values.
    module FromWire
      module_function

      # The Symbol of an enum's value without its prefix, :unknown for what this version does not know.
      def symbol(value, prefix)
        value.is_a?(Symbol) && value != :"#{prefix}_UNSPECIFIED" ? value[(prefix.size + 1)..].downcase.to_sym : :unknown
      end

      def status(value) = symbol(value, "EXECUTION_STATUS")

      def time(timestamp)
        timestamp && Time.at(timestamp.seconds, timestamp.nanos, :nsec).utc
      end

      # Seconds, whole ones as an Integer.
      def seconds(duration)
        return nil if duration.nil?

        exact = duration.seconds + Rational(duration.nanos, 1_000_000_000)
        exact.denominator == 1 ? exact.to_i : exact.to_f
      end

      def execution(found, created: nil)
        ExecutionRecord.new(
          **plain_fields(found), **moments(found), **spans(found), **json(found), **nouns(found),
          status: status(found.status), status_reason: symbol(found.status_reason, "STATUS_REASON"),
          labels: found.labels.to_h, checkpoint_sizes: found.checkpoint_sizes.to_h,
          history: found.history.map { |entry| history_entry(entry) }.freeze, created: created
        ).freeze
      end

      def history_entry(entry)
        from = entry.from == :EXECUTION_STATUS_UNSPECIFIED ? nil : status(entry.from)
        HistoryEntry.new(
          revision: entry.revision, at: time(entry.at), from: from, to: status(entry.to),
          reason: symbol(entry.reason, "STATUS_REASON"), attempt: entry.attempt, actor: entry.actor
        ).freeze
      end

      # A message of either kind of watch; that of one execution does not say its id.
      def watch_message(id, message)
        WatchMessage.new(
          id: id, revision: message.revision, event: symbol(message.event, "WATCH_EVENT"),
          change: message.change && history_entry(message.change), execution: message.execution && execution(message.execution)
        ).freeze
      end

      def directive(directive)
        kind, reason, forced_at =
          case directive.directive
          when :cancel_requested
            [:cancel_requested, directive.cancel_requested.reason, time(directive.cancel_requested.forced_at)]
          when :lease_lost then [:lease_lost, directive.lease_lost.cause, nil]
          else [:unknown, "", nil]
          end
        Directive.new(id: directive.id, attempt: directive.attempt, kind: kind, reason: reason, forced_at: forced_at).freeze
      end

      def count(response)
        by_status = response.by_status.to_h { |one| [status(one.status), one.count] }
        Count.new(total: response.count, by_status: by_status.freeze).freeze
      end

      def server_info(info)
        ServerInfo.new(
          version: info.version, store_kind: symbol(info.store_kind, "STORE_KIND"), partitions: info.partitions,
          durability: symbol(info.durability, "DURABILITY_CLASS")
        ).freeze
      end

      PLAIN = %i[
        id type attempts max_attempts idempotency_key parent_id revision status_changes cancellation_reason priority
        crashes max_crashes refunded_attempts trace_parent
      ].freeze
      MOMENTS = %i[
        created_at updated_at started_at completed_at next_attempt_at expires_at cancellation_requested_at
        cancellation_forced_at scheduled_at
      ].freeze
      SPANS = %i[timeout start_timeout total_timeout].freeze
      private_constant :PLAIN, :MOMENTS, :SPANS

      def plain_fields(found) = PLAIN.to_h { |name| [name, found[name.to_s]] }

      def moments(found) = MOMENTS.to_h { |name| [name, time(found[name.to_s])] }

      def spans(found) = SPANS.to_h { |name| [name, seconds(found[name.to_s])] }

      def json(found)
        {
          payload: found.payload && JsonValues.from_value(found.payload), has_payload: !found.payload.nil?,
          result: found.result && JsonValues.from_value(found.result), has_result: !found.result.nil?,
          metadata: JsonValues.from_struct(found.metadata),
          checkpoints: found.checkpoints.map { |key, value| [key, JsonValues.from_value(value)] }.to_h
        }
      end

      def nouns(found)
        {
          error: found.error && error(found.error), progress: found.progress && progress(found.progress),
          retry_policy: found.retry_policy && retry_policy(found.retry_policy),
          retention: found.retention && retention(found.retention), lease: found.lease && lease(found.lease)
        }
      end

      def error(error)
        ExecutionError.new(
          message: error.message, code: error.code, stack: error.stack, retryable: error.retryable,
          retry_delay: seconds(error.retry_delay), details: JsonValues.from_struct(error.details)
        ).freeze
      end

      def progress(progress)
        Progress.new(
          current: progress.current, total: progress.total, message: progress.message,
          percent: progress.has_percent? ? progress.percent : nil, attempt: progress.attempt,
          updated_at: time(progress.updated_at)
        ).freeze
      end

      def retry_policy(policy)
        RetryPolicy.new(
          initial_interval: seconds(policy.initial_interval), maximum_interval: seconds(policy.maximum_interval),
          backoff_coefficient: policy.has_backoff_coefficient? ? policy.backoff_coefficient : nil,
          jitter: policy.has_jitter? ? policy.jitter : nil,
          non_retryable_codes: policy.non_retryable_codes.to_a.freeze, retry_timeouts: policy.retry_timeouts
        ).freeze
      end

      def retention(kept)
        Retention.new(succeeded: seconds(kept.succeeded), failed: seconds(kept.failed)).freeze
      end

      def lease(lease)
        Lease.new(
          worker_id: lease.worker_id, duration: seconds(lease.duration), expires_at: time(lease.expires_at)
        ).freeze
      end

      private_class_method :plain_fields, :moments, :spans, :json, :nouns, :error, :progress, :retry_policy, :retention,
                           :lease
    end
  end
end
