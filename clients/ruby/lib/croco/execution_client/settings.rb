# frozen_string_literal: true

module Croco
  # How to encrypt, all in PEM: whom to trust (nil: the roots that gRPC brings along), the client's own certificate and key
  # where the server asks for one, and the name that the server's certificate must have (nil: the target's host).
  Tls = Struct.new(:root_certificates, :certificate_chain, :private_key, :server_name, keyword_init: true) do
    def inspect = "#<Croco::Tls>"
  end

  class ExecutionClient
    # How a client connects: its target, its credentials, and the options of its channels.
    class Settings
      CONFIG = File.read(File.join(__dir__, "service_config.json"))
      OPTIONS = {
        "grpc.service_config" => CONFIG,
        "grpc.primary_user_agent" => "execution-client-ruby/#{VERSION}",
        # A dead connection is noticed after 25 s. Watches send nothing; without the last, gRPC stops its pings after two.
        "grpc.keepalive_time_ms" => 20_000,
        "grpc.keepalive_timeout_ms" => 5_000,
        "grpc.http2.max_pings_without_data" => 0,
        # The default waits for up to two minutes before it tries a server again.
        "grpc.initial_reconnect_backoff_ms" => 200,
        "grpc.min_reconnect_backoff_ms" => 1_000,
        "grpc.max_reconnect_backoff_ms" => 5_000
      }.freeze
      # Targets that never leave this machine. Here it is better to know too few than too many.
      THIS_MACHINE = /\A(?:unix(?:-abstract)?:.+|(?:dns:(?:\/\/\/)?)?localhost(?::\d+)?|
        (?:ipv4:|dns:(?:\/\/\/)?)?127\.\d+\.\d+\.\d+(?::\d+)?|(?:ipv6:|dns:(?:\/\/\/)?)?\[::1\](?::\d+)?)\z/x
      # What people write who take the target for a URL; gRPC would look for a host of that name.
      NO_TARGET = %r{\A(?:\z|(?:https?|grpcs?)://)}
      # What a header can hold.
      TOKEN = /\A[ -~]+\z/

      attr_reader :target, :deadline, :watch_silence

      def initialize(target:, tls:, token:, metadata:, deadline:, watch_silence:)
        raise ArgumentError, "The target is #{target.inspect}; it has to be host:port, without a scheme." if NO_TARGET.match?(target)

        unless token.nil? || TOKEN.match?(token.b)
          raise ArgumentError, "The token is empty or has other characters than printable ASCII, such as a line break."
        end

        raise ArgumentError, "deadline and watch_silence must be longer than 0." unless deadline.positive? && watch_silence.positive?

        raise ArgumentError, "metadata must be a function, to be called." unless metadata.nil? || metadata.respond_to?(:call)

        @target, @tls, @token, @metadata, @deadline, @watch_silence = target, tls, token, metadata, deadline, watch_silence
        return if token.nil? || tls || on_this_machine?

        raise ArgumentError, "A token would be readable on the way to #{target}: give tls too."
      end

      def credentials
        return :this_channel_is_insecure if @tls.nil?

        GRPC::Core::ChannelCredentials.new(@tls.root_certificates, @tls.private_key, @tls.certificate_chain)
      end

      # What to send with one try of a call, or one stream.
      def metadata
        headers = @metadata ? Headers.of(@metadata.call) : {}
        headers["authorization"] = "Bearer #{@token}" if @token
        headers
      end

      # +own_connection+: whether it shares its connections with no other channel of this process.
      def options(own_connection:)
        options = OPTIONS.dup
        options["grpc.use_local_subchannel_pool"] = 1 if own_connection
        options["grpc.ssl_target_name_override"] = @tls.server_name if @tls&.server_name
        # A proxy, which gRPC takes from the environment, would be another machine.
        options["grpc.enable_http_proxy"] = 0 if on_this_machine?
        options
      end

      def inspect = "#<Settings #{target}>"

      private

      def on_this_machine? = THIS_MACHINE.match?(@target)
    end
  end
end
