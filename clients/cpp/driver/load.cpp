#include "load.hpp"

#include <atomic>
#include <list>

#include "background.hpp"

namespace driver {
namespace {

constexpr int kCallsPerLife = 6;

void Live(execution::ExecutionClient& client, const execution::NewExecution& one) {
  const std::string id = client.Create(one).id;
  const int attempt = client.Start(id).attempts;
  for (int page = 1; page <= 3; ++page) {
    client.UpdateProgress(id, {.current = double(page), .total = 3, .message = "Rendering"}, {.attempt = attempt});
  }
  client.Complete(id, {{"pages", 3}}, {.attempt = attempt});
}

}  // namespace

Json Bench(execution::ExecutionClient& client, const Words& words) {
  const int lifecycles = words.Number<int>("lifecycles").value();
  const execution::NewExecution one{.type = words.Text("type"), .payload = words.Value("payload")};
  std::atomic<int> left = lifecycles;
  std::list<Call> loops;
  for (int at = words.Number<int>("concurrency").value(); at > 0; --at) {
    loops.emplace_back([&](std::stop_token) {
      while (left-- > 0) Live(client, one);
      return Json();
    });
  }
  for (Call& loop : loops) loop.Finish();
  return {{"calls", lifecycles * kCallsPerLife}};
}

}  // namespace driver
