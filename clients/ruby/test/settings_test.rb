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

  def test_a_target_that_would_be_looked_for_in_vain_is_refused
    ["", "http://localhost:1", "https://execution", "grpc://localhost:1"].each do |target|
      refused = assert_raises(ArgumentError, target) { Croco::ExecutionClient.new(target) }
      assert_includes(refused.message, "host:port")
    end
  end

  def test_a_token_that_no_header_can_hold_is_refused
    ["", "s3cret\n", "s3cr\u00e9t", "s3cr\xff"].each do |token|
      refused = assert_raises(ArgumentError, token) { Croco::ExecutionClient.new("localhost:1", token: token) }
      assert_includes(refused.message, "printable ASCII")
      refute_includes(refused.message, "s3cr")
    end
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
end
