# frozen_string_literal: true

require "test_helper"

# Every reason of the contract has its class, and unknown ones survive.
class ProblemsTest < Minitest::Test
  def test_every_reason_has_a_class_of_its_own
    reasons = Croco::Execution::V1::ErrorReason.constants.map { |name| name.to_s.delete_prefix("ERROR_REASON_") } - ["UNSPECIFIED"]
    assert_equal(reasons.sort, Croco::ExecutionProblem.by_reason.keys.sort)
  end

  def test_a_reason_of_a_newer_server_is_of_the_class_of_its_code
    assert_equal(Croco::Unavailable, Croco::ExecutionProblem.for("UNAVAILABLE", "NEW"))
    assert_equal(Croco::ExecutionProblem, Croco::ExecutionProblem.for("DATA_LOSS", "NEW"))
  end

  def test_status_details_become_attributes
    problem = Croco::ExecutionClient::RpcErrors.problem_of(bad_status)
    assert_instance_of(Croco::InvalidStateTransition, problem)
    assert_equal(["FAILED_PRECONDITION", "INVALID_STATE_TRANSITION", "no"], [problem.code, problem.reason, problem.message])
    assert_equal([:completed, %i[running failed]], [problem.from, problem.allowed])
    assert_equal([["id", "is bad"]], problem.field_violations.map(&:to_a))
    assert_in_delta(1.5, problem.retry_delay)
  end

  def test_an_error_without_details_is_of_the_class_of_its_code
    problem = Croco::ExecutionClient::RpcErrors.problem_of(GRPC::DeadlineExceeded.new("late"))
    assert_instance_of(Croco::DeadlineExceeded, problem)
    assert_equal(["", {}], [problem.reason, problem.metadata])
  end

  private

  def bad_status
    violation = Google::Rpc::BadRequest::FieldViolation.new(field: "id", description: "is bad")
    details = [
      Google::Rpc::ErrorInfo.new(reason: "INVALID_STATE_TRANSITION",
                                 metadata: { "from" => "completed", "allowed" => "running,failed" }),
      Google::Rpc::BadRequest.new(field_violations: [violation]),
      Google::Rpc::RetryInfo.new(retry_delay: Google::Protobuf::Duration.new(seconds: 1, nanos: 500_000_000))
    ].map { |detail| Google::Protobuf::Any.new.tap { |any| any.pack(detail) } }
    status = Google::Rpc::Status.new(code: 9, message: "no", details: details)
    GRPC::BadStatus.new_status_exception(9, "no", "grpc-status-details-bin" => Google::Rpc::Status.encode(status))
  end
end
