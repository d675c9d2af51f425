#include "call.hpp"
#include "croco/execution/client.hpp"
#include "from_wire.hpp"
#include "json_wire.hpp"
#include "to_wire.hpp"

// The verbs of those who do the work: an attempt's start, its end, and what it reports in between.

namespace croco::execution {

using Stub = v1::ExecutionService::Stub;

Execution ExecutionClient::Start(std::string_view id, const ChangeOptions& options) {
  v1::StartExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::StartExecution, request, options).execution());
}

Execution ExecutionClient::Complete(std::string_view id, const Json& result, const EndOptions& options) {
  v1::CompleteExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  if (!result.is_discarded()) ToWire(result, "result", request.mutable_result());
  if (options.progress) ToWire(*options.progress, request.mutable_progress());
  ToWire(options.checkpoints, "checkpoints", request.mutable_checkpoints());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::CompleteExecution, request, options).execution());
}

Execution ExecutionClient::Fail(std::string_view id, const ExecutionError& error, const EndOptions& options) {
  v1::FailExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  ToWire(error, request.mutable_error());
  if (options.progress) ToWire(*options.progress, request.mutable_progress());
  ToWire(options.checkpoints, "checkpoints", request.mutable_checkpoints());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::FailExecution, request, options).execution());
}

Execution ExecutionClient::TimeOut(std::string_view id, const AttemptOptions& options) {
  v1::TimeOutExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::TimeOutExecution, request, options).execution());
}

Execution ExecutionClient::UpdateProgress(std::string_view id, const Progress& progress,
                                          const AttemptOptions& options) {
  v1::UpdateProgressRequest request;
  request.set_id(TextToWire(id, "id"));
  ToWire(progress, request.mutable_progress());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::UpdateProgress, request, options).execution());
}

Execution ExecutionClient::SaveCheckpoint(std::string_view id, const std::string& key, const Json& value,
                                          const SaveOptions& options) {
  return SaveCheckpoints(id, Json::object({{key, value}}), options);
}

Execution ExecutionClient::SaveCheckpoints(std::string_view id, const Json& checkpoints, const SaveOptions& options) {
  v1::SaveCheckpointRequest request;
  request.set_id(TextToWire(id, "id"));
  ToWire(checkpoints, "checkpoints", request.mutable_checkpoints());
  if (options.progress) ToWire(*options.progress, request.mutable_progress());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::SaveCheckpoint, request, options).execution());
}

}  // namespace croco::execution
