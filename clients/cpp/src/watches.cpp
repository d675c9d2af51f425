#include "croco/execution/client.hpp"
#include "telling.hpp"

// The verbs that go on telling.

namespace croco::execution {

Watch::Watch(std::shared_ptr<Telling> telling) : telling_(std::move(telling)) {}

std::optional<WatchMessage> Watch::Next() { return telling_->Next(); }

void Watch::Close() { telling_->Close(); }

Watch ExecutionClient::Watch(std::string_view id, const WatchOptions& options) {
  return execution::Watch(std::make_shared<TellingBy<WatchingOne>>(
      connection_, WatchingOne(id, options),
      [](v1::ExecutionService::Stub& stub, WatchingOne& watching, auto* context, auto* queue) {
        return stub.PrepareAsyncWatchExecution(context, watching.Request(), queue);
      }));
}

Watch ExecutionClient::WatchAll(const Filter& filter, const WatchAllOptions& options) {
  return execution::Watch(std::make_shared<TellingBy<WatchingAll>>(
      connection_, WatchingAll(filter, options),
      [](v1::ExecutionService::Stub& stub, WatchingAll& watching, auto* context, auto* queue) {
        return stub.PrepareAsyncWatchExecutions(context, watching.Request(), queue);
      }));
}

}  // namespace croco::execution
