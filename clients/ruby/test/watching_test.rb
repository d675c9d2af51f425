# frozen_string_literal: true

require "test_helper"

# A broken stream is asked for again without a gap and without a repeat.
class WatchingTest < Minitest::Test
  V1 = Croco::Execution::V1

  def test_one_asks_for_what_comes_after_the_last_message
    watching = Croco::ExecutionClient::WatchingOne.new("id", nil, false, :EXECUTION_VIEW_UNSPECIFIED)
    refute(watching.request.has_after_revision?)
    assert_equal([2], revisions(watching.take(one(2, :SNAPSHOT, :RUNNING))))
    assert_equal(2, watching.request.after_revision)
    assert_empty(watching.take(one(2, :UPDATED, :RUNNING)), "told before")
    assert_empty(watching.take(V1::WatchExecutionResponse.new(revision: 5, event: :WATCH_EVENT_BOOKMARK)))
    assert_equal(5, watching.request.after_revision)
    refute_predicate(watching, :ended?)
    watching.take(one(6, :UPDATED, :COMPLETED))
    assert_predicate(watching, :ended?)
  end

  def test_all_tells_after_a_new_snapshot_what_changed_and_what_is_missing
    watching = Croco::ExecutionClient::WatchingAll.new(V1::ExecutionFilter.new, true)
    watching.request
    [all("a", 1), all("b", 1), bookmark].each { |message| watching.take(message) }
    watching.request
    assert_empty(watching.take(all("a", 1)), "known already")
    missing, end_of_snapshot = watching.take(bookmark)
    assert_equal(["b", :missing], [missing.id, missing.event])
    assert_equal(:bookmark, end_of_snapshot.event)
    assert_equal([2], revisions(watching.take(all("a", 2, :STATUS_CHANGED))))
  end

  def test_a_service_that_does_not_answer_is_asked_for_ever_and_a_refusal_once
    resume = Croco::ExecutionClient::Resume.new
    20.times { assert_operator(resume.pause_after(Croco::Unavailable.new("away", code: "UNAVAILABLE")), :<=, 5) }
    assert_raises(Croco::ExecutionNotFound) { resume.pause_after(Croco::ExecutionNotFound.new("gone", code: "NOT_FOUND")) }
  end

  private

  def revisions(messages) = messages.map(&:revision)

  def one(revision, event, status)
    execution = V1::Execution.new(id: "id", status: :"EXECUTION_STATUS_#{status}")
    V1::WatchExecutionResponse.new(revision: revision, event: :"WATCH_EVENT_#{event}", execution: execution)
  end

  def all(id, revision, event = :SNAPSHOT)
    V1::WatchExecutionsResponse.new(id: id, revision: revision, event: :"WATCH_EVENT_#{event}",
                                    execution: V1::Execution.new(id: id, status: :EXECUTION_STATUS_RUNNING))
  end

  def bookmark = V1::WatchExecutionsResponse.new(event: :WATCH_EVENT_BOOKMARK)
end
