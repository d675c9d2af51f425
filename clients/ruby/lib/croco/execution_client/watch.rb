# frozen_string_literal: true

module Croco
  # A watch that goes on over lost connections and restarts of the service, without a gap and without a repeat.
  #
  # Enumerable: +each+ blocks until the next message, and returns when the watch ends by itself or is closed. It can be gone
  # through once.
  class Watch
    include Enumerable

    def initialize(watching, connection, settings)
      @watching, @connection, @settings = watching, connection, settings
      @resume = ExecutionClient::Resume.new
      @lock = Mutex.new
      @wake = ConditionVariable.new
      @closed = false
    end

    # Yields each WatchMessage. Raises an ExecutionProblem where the watch cannot go on.
    def each(&block)
      return enum_for(:each) unless block

      until @closed
        problem = read_stream(&block)
        return if problem.nil? || @closed

        pause(@resume.pause_after(problem))
      end
    end

    # End the watch; may be called from another thread.
    def close
      operation = @lock.synchronize do
        @closed = true
        @wake.broadcast
        @operation
      end
      operation&.cancel
    end

    private

    # Tell what one stream tells; answers why it has to be asked for again, or nil at the end of the watch.
    def read_stream(&block)
      @connection.long do |line|
        operation = open_stream(line)
        return if operation.nil?

        watchdog = Silence.new(operation, @settings.watch_silence)
        begin
          tell(operation, watchdog, &block)
        ensure
          watchdog.stop
          operation.cancel
        end
      end
      return nil if @watching.ended?

      Unavailable.new("The stream ended early.", code: "UNAVAILABLE")
    rescue ExecutionProblem => e
      e
    end

    def open_stream(line)
      call = line.executions.public_send(
        @watching.class::METHOD, @watching.request, metadata: @settings.metadata, return_op: true
      )
      @lock.synchronize { @operation = call unless @closed }
    end

    def tell(operation, watchdog)
      operation.execute.each do |message|
        watchdog.heard
        @resume.succeeded
        @watching.take(message).each { |told| watchdog.paused { yield told } unless @closed }
      end
    rescue GRPC::BadStatus => e
      raise ClientClosed.new("The client is closed.", code: "CANCELLED") if @connection.closed?
      raise Unavailable.new("Nothing came for #{@settings.watch_silence} s.", code: "UNAVAILABLE") if watchdog.silent?

      raise ExecutionClient::RpcErrors.problem_of(e)
    end

    def pause(seconds)
      @lock.synchronize { @wake.wait(@lock, seconds) unless @closed }
    end

    # Cancels a stream that says nothing for too long: a blocking read has no time limit. The server says something every
    # 10 s, so such a stream is lost. The time in which the reader thinks does not count.
    class Silence
      def initialize(operation, seconds)
        @operation, @seconds = operation, seconds
        @lock = Mutex.new
        @stop = ConditionVariable.new
        @stopped = @silent = @paused = false
        heard
        @thread = Thread.new { look }
      end

      def silent? = @silent

      def heard
        @since = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      def paused
        @paused = true
        yield
      ensure
        heard
        @paused = false
      end

      def stop
        @lock.synchronize do
          @stopped = true
          @stop.broadcast
        end
        @thread.join unless @thread == Thread.current
      end

      private

      def look
        @lock.synchronize do
          until @stopped
            @stop.wait(@lock, @seconds / 4.0)
            next if @stopped || @paused || Process.clock_gettime(Process::CLOCK_MONOTONIC) - @since <= @seconds

            @silent = true
            @operation.cancel
            return
          end
        end
      end
    end
    private_constant :Silence
  end
end
