# frozen_string_literal: true

require "test_helper"

# Secrets do not leave the machine in plain text, and verbs cover the contract.
class SettingsTest < Minitest::Test
  def test_a_token_in_plain_text_goes_to_this_machine_only
    ["localhost:1", "127.0.0.1:1", "dns:///localhost:1", "[::1]:1", "unix:/tmp/s"].each do |target|
      Croco::ExecutionClient.new(target, token: "secret").close
    end
    ["execution:1", "dns:///execution:1", "localhost.example:1", "10.0.0.1:1"].each do |target|
      assert_raises(ArgumentError) { Croco::ExecutionClient.new(target, token: "secret") }
    end
    Croco::ExecutionClient.new("execution:1", token: "secret", tls: Croco::Tls.new).close
  end

  def test_metadata_of_the_callers_own_goes_with_every_call
    sent = []
    service = Class.new(Croco::Execution::V1::ExecutionService::Service) do
      define_method(:get_execution) do |request, call|
        sent << call.metadata.values_at("authorization", "traceparent")
        Croco::Execution::V1::GetExecutionResponse.new(execution: { id: request.id })
      end
      define_method(:watch_execution) do |_, call|
        sent << call.metadata.values_at("authorization", "traceparent")
        raise GRPC::NotFound, "gone"
      end
    end
    serving(service) do |target|
      traces = %w[one two].each
      Croco::ExecutionClient.open(target, token: "secret", metadata: -> { { "traceparent" => traces.next } }) do |client|
        client.get("x")
        assert_raises(Croco::ExecutionProblem) { client.watch("x").to_a }
      end
    end
    assert_equal([["Bearer secret", "one"], ["Bearer secret", "two"]], sent)
  end

  def test_nothing_secret_is_shown
    refute_includes(Croco::Tls.new(private_key: "secret").inspect, "secret")
  end

  def test_a_closed_client_says_so
    client = Croco::ExecutionClient.new("127.0.0.1:1")
    client.close
    assert_raises(Croco::ClientClosed) { client.get("id") }
  end

  def test_every_rpc_has_a_verb
    rpcs = [Croco::Execution::V1::ExecutionService, Croco::Execution::V1::WorkerService].flat_map do |service|
      service::Service.rpc_descs.keys
    end
    # Work is for the languages with a worker loop.
    verbs = rpcs.reject { |name| name == :Work }.map { |name| VERBS.fetch(name) }
    verbs.each { |verb| assert_respond_to(Croco::ExecutionClient.new("127.0.0.1:1"), verb) }
  end

  VERBS = {
    CreateExecution: :create, GetExecution: :get, GetExecutionByIdempotencyKey: :get_by_idempotency_key,
    ListExecutions: :list, CountExecutions: :count, UpdateExecution: :update, DeleteExecution: :delete,
    StartExecution: :start, CompleteExecution: :complete, FailExecution: :fail, CancelExecution: :cancel,
    RetryExecution: :retry, TimeOutExecution: :time_out, UpdateProgress: :update_progress,
    SaveCheckpoint: :save_checkpoints, WatchExecution: :watch, WatchExecutions: :watch_all, WaitExecution: :wait,
    BatchCreateExecutions: :batch_create, BatchGetExecutions: :batch_get, GetServerInfo: :server_info,
    ClaimExecutions: :claim, Heartbeat: :heartbeat, ReleaseExecution: :release
  }.freeze

  private

  # Yields where a server with +service+ is, while it runs.
  def serving(service)
    server = GRPC::RpcServer.new(pool_size: 2)
    port = server.add_http2_port("127.0.0.1:0", :this_port_is_insecure)
    server.handle(service)
    running = Thread.new { server.run }
    server.wait_till_running
    yield "127.0.0.1:#{port}"
  ensure
    server.stop
    running.join
  end
end
