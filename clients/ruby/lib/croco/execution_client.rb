# frozen_string_literal: true

require "grpc"
require "croco/execution/v1/error_reason_pb"
require "croco/execution/v1/execution_service_services_pb"
require "croco/execution/v1/worker_service_services_pb"
require "google/protobuf/field_mask_pb"

module Croco
  # The execution service, as Ruby sees it: +create+, +start+, +complete+ and the other verbs of the contract.
  #
  #     Croco::ExecutionClient.open("127.0.0.1:50051") do |client|
  #       execution = client.create("resize-images", { album: 7 })
  #     end
  #
  # A client may be used by many threads. It connects with the first call. Every verb may raise an ExecutionProblem, of the
  # class of its reason, and takes +deadline+, in seconds; a call that is interrupted (Timeout, Thread#raise) is cancelled.
  class ExecutionClient
    V1 = Execution::V1
    private_constant :V1
  end
end

require "croco/execution_client/version"
require "croco/execution_client/model"
require "croco/execution_client/problems"
require "croco/execution_client/json_values"
require "croco/execution_client/to_wire"
require "croco/execution_client/from_wire"
require "croco/execution_client/rpc_errors"
require "croco/execution_client/headers"
require "croco/execution_client/settings"
require "croco/execution_client/connection"
require "croco/execution_client/calls"
require "croco/execution_client/watching"
require "croco/execution_client/watch"
require "croco/execution_client/queries"
require "croco/execution_client/owner"
require "croco/execution_client/worker_verbs"

module Croco
  class ExecutionClient
    include Queries
    include Owner
    include WorkerVerbs

    # Make a client and close it after the block.
    def self.open(target, **options)
      client = new(target, **options)
      yield client
    ensure
      client&.close
    end

    # +target+ is the server as gRPC names it, such as "localhost:50051" or "dns:///execution-headless:50051"; calls go round
    # robin over all addresses that the name has. +tls+ is a Tls, nil sends plain text; +token+ a bearer token to send with
    # every call, without +tls+ to this machine only. +deadline+ is how long a call may take, its repeats included, if it
    # says nothing else. A watch that hears nothing for +watch_silence+ takes its stream for lost. All in seconds.
    #
    # +metadata+ is called before every try of a call and every stream of a watch, on the caller's thread, and answers headers
    # to send, such as those of the trace that the caller is in: printable ASCII by name. What it raises the call raises, and
    # ArgumentError for a header that is not its own to set: "authorization", which is the token's, and those of gRPC and HTTP.
    def initialize(target, tls: nil, token: nil, metadata: nil, deadline: 10, watch_silence: 30)
      @settings = Settings.new(target: target, tls: tls, token: token, metadata: metadata, deadline: deadline,
                               watch_silence: watch_silence)
      @connection = Connection.new(@settings)
      @calls = Calls.new(@connection, @settings)
    end

    # End all calls and close the connections. A call after that raises ClientClosed.
    def close = @connection.close

    private

    def call(method, request, seconds)
      @calls.call(@connection.short.executions, method, request, seconds: seconds)
    end

    # A request that changes something: with a request_id, and without what is nil.
    def changing(kind, request_id: nil, **fields)
      kind.new(**fields.compact, request_id: ToWire.request_id(request_id))
    end
  end
end
