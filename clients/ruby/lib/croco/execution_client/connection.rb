# frozen_string_literal: true

require "monitor"

module Croco
  class ExecutionClient
    # The channels of one client: one for short calls, others for long ones.
    #
    # A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in silence.
    # Long calls (watches, waits, claims) would thus stop the short ones, so they have connections of their own, and as many
    # as they need.
    class Connection
      # How many long calls share a connection. Servers that limit streams allow at least 100 (RFC 9113).
      PLACES = 100

      Line = Struct.new(:channel, :executions, :workers, :calls)
      private_constant :Line

      def initialize(settings)
        @settings = settings
        @lock = Monitor.new
        @closed = false
        @long = []
      end

      # The line for short calls.
      def short
        @lock.synchronize { @short ||= open(own_connection: false) }
      end

      # Lend a line for one long call.
      def long
        line = take_place
        yield line
      ensure
        @lock.synchronize { line.calls -= 1 } if line
      end

      # End all calls and close the channels. May be called twice.
      def close
        lines = @lock.synchronize do
          @closed = true
          open_lines = [@short, *@long].compact
          @short, @long = nil, []
          open_lines
        end
        lines.each { |line| line.channel.close }
      end

      def closed? = @closed

      private

      def take_place
        @lock.synchronize do
          line = @long.find { |one| one.calls < PLACES }
          @long << (line = open(own_connection: true)) if line.nil?
          line.calls += 1
          line
        end
      end

      def open(own_connection:)
        raise ClientClosed.new("The client is closed.", code: "CANCELLED") if @closed

        target = @settings.target
        channel = GRPC::Core::Channel.new(target, @settings.options(own_connection: own_connection), @settings.credentials)
        stubs = [V1::ExecutionService::Stub, V1::WorkerService::Stub].map do |kind|
          kind.new(target, nil, channel_override: channel)
        end
        Line.new(channel, *stubs, 0)
      end
    end
  end
end
