# frozen_string_literal: true

# The driver of the Ruby client: performs the commands of tests/clients/scenario.md with Croco::ExecutionClient.

require "json"
require "optparse"
require "croco/execution_client"

# From the scenario's words to Ruby's, and back.
module Words
  module_function

  # What the client answered, as the scenario writes it.
  def plain(value)
    case value
    when Croco::ExecutionRecord then execution(value)
    when Struct then value.to_h { |name, item| [name, spans(name, item) { plain(item) }] }
    when Hash then value.to_h { |key, item| [key, plain(item)] }
    when Array then value.map { |item| plain(item) }
    when Time then (value.to_r * 1000).round
    else value
    end
  end

  def execution(found)
    fields = found.to_h { |name, item| [name, spans(name, item) { plain(item) }] }
    fields.delete(:created) if found.created.nil?
    fields
  end

  SPANS = %i[
    timeout start_timeout total_timeout retry_delay initial_interval maximum_interval succeeded failed duration
  ].freeze

  def spans(name, item)
    SPANS.include?(name) && item.is_a?(Numeric) ? (item * 1000).round : yield
  end

  def problem(problem)
    told = { type: problem.class.name, message: problem.message, metadata: {}, fields: [] }
    return told.merge(code: "INVALID_ARGUMENT", reason: "", local: true) unless problem.is_a?(Croco::ExecutionProblem)

    told.merge(code: problem.code, reason: problem.reason, metadata: problem.metadata,
               fields: problem.field_violations.map(&:field))
  end

  # A JSON value with the numbers that JSON cannot write.
  def native(value)
    case value
    when Array then value.map { |item| native(item) }
    when { "$integer" => String } then Integer(value["$integer"])
    when Hash
      return Float::NAN if value == { "$double" => "NaN" }
      return value["$double"].start_with?("-") ? -Float::INFINITY : Float::INFINITY if value.keys == ["$double"]
      return Integer(value["$integer"]) if value.keys == ["$integer"]

      value.transform_values { |item| native(item) }
    else value
    end
  end

  JSON_VALUES = %w[payload result checkpoints metadata details].freeze

  # What the client calls the arguments, in its own types.
  def arguments(given)
    given.to_h do |name, value|
      case name
      when *JSON_VALUES then [name.to_sym, native(value)]
      when "retry_policy" then [:retry_policy, value && Croco::RetryPolicy.new(**arguments(value))]
      when "retention" then [:retention, Croco::Retention.new(**arguments(value))]
      when "progress" then [:progress, Croco::Progress.new(**arguments(value))]
      when "view" then [:view, value.to_sym]
      when "statuses" then [:statuses, value.map(&:to_sym)]
      when "oldest_first" then [:newest_first, !value]
      when "scheduled_at_ms", "created_from_ms", "created_before_ms"
        [name.delete_suffix("_ms").to_sym, Time.at(Rational(value, 1000))]
      when /_ms\z/ then [name.delete_suffix("_ms").to_sym, value && Rational(value, 1000)]
      else [name.to_sym, value]
      end
    end
  end
end

# A watch in the background, and what it has told.
class Watched
  def initialize(watch)
    @watch, @messages, @lock, @more = watch, [], Mutex.new, ConditionVariable.new
    @thread = Thread.new { read }
  end

  def messages = @lock.synchronize { @messages.dup }

  def until(revision: 0, status: nil, events: 0, bookmarks: 0)
    @lock.synchronize { @more.wait(@lock) until @over || told?(revision, status, events, bookmarks) }
  end

  def ended
    @thread.join
    { messages: messages, problem: @problem }
  end

  def close
    @watch.close
    @thread.join
  end

  private

  def read
    @watch.each { |message| note { @messages << Words.plain(message) } }
  rescue Croco::ExecutionProblem => e
    @problem = Words.problem(e)
  ensure
    note { @over = true }
  end

  def note
    @lock.synchronize do
      yield
      @more.broadcast
    end
  end

  def told?(revision, status, events, bookmarks)
    told = @messages.map { |one| one[:change] ? one[:change][:to] : one.dig(:execution, :status) }
    @messages.size >= events && @messages.count { |one| one[:event] == :bookmark } >= bookmarks &&
      (@messages.map { |one| one[:revision] }.max || 0) >= revision && (status.nil? || told.include?(status.to_sym))
  end
end

