#include "call.hpp"
#include "croco/execution/client.hpp"
#include "from_wire.hpp"
#include "json_wire.hpp"
#include "to_wire.hpp"

// The verbs of workers that ask for what they do.

namespace croco::execution {
namespace {

using Stub = v1::WorkerService::Stub;

/// How much longer than the wait the deadline of a claim is.
constexpr Duration kGrace = std::chrono::seconds(5);

}  // namespace

std::vector<Execution> ExecutionClient::Claim(std::string_view worker_id, const std::vector<std::string>& types,
                                              const ClaimOptions& options) {
  v1::ClaimExecutionsRequest request;
  request.set_worker_id(TextToWire(worker_id, "worker_id"));
  for (const std::string& type : types) request.add_types(TextToWire(type, "types"));
  request.set_max_executions(options.max_executions);
  if (options.lease_duration) ToWire(*options.lease_duration, request.mutable_lease_duration());
  ToWire(options.wait, request.mutable_wait());
  const Place place = connection_->Long();
  const Terms terms{options.wait + kGrace, options.stop};
  return AllFromWire(Invoke(*connection_, *place->work_stub, &Stub::ClaimExecutions, request, terms).executions());
}

std::vector<Directive> ExecutionClient::Heartbeat(const std::map<std::string, int>& held, const CallOptions& options) {
  v1::HeartbeatRequest request;
  for (const auto& [id, attempt] : held) {
    v1::HeldAttempt* one = request.add_held();
    one->set_id(TextToWire(id, "held"));
    one->set_attempt(attempt);
  }
  std::vector<Directive> directives;
  const auto response = Call(*connection_, &Stub::Heartbeat, request, options);
  for (const v1::WorkDirective& directive : response.directives()) directives.push_back(FromWire(directive));
  return directives;
}

Execution ExecutionClient::Release(std::string_view id, const ReleaseOptions& options) {
  v1::ReleaseExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  if (options.delay) ToWire(*options.delay, request.mutable_delay());
  ChangeToWire(options, &request);
  return FromWire(Call(*connection_, &Stub::ReleaseExecution, request, options).execution());
}

}  // namespace croco::execution
