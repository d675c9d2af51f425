# frozen_string_literal: true

module Croco
  class ExecutionClient
    # What all verbs are made with: calls with a deadline, repeated while they may succeed.
    class Calls
      TRIES = 5
      FIRST_PAUSE = 0.1
      LONGEST_PAUSE = 3.0
      FACTOR = 4

      def initialize(connection, settings)
        @connection = connection
        @settings = settings
      end

      # Make one call. What passes by itself is repeated for as long as the deadline and five tries allow: UNAVAILABLE, and
      # CANCELLED, with which a server that stops ends the calls that it has not taken up yet. Raises an ExecutionProblem.
      def call(stub, method, request, seconds: nil, repeat: true)
        seconds ||= @settings.deadline
        deadline = Time.now + seconds
        pause = FIRST_PAUSE
        1.upto(TRIES) do |try|
          return once(stub, method, request, deadline)
        rescue Unavailable, Cancelled => e
          raise if !repeat || try == TRIES || e.is_a?(ClientClosed)

          wait = [rand(pause / 2..pause), e.retry_delay || 0].max
          raise if Time.now + wait >= deadline

          sleep(wait)
          pause = [LONGEST_PAUSE, pause * FACTOR].min
        end
      rescue DeadlineExceeded => e
        raise e unless e.reason.empty?

        # gRPC waits for a server that is not there until the deadline, and then does not say so.
        raise DeadlineExceeded.new("#{@settings.target} gave no answer within #{seconds} s: can it be reached?", code: e.code)
      end

      private

      def once(stub, method, request, deadline)
        operation = stub.public_send(method, request, deadline: deadline, metadata: @settings.metadata, return_op: true)
        finished = false
        answer = operation.execute
        finished = true
        answer
      rescue GRPC::BadStatus => e
        finished = true
        raise ClientClosed.new("The client is closed.", code: "CANCELLED") if @connection.closed?

        raise RpcErrors.problem_of(e)
      ensure
        operation.cancel if operation && !finished # the thread was interrupted
      end
    end
  end
end
