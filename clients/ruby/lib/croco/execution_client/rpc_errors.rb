# frozen_string_literal: true

require "google/protobuf/well_known_types"
require "google/rpc/error_details_pb"
require "google/rpc/status_pb"

module Croco
  class ExecutionClient
    # From gRPC's errors to ExecutionProblems.
    module RpcErrors
      NAMES = GRPC::Core::StatusCodes.constants.to_h { |name| [GRPC::Core::StatusCodes.const_get(name), name.to_s] }.freeze

      module_function

      # The problem that a failed call tells of, with what its status details say.
      def problem_of(error)
        info, bad_request, retry_info = details_of(error)
        code = NAMES.fetch(error.code, "UNKNOWN")
        violations = bad_request ? bad_request.field_violations.map { |one| FieldViolation.new(one.field, one.description) } : []
        reason = info ? info.reason : ""
        ExecutionProblem.for(code, reason).new(
          error.details.to_s, code: code, reason: reason, metadata: info ? info.metadata.to_h : {},
                              field_violations: violations, retry_delay: FromWire.seconds(retry_info&.retry_delay)
        )
      end

      # The problem of an entry of a batch.
      def problem_of_refusal(refusal)
        code = NAMES.fetch(refusal.code, "UNKNOWN")
        reason = refusal.reason.to_s.delete_prefix("ERROR_REASON_")
        ExecutionProblem.for(code, reason).new(refusal.message, code: code, reason: reason, metadata: refusal.metadata.to_h)
      end

      def details_of(error)
        status = error.to_rpc_status
        kinds = [Google::Rpc::ErrorInfo, Google::Rpc::BadRequest, Google::Rpc::RetryInfo]
        kinds.map { |kind| status&.details&.find { |any| any.is(kind) }&.unpack(kind) }
      rescue Google::Protobuf::ParseError
        []
      end
      private_class_method :details_of
    end
  end
end
