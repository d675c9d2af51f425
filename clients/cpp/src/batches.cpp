#include "call.hpp"
#include "croco/execution/client.hpp"
#include "from_wire.hpp"
#include "json_wire.hpp"
#include "to_wire.hpp"

// The verbs that do in one call what others do for one execution.

namespace croco::execution {
namespace {

using Stub = v1::ExecutionService::Stub;

/// Answer the execution of an outcome with all that the view has: what had no room in the answer is asked for.
v1::Execution Whole(Connection& connection, const v1::Execution& execution, bool cut, const ReadOptions& options) {
  if (!cut) return execution;
  v1::GetExecutionRequest request;
  request.set_id(execution.id());
  request.set_view(ToWire(options.view == View::kDefault ? View::kBasic : options.view));
  return Call(connection, &Stub::GetExecution, request, options).execution();
}

/// Make each outcome with `make`, or the problem that its part has.
template <class T, class Message, class MakeAnswer>
std::vector<Outcome<T>> Outcomes(const google::protobuf::RepeatedPtrField<Message>& messages, MakeAnswer make) {
  std::vector<Outcome<T>> outcomes;
  outcomes.reserve(messages.size());
  for (const Message& message : messages) {
    if (message.has_refusal()) {
      outcomes.push_back(ProblemOf(message.refusal()));
      continue;
    }
    try {
      outcomes.push_back(make(message));
    } catch (const ExecutionProblem& problem) {
      outcomes.push_back(problem.Copy());
    }
  }
  return outcomes;
}

}  // namespace

std::vector<Outcome<CreatedExecution>> ExecutionClient::BatchCreate(const std::vector<NewExecution>& executions,
                                                                    const ReadOptions& options) {
  v1::BatchCreateExecutionsRequest request;
  for (std::size_t at = 0; at < executions.size(); ++at) {
    ToWire(executions[at], request.add_requests(), "requests[" + std::to_string(at) + "].");
  }
  request.set_view(ToWire(options.view));
  const auto response = Call(*connection_, &Stub::BatchCreateExecutions, request, options);
  return Outcomes<CreatedExecution>(response.outcomes(), [&](const v1::BatchCreateOutcome& outcome) {
    return FromWire(Whole(*connection_, outcome.execution(), outcome.cut(), options), outcome.created());
  });
}

std::vector<Outcome<Execution>> ExecutionClient::BatchGet(const std::vector<std::string>& ids,
                                                          const ReadOptions& options) {
  v1::BatchGetExecutionsRequest request;
  for (const std::string& id : ids) request.add_ids(TextToWire(id, "ids"));
  request.set_view(ToWire(options.view));
  const auto response = Call(*connection_, &Stub::BatchGetExecutions, request, options);
  return Outcomes<Execution>(response.outcomes(), [&](const v1::BatchGetOutcome& outcome) {
    return FromWire(Whole(*connection_, outcome.execution(), outcome.cut(), options));
  });
}

}  // namespace croco::execution
