#include "call.hpp"
#include "croco/execution/client.hpp"
#include "from_wire.hpp"
#include "json_wire.hpp"
#include "to_wire.hpp"

// The verbs of those who have work done.

namespace croco::execution {

using Stub = v1::ExecutionService::Stub;

CreatedExecution ExecutionClient::Create(const NewExecution& execution, const CallOptions& options) {
  v1::CreateExecutionRequest request;
  ToWire(execution, &request);
  const auto response = Call(*connection_, &Stub::CreateExecution, request, options);
  return FromWire(response.execution(), response.created());
}

Execution ExecutionClient::Update(std::string_view id, const Changes& changes, const ChangeOptions& options) {
  v1::UpdateExecutionRequest request;
  ToWire(changes, &request);
  request.mutable_execution()->set_id(TextToWire(id, "id"));
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::UpdateExecution, request, options).execution());
}

void ExecutionClient::Delete(std::string_view id, const DeleteOptions& options) {
  v1::DeleteExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  request.set_force(options.force);
  ChangeToWire(options, &request);
  Call(*connection_, &Stub::DeleteExecution, request, options);
}

Execution ExecutionClient::Cancel(std::string_view id, const CancelOptions& options) {
  v1::CancelExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  request.set_reason(TextToWire(options.reason, "reason"));
  if (options.grace_period) ToWire(*options.grace_period, request.mutable_grace_period());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::CancelExecution, request, options).execution());
}

Execution ExecutionClient::Retry(std::string_view id, const RetryOptions& options) {
  v1::RetryExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  request.set_additional_attempts(options.additional_attempts);
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::RetryExecution, request, options).execution());
}

}  // namespace croco::execution
