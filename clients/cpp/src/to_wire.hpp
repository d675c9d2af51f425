#pragma once

#include "croco/execution/options.hpp"
#include "croco/execution/v1/execution_service.pb.h"
#include "croco/execution/v1/worker_service.pb.h"

// From arguments to the messages of the contract. Throws std::invalid_argument for what cannot be sent, with its name.

namespace croco::execution {

/// Give a call a name of its own, if the caller gave none: then the automatic repeats are harmless.
std::string ToRequestId(const std::string& request_id);

void ToWire(Duration span, google::protobuf::Duration* duration);
void ToWire(Moment moment, google::protobuf::Timestamp* timestamp);
/// `at` is where it stands in a larger request, to be put before the names of its fields.
void ToWire(const NewExecution& execution, v1::CreateExecutionRequest* request, const std::string& at = "");
void ToWire(const Changes& changes, v1::UpdateExecutionRequest* request);
void ToWire(const ExecutionError& error, v1::ExecutionError* message);
void ToWire(const Progress& progress, v1::Progress* message);
void ToWire(const Filter& filter, v1::ExecutionFilter* message);
v1::ExecutionView ToWire(View view);

/// Fill in what every changing call says of itself; see options.hpp.
template <class Options, class Request>
void ChangeToWire(const Options& options, Request* request) {
  request->set_request_id(ToRequestId(options.request_id));
  if (options.expected_revision) request->set_expected_revision(*options.expected_revision);
  if constexpr (requires { options.attempt; }) {
    if (options.attempt) request->set_attempt(*options.attempt);
  }
}

}  // namespace croco::execution
