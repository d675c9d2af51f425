# frozen_string_literal: true

module Croco
  class ExecutionClient
    # Decides whether to ask again after a problem, and after which pause.
    class Resume
      FIRST_PAUSE = 0.1
      LONGEST_PAUSE = 5.0
      TRIES = 5
      # How gRPC reports a stream that ended without a status, by what a proxy or the server did to the connection.
      BROKEN = %w[CANCELLED INTERNAL UNKNOWN].freeze

      def initialize
        @failures = 0
      end

      # An answer came: the next pause is short again.
      def succeeded
        @failures = 0
      end

      # For how many seconds to wait before asking again: longer each time in a row, with jitter, and not less than the
      # server asks for. Raises +problem+ itself if asking again is of no use. A service that does not answer is asked for
      # ever; one whose streams break in some other way, five times in a row.
      def pause_after(problem)
        @failures += 1
        raise problem unless may_pass?(problem)

        longest = [LONGEST_PAUSE, FIRST_PAUSE * 2.0**[@failures - 1, 10].min].min
        [longest * rand(0.5..1.0), problem.retry_delay || 0].max
      end

      private

      def may_pass?(problem)
        case problem
        when ClientClosed then false
        when Unavailable, DeadlineExceeded then true
        else BROKEN.include?(problem.code) && problem.reason.empty? && @failures <= TRIES
        end
      end
    end

    # A watch of one execution. Its cursor is the revision.
    class WatchingOne
      METHOD = :watch_execution
      ACTIVE = %i[pending running retrying].freeze

      def initialize(id, after_revision, follow, view)
        @id, @revision, @follow, @view = id, after_revision, follow, view
      end

      # Ask for what comes after the last message.
      def request
        V1::WatchExecutionRequest.new(**{ id: @id, after_revision: @revision, follow: @follow, view: @view }.compact)
      end

      # What is to be told of a message: nothing of a bookmark, nor of what was told before.
      def take(message)
        told = message.execution ? message.execution.status : message.change&.to
        @status = FromWire.status(told) if told
        return [] if @revision && message.revision <= @revision

        @revision = message.revision
        message.event == :WATCH_EVENT_BOOKMARK ? [] : [FromWire.watch_message(@id, message)]
      end

      # Whether a stream that ended well is the end of the watch. Only what is known to be active was cut off: after a
      # revision no message may have told the status.
      def ended? = !@follow && !ACTIVE.include?(@status)
    end

    # A watch of all executions that match a filter. It has no cursor: it knows the revision of each execution instead.
    #
    # A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not changed is
    # not told again, and what is not in it any more is told as :missing.
    class WatchingAll
      METHOD = :watch_executions

      def initialize(filter, snapshot)
        @filter, @snapshot = filter, snapshot
        @statuses = filter.statuses.to_a
        @known = {}
      end

      # Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on.
      def request
        snapshot, @snapshot = @snapshot, true
        @unseen = snapshot ? @known.dup : nil
        V1::WatchExecutionsRequest.new(filter: @filter, snapshot: snapshot)
      end

      def take(message)
        return end_of_snapshot(message) if message.event == :WATCH_EVENT_BOOKMARK

        @unseen&.delete(message.id)
        if message.event == :WATCH_EVENT_DELETED
          @known.delete(message.id)
        elsif message.revision <= @known.fetch(message.id, 0)
          return []
        else
          remember(message)
        end
        [FromWire.watch_message(message.id, message)]
      end

      # Such a watch never ends by itself.
      def ended? = false

      private

      # Keep the revision, or forget the execution if it left the filter: no snapshot will hold it. The status is the only
      # part of a filter that an execution can leave.
      def remember(message)
        @known[message.id] = message.revision
        status = message.execution ? message.execution.status : message.change&.to
        @known.delete(message.id) if @statuses.any? && status && !@statuses.include?(status)
      end

      def end_of_snapshot(message)
        return [] if @unseen.nil?

        missing = @unseen.map { |id, revision| WatchMessage.new(id: id, revision: revision, event: :missing).freeze }
        @unseen = nil
        missing.each { |told| @known.delete(told.id) }
        [*missing, FromWire.watch_message(message.id, message)]
      end
    end
  end
end
