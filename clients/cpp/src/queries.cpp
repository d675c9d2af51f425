#include <algorithm>

#include "call.hpp"
#include "croco/execution/client.hpp"
#include "from_wire.hpp"
#include "json_wire.hpp"
#include "resume.hpp"
#include "to_wire.hpp"

// The verbs that change nothing.

namespace croco::execution {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Stub = v1::ExecutionService::Stub;

/// How long one call of a wait lasts: shorter than what proxies allow a silent call.
constexpr Duration kOneWait = 20s;
/// How much longer the deadline of such a call is.
constexpr Duration kGrace = 5s;
/// Longer than anybody waits, and still a moment that the clock has.
constexpr Duration kForever = std::chrono::hours(24 * 365 * 100);

v1::WaitExecutionResponse WaitOnce(Connection& connection, std::string_view id, Duration time,
                                   const WaitOptions& options) {
  v1::WaitExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  request.set_view(ToWire(options.view));
  ToWire(time, request.mutable_timeout());
  const Place place = connection.Long();
  return Invoke(connection, *place->stub, &Stub::WaitExecution, request, {time + kGrace, options.stop});
}

}  // namespace

Execution ExecutionClient::Get(std::string_view id, const ReadOptions& options) {
  v1::GetExecutionRequest request;
  request.set_id(TextToWire(id, "id"));
  request.set_view(ToWire(options.view));
  return FromWire(Call(*connection_, &Stub::GetExecution, request, options).execution());
}

Execution ExecutionClient::GetByIdempotencyKey(std::string_view idempotency_key, const ReadOptions& options) {
  v1::GetExecutionByIdempotencyKeyRequest request;
  request.set_idempotency_key(TextToWire(idempotency_key, "idempotency_key"));
  request.set_view(ToWire(options.view));
  return FromWire(Call(*connection_, &Stub::GetExecutionByIdempotencyKey, request, options).execution());
}

std::optional<Execution> ExecutionList::Next() {
  while (at_ == page_.executions.size()) {
    if (last_) return std::nullopt;
    page_ = ask_(token_);
    at_ = 0;
    token_ = page_.next_page_token;
    last_ = token_.empty();
  }
  return std::move(page_.executions[at_++]);
}

ExecutionList ExecutionClient::List(const Filter& filter, const ListOptions& options) {
  const auto ask = [this, filter, options](const std::string& page_token) {
    ListOptions page = options;
    page.page_token = page_token;
    return ListPage(filter, page);
  };
  return {ask, options.page_token};
}

Page ExecutionClient::ListPage(const Filter& filter, const ListOptions& options) {
  v1::ListExecutionsRequest request;
  ToWire(filter, request.mutable_filter());
  request.set_page_size(options.page_size);
  request.set_page_token(TextToWire(options.page_token, "page_token"));
  request.set_order_by(options.oldest_first ? "created_at" : "created_at desc");
  request.set_view(ToWire(options.view));
  const auto response = Call(*connection_, &Stub::ListExecutions, request, options);
  return {AllFromWire(response.executions()), response.next_page_token()};
}

Count ExecutionClient::Count(const Filter& filter, const CallOptions& options) {
  v1::CountExecutionsRequest request;
  ToWire(filter, request.mutable_filter());
  return FromWire(Call(*connection_, &Stub::CountExecutions, request, options));
}

Execution ExecutionClient::Wait(std::string_view id, const WaitOptions& options) {
  const auto end = Clock::now() + std::min(options.timeout.value_or(kForever), kForever);
  Resume resume;
  while (true) {
    const auto left = std::chrono::duration_cast<Duration>(end - Clock::now());
    Duration pause;
    try {
      const auto response = WaitOnce(*connection_, id, std::clamp<Duration>(left, 1ms, kOneWait), options);
      resume.Succeeded();
      if (response.done() || Clock::now() >= end) return FromWire(response.execution());
      continue;
    } catch (const ExecutionProblem& problem) {
      const auto after = resume.PauseAfter(problem);
      if (!after || options.stop.stop_requested() || Clock::now() + *after >= end) throw;
      pause = *after;
    }
    Pause(pause, connection_->closing(), options.stop);
  }
}

ServerInfo ExecutionClient::ServerInfo(const CallOptions& options) {
  return FromWire(Call(*connection_, &Stub::GetServerInfo, v1::GetServerInfoRequest(), options));
}

}  // namespace croco::execution
