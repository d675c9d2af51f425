# frozen_string_literal: true

require "test_helper"

# Headers of the program's own go with all that is sent.
class MetadataTest < Minitest::Test
  V1 = Croco::Execution::V1

  def setup
    @sent = []
    @failing = 0
    @server = GRPC::RpcServer.new(pool_size: 2)
    port = @server.add_http2_port("127.0.0.1:0", :this_port_is_insecure)
    @server.handle(service)
    @serving = Thread.new { @server.run }
    @server.wait_till_running
    @target = "127.0.0.1:#{port}"
  end

  def teardown
    @server.stop
    @serving.join
  end

  def test_headers_go_with_every_try_of_a_call_from_its_thread_and_leave_the_token_alone
    @failing = 2
    using(metadata: traces, token: "secret") { |client| client.start("x") }
    assert_equal(["one 1", "one 2", "one 3"], sent("traceparent"))
    assert_equal(["Bearer secret"] * 3, sent("authorization"))
  end

  def test_headers_go_with_every_stream_of_a_watch_from_its_readers_thread
    @failing = 2
    using(metadata: traces) { |client| assert_equal([1], client.watch("x").map(&:revision)) }
    assert_equal(["one 1", "one 2", "one 3"], sent("traceparent"))
  end

  def test_names_are_symbols_or_text_in_any_case_and_an_empty_text_is_a_text
    using(metadata: -> { { "X-B3-Sampled" => "1", traceparent: "", "a.b_c-9" => "a=b c" } }) { |client| client.start("x") }
    assert_equal([["1"], [""], ["a=b c"]], %w[x-b3-sampled traceparent a.b_c-9].map { |name| sent(name) })
  end

  def test_what_cannot_be_sent_is_told_by_its_name_and_nothing_is_sent
    names = ["authorization", :Authorization, "grpc-timeout", "trace-bin", "connection", "te", "content-length", "", "no name",
             ":path", "ü", "\xff"]
    texts = ["ü", "a\nb", "a\n", "\0", " a", "a ", "\xff", nil, 1, %w[a b]]
    answer = nil
    using(metadata: -> { answer }) do |client|
      [*names.map { |name| [name, "x"] }, *texts.map { |text| ["bad", text] }].each do |name, text|
        answer = { "good" => "x", name => text }
        assert_refused(ArgumentError, name.inspect, client)
      end
      ["text", nil, []].each do |no_hash|
        answer = no_hash
        assert_refused(TypeError, no_hash.class.name, client)
      end
      assert_empty(@sent)
      answer = { "traceparent" => "mended" }
      client.start("x")
    end
    assert_equal(["mended"], sent("traceparent"))
  end

  def test_what_the_function_raises_the_call_raises
    using(metadata: -> { raise KeyError, "mine" }) { |client| assert_refused(KeyError, "mine", client) }
    assert_empty(@sent)
  end

  def test_what_is_no_function_is_refused_at_once
    assert_raises(ArgumentError) { Croco::ExecutionClient.new(@target, metadata: { "traceparent" => "x" }) }
  end

  private

  # A trace that is another one each time it is asked for, and tells on whose thread that was.
  def traces
    Thread.current[:trace] = "one"
    asked = 0
    -> { { "traceparent" => "#{Thread.current[:trace]} #{asked += 1}" } }
  end

  def using(**options, &block) = Croco::ExecutionClient.open(@target, deadline: 30, **options, &block)

  def sent(name) = @sent.map { |metadata| metadata[name] }

  def assert_refused(kind, message, client)
    assert_includes(assert_raises(kind) { client.start("x") }.message, message)
    assert_includes(assert_raises(kind) { client.watch("x").to_a }.message, message)
  end

  # Keeps the headers of what is sent, and fails the first @failing times in a way that may pass.
  def answering(call)
    @sent << call.metadata
    raise GRPC::Unavailable, "not now" if @sent.size <= @failing

    V1::Execution.new(id: "x", status: :EXECUTION_STATUS_COMPLETED, revision: 1)
  end

  def service
    answer = method(:answering)
    Class.new(V1::ExecutionService::Service) do
      define_method(:start_execution) { |_, call| V1::StartExecutionResponse.new(execution: answer.call(call)) }
      define_method(:watch_execution) do |_, call|
        [V1::WatchExecutionResponse.new(revision: 1, event: :WATCH_EVENT_UPDATED, execution: answer.call(call))]
      end
    end
  end
end
