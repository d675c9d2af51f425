# frozen_string_literal: true

require "test_helper"

# What is sent comes back as it was, or is refused with its path.
class JsonValuesTest < Minitest::Test
  Values = Croco::ExecutionClient::JsonValues

  def test_every_kind_comes_back_as_it_was
    json = { "null" => nil, "yes" => true, "no" => false, "int" => 2**53, "minus" => -(2**53), "float" => 1.5,
             "text" => "Grüße 🚀", "list" => [1, [2, {}]], "" => {}, "empty" => [] }
    value = Values.to_value(json, "payload")
    again = Google::Protobuf::Value.decode(Google::Protobuf::Value.encode(value))
    assert_equal(json, Values.from_value(again))
    assert_instance_of(Integer, Values.from_value(again)["int"])
  end

  def test_symbols_become_text
    assert_equal({ "a" => "b" }, Values.from_value(Values.to_value({ a: :b }, "payload")))
  end

  def test_what_json_cannot_hold_is_refused_with_its_path
    {
      { n: [2**53 + 1] } => "payload.n[0]", { x: Float::NAN } => "payload.x", [-Float::INFINITY] => "payload[0]",
      { o: Object.new } => "payload.o", { 1 => 2 } => "payload has the key 1", ["\xff"] => "payload[0]",
      nested(31) => "payload[0][0]"
    }.each do |json, path|
      refused = assert_raises(ArgumentError, path) { Values.to_value(json, "payload") }
      assert_includes(refused.message, path)
    end
  end

  def test_what_a_batch_cannot_send_is_refused_with_its_place
    client = Croco::ExecutionClient.new("127.0.0.1:1")
    {
      { payload: { n: Float::NAN } } => "requests[1].payload.n ", { metadata: { n: Float::NAN } } => "requests[1].metadata.n ",
      { timeout: "3" } => "requests[1].timeout ",
      { retry_policy: Croco::RetryPolicy.new(initial_interval: "3") } => "requests[1].retry_policy.initial_interval "
    }.each do |fields, path|
      refused = assert_raises(ArgumentError, path) { client.batch_create([{ type: "t" }, { type: "t", **fields }]) }
      assert(refused.message.start_with?(path), refused.message)
    end
  end

  def test_thirty_levels_are_taken
    assert_equal(nested(30), Values.from_value(Values.to_value(nested(30), "payload")))
  end

  private

  def nested(levels) = levels.times.reduce("x") { |inner, _| [inner] }
end