# Performs commands, one after the other.
class Driver
  VERBS = %w[
    create get get_by_idempotency_key list_page count update delete start retry time_out cancel release complete
    update_progress save_checkpoints server_info
  ].freeze
  # The arguments that are given by position.
  POSITIONAL = {
    "create" => %i[type], "get_by_idempotency_key" => %i[idempotency_key], "update_progress" => %i[id current total],
    "save_checkpoints" => %i[id checkpoints], "list_page" => [], "count" => [], "server_info" => []
  }.freeze
  # Those of them that may be left out, and stand where they are given.
  OPTIONAL = { "create" => :payload, "complete" => :result, "cancel" => :reason }.freeze

  def initialize(client)
    @client, @watches, @begun = client, {}, {}
  end

  # What stands in the third column of the scenario's table.
  def perform(verb, given)
    return Words.plain(send(:"do_#{verb}", given)) if respond_to?(:"do_#{verb}", true)
    raise NoMethodError, "the driver cannot #{verb}" unless VERBS.include?(verb)

    arguments = Words.arguments(given)
    positions = POSITIONAL.fetch(verb, %i[id]).map { |name| arguments.delete(name) }
    optional = OPTIONAL[verb]
    positions << arguments.delete(optional) if arguments.key?(optional)
    Words.plain(@client.public_send(verb, *positions, **arguments))
  end

  private

  def do_list(given) = { executions: @client.list(**Words.arguments(given)).to_a }

  def do_wait(given)
    arguments = Words.arguments(given)
    @client.wait(arguments.delete(:id), **arguments)
  end

  def do_fail(given)
    arguments = Words.arguments(given.except("error"))
    error = { retryable: false }.merge(Words.arguments(given["error"]))
    @client.fail(arguments.delete(:id), error.delete(:message) || "", **error, **arguments)
  end

  def do_claim(given)
    arguments = Words.arguments(given)
    { executions: @client.claim(arguments.delete(:worker_id), arguments.delete(:types), **arguments) }
  end

  def do_heartbeat(given)
    { directives: @client.heartbeat(given["held"].to_h { |one| [one["id"], one["attempt"]] }) }
  end

  def do_batch_create(given)
    results = @client.batch_create(given["requests"].map { |one| Words.arguments(one) })
    { results: results.map { |one| outcome(one) } }
  end

  def do_batch_get(given)
    arguments = Words.arguments(given)
    { results: @client.batch_get(arguments.delete(:ids), **arguments).map { |one| outcome(one) } }
  end

  def outcome(one)
    return { problem: Words.problem(one) } if one.is_a?(Croco::ExecutionProblem)

    { execution: one, created: one.created }.compact
  end

  def do_server_info(_given)
    info = @client.server_info
    { version: info.version, store: info.store_kind, partitions: info.partitions, durability: info.durability }
  end

  def do_bench(given)
    payload = Words.native(given["payload"])
    lives = Queue.new(Array.new(given["lifecycles"], :life)).close
    loops = Array.new(given["concurrency"]) do
      Thread.new { life(given["type"], payload) while lives.pop }
    end
    loops.each { |one| one.report_on_exception = false }
    loops.each(&:join)
    { calls: given["lifecycles"] * CALLS_PER_LIFE }
  end

  CALLS_PER_LIFE = 6

  def life(type, payload)
    id = @client.create(type, payload).id
    attempt = @client.start(id).attempts
    [1, 2, 3].each { |page| @client.update_progress(id, page, 3, message: "Rendering", attempt: attempt) }
    @client.complete(id, { "pages" => 3 }, attempt: attempt)
  end

  def do_watch(given)
    arguments = Words.arguments(given.except("as"))
    @watches[given["as"]] = Watched.new(@client.watch(arguments.delete(:id), **arguments))
    nil
  end

  def do_watch_all(given)
    @watches[given["as"]] = Watched.new(@client.watch_all(**Words.arguments(given.except("as"))))
    nil
  end

  def do_watched_until(given)
    watch = @watches.fetch(given["as"])
    watch.until(**given.except("as").transform_keys(&:to_sym))
    { messages: watch.messages }
  end

  def do_watched(given) = @watches.delete(given["as"]).ended

  def do_unwatch(given)
    watch = @watches.delete(given["as"])
    watch.close
    { messages: watch.messages }
  end

  def do_begin(given)
    thread = Thread.new { perform(given["do"], given["with"]) }
    thread.report_on_exception = false
    @begun[given["as"]] = thread
    nil
  end

  def do_finish(given) = @begun.delete(given["as"]).value

  def do_abandon(given)
    @begun.delete(given["as"]).kill.join
    nil
  end
end

options = {}
OptionParser.new do |parser|
  parser.on("--target TARGET")
  parser.on("--token TOKEN")
  parser.on("--ca FILE")
end.parse!(into: options)
tls = options[:ca] && Croco::Tls.new(root_certificates: File.read(options[:ca]))

Croco::ExecutionClient.open(options.fetch(:target), tls: tls, token: options[:token]) do |client|
  driver = Driver.new(client)
  $stdin.each_line do |line|
    command = JSON.parse(line)
    answer =
      begin
        { ok: driver.perform(command["do"], command["with"] || {}) }
      rescue Croco::ExecutionProblem, ArgumentError, TypeError => e
        { problem: Words.problem(e) }
      end
    $stdout.puts(JSON.generate({ n: command["n"] }.merge(answer)))
    $stdout.flush
  end
end
