#pragma once

#include "croco/execution/model.hpp"
#include "croco/execution/v1/execution_service.pb.h"
#include "croco/execution/v1/worker_service.pb.h"

// From the messages of the contract to plain values. What a newer server has added to an enum becomes kUnknown.

namespace croco::execution {

Execution FromWire(const v1::Execution& message);
CreatedExecution FromWire(const v1::Execution& message, bool created);
ExecutionStatus FromWire(v1::ExecutionStatus status);
WatchEvent FromWire(v1::WatchEvent event);
HistoryEntry FromWire(const v1::HistoryEntry& message);
Directive FromWire(const v1::WorkDirective& message);
ServerInfo FromWire(const v1::GetServerInfoResponse& message);
Duration FromWire(const google::protobuf::Duration& duration);

/// Statuses that this client does not know are counted together.
Count FromWire(const v1::CountExecutionsResponse& message);

template <class Message>
std::vector<Execution> AllFromWire(const google::protobuf::RepeatedPtrField<Message>& messages) {
  std::vector<Execution> executions;
  executions.reserve(messages.size());
  for (const Message& message : messages) executions.push_back(FromWire(message));
  return executions;
}

/// Convert a message of a watch about the execution `id`.
template <class Message>
WatchMessage FromWire(const std::string& id, const Message& message) {
  WatchMessage told{.id = id, .revision = message.revision(), .event = FromWire(message.event())};
  if (message.has_change()) told.change = FromWire(message.change());
  if (message.has_execution()) told.execution = FromWire(message.execution());
  return told;
}

}  // namespace croco::execution
