# frozen_string_literal: true

# The plain Ruby values that the client takes and answers: the nouns of croco/execution/v1/execution.proto, which explains
# every field. Statuses, reasons and the like are Symbols, :unknown for one that a newer server has added; moments are
# Times, lengths of time are seconds; JSON values are nil, true, false, Integer, Float, String, Array and Hash.
module Croco
  # Stands for an argument that was not given, where nil is a value of its own.
  OMITTED = Object.new
  def OMITTED.inspect = "OMITTED"
  OMITTED.freeze

  # The statuses in which an execution stays until somebody retries it; completed and cancelled are final.
  AT_REST = %i[completed failed timed_out cancelled].freeze

  # A failure, as the worker reported it. +retry_delay+ is given where this once it replaced the retry policy.
  ExecutionError = Struct.new(:message, :code, :stack, :retryable, :retry_delay, :details, keyword_init: true)

  # How far an attempt is, in a unit of the worker's choice. +attempt+ and +updated_at+ are set by the server.
  Progress = Struct.new(:current, :total, :message, :percent, :attempt, :updated_at, keyword_init: true)

  # One status change; +from+ is nil for the creation.
  HistoryEntry = Struct.new(:revision, :at, :from, :to, :reason, :attempt, :actor, keyword_init: true)

  # When the next attempt comes after a failure that may be repeated. What is nil is as the contract says.
  RetryPolicy = Struct.new(
    :initial_interval, :backoff_coefficient, :maximum_interval, :jitter, :non_retryable_codes, :retry_timeouts,
    keyword_init: true
  )

  # How long a record is kept once it is at rest: completed or cancelled, failed or timed out.
  Retention = Struct.new(:succeeded, :failed, keyword_init: true)

  # A worker's hold on a running execution.
  Lease = Struct.new(:worker_id, :duration, :expires_at, keyword_init: true)

  # An execution: one unit of work and all that is known about it. +payload+ is nil both where it is JSON null and where none was sent:
  # +has_payload+ tells the two apart, as +has_result+ does for +result+. The basic view carries neither. +created+ is set
  # by +create+ only: whether this call, or the one it repeats, created it.
  ExecutionRecord = Struct.new(
    :id, :type, :status, :status_reason, :payload, :has_payload, :result, :has_result, :error, :attempts, :max_attempts,
    :created_at, :updated_at, :started_at, :completed_at, :timeout, :retry_policy, :idempotency_key, :parent_id, :metadata,
    :labels, :checkpoints, :checkpoint_sizes, :progress, :revision, :history, :status_changes, :cancellation_reason,
    :start_timeout, :total_timeout, :next_attempt_at, :retention, :expires_at, :cancellation_requested_at,
    :cancellation_forced_at, :scheduled_at, :priority, :lease, :crashes, :max_crashes, :refunded_attempts, :trace_parent,
    :created, keyword_init: true
  ) do
    # Whether it stays as it is until somebody retries it.
    def at_rest? = AT_REST.include?(status)
  end

  # Some of the executions of a list. An empty +next_page_token+ means that no more follow.
  Page = Struct.new(:executions, :next_page_token, keyword_init: true)

  # How many executions match, in all and in each status that the filter allows.
  Count = Struct.new(:total, :by_status, keyword_init: true)

  # What a worker has to do about an attempt that it holds: +kind+ is :cancel_requested (stop, for the reason given) or
  # :lease_lost (forget it: it ended for the status reason given).
  Directive = Struct.new(:id, :attempt, :kind, :reason, :forced_at, keyword_init: true)

  # What a watch tells. +revision+ is the cursor; +change+ is a HistoryEntry for :status_changed only. +event+ is :snapshot,
  # :status_changed, :updated, or of +watch_all+ only :bookmark, :deleted or, made by the client, :missing: while the
  # connection was lost the execution was deleted, or came to a status that the watch does not ask for.
  WatchMessage = Struct.new(:id, :revision, :event, :change, :execution, keyword_init: true)

  # What a server is: its version, its store and what that promises.
  ServerInfo = Struct.new(:version, :store_kind, :durability, :partitions, keyword_init: true)
end
