# frozen_string_literal: true

module Croco
  class ExecutionClient
    # The verbs that change nothing.
    module Queries
      WAIT_SECONDS = 30.0
      WAIT_GRACE = 5

      # Answer an execution as last committed, in the full view by default.
      def get(id, view: nil, deadline: nil)
        request = V1::GetExecutionRequest.new(id: id, view: ToWire.view(view))
        FromWire.execution(call(:get_execution, request, deadline).execution)
      end

      # Answer the execution that holds an idempotency key, in the full view by default.
      def get_by_idempotency_key(idempotency_key, view: nil, deadline: nil)
        request = V1::GetExecutionByIdempotencyKeyRequest.new(idempotency_key: idempotency_key, view: ToWire.view(view))
        FromWire.execution(call(:get_execution_by_idempotency_key, request, deadline).execution)
      end

      # Answer up to 500 executions in the order of +ids+, in the basic view by default; in the place of one that is not
      # there stands an ExecutionNotFound.
      def batch_get(ids, view: nil, deadline: nil)
        request = V1::BatchGetExecutionsRequest.new(ids: ids, view: ToWire.view(view))
        call(:batch_get_executions, request, deadline).outcomes.map do |outcome|
          found_or_problem(outcome, view, deadline) { |found| FromWire.execution(found) }
        end
      end

      # Tell all executions that match, page by page as they are read: an Enumerator. +statuses+, +types+, +parent_id+:
      # those with one of these, empty is any; +created_from+, +created_before+ are Times. The basic view by default.
      def list(page_size: 0, view: nil, newest_first: true, deadline: nil, **filter)
        Enumerator.new do |found|
          token = ""
          loop do
            page = list_page(page_size: page_size, page_token: token, view: view, newest_first: newest_first,
                             deadline: deadline, **filter)
            page.executions.each { |execution| found << execution }
            token = page.next_page_token
            break if token.empty?
          end
        end
      end

      # One page of +list+. +page_token+ is the +next_page_token+ of the page before, of the same filter and order.
      def list_page(page_size: 0, page_token: "", view: nil, newest_first: true, deadline: nil, **filter)
        request = V1::ListExecutionsRequest.new(
          filter: ToWire.filter(**filter), page_size: page_size, page_token: page_token, view: ToWire.view(view),
          order_by: newest_first ? "created_at desc" : "created_at"
        )
        response = call(:list_executions, request, deadline)
        executions = response.executions.map { |one| FromWire.execution(one) }
        Page.new(executions: executions.freeze, next_page_token: response.next_page_token).freeze
      end

      # Answer how many executions match, in all and by status. The arguments are those of +list+.
      def count(deadline: nil, **filter)
        FromWire.count(call(:count_executions, V1::CountExecutionsRequest.new(filter: ToWire.filter(**filter)), deadline))
      end

      # Wait until an execution is at rest, over lost connections and restarts of the service, and answer it, in the full
      # view by default. After +timeout+ seconds (nil: for ever) it is answered as it is: +at_rest?+ tells.
      def wait(id, timeout: nil, view: nil)
        over = timeout && now + timeout
        resume = Resume.new
        loop do
          response = wait_once(id, over ? (over - now).clamp(0.001, WAIT_SECONDS) : WAIT_SECONDS, view)
          resume.succeeded
          return FromWire.execution(response.execution) if response.done || (over && now >= over)
        rescue ExecutionProblem => e
          pause = resume.pause_after(e)
          raise if over && now + pause >= over

          sleep(pause)
        end
      end

      # Answer what the server is: its version, its store and what that promises.
      def server_info(deadline: nil)
        FromWire.server_info(call(:get_server_info, V1::GetServerInfoRequest.new, deadline))
      end

      # Tell what happens to an execution until it is at rest, as a Watch; with a block, each message is yielded.
      #
      # First comes a :snapshot (or, with +after_revision+, what came after it), then every status change once, in order of
      # revisions; of other changes the newest. With +follow+ it stays when the execution comes to rest.
      def watch(id, after_revision: nil, follow: false, view: nil, &block)
        watched(WatchingOne.new(id, after_revision, follow, ToWire.view(view)), &block)
      end

      # Tell what happens to all executions that match, for ever, as a Watch. With +snapshot+ each comes as it is, then one
      # :bookmark, then the changes. A lost connection is bridged by a new snapshot: what has changed in the meantime comes
      # as :snapshot, what does not match any more or was deleted as :missing, then another :bookmark.
      def watch_all(statuses: [], types: [], parent_id: "", snapshot: true, &block)
        watched(WatchingAll.new(ToWire.filter(statuses: statuses, types: types, parent_id: parent_id), snapshot), &block)
      end

      private

      def watched(watching, &block)
        watch = Watch.new(watching, @connection, @settings)
        watch.each(&block) if block
        watch
      end

      def wait_once(id, seconds, view)
        request = V1::WaitExecutionRequest.new(id: id, timeout: ToWire.duration(seconds, "timeout"), view: ToWire.view(view))
        @connection.long do |line|
          @calls.call(line.executions, :wait_execution, request, seconds: seconds + WAIT_GRACE)
        end
      end

      # What an outcome of a batch holds, fetched where the answer had no room for it, or its problem.
      def found_or_problem(outcome, view, deadline)
        return RpcErrors.problem_of_refusal(outcome.refusal) if outcome.outcome == :refusal
        return yield outcome.execution unless outcome.cut

        request = V1::GetExecutionRequest.new(id: outcome.execution.id, view: ToWire.view(view || :basic))
        yield call(:get_execution, request, deadline).execution
      rescue ExecutionProblem => e
        e
      end

      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
