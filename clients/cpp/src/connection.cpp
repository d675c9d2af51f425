#include "connection.hpp"

#include <grpcpp/create_channel.h>

#include <algorithm>

#include "croco/execution/problems.hpp"

namespace croco::execution {
namespace {

/// How many long calls share a connection. Servers that limit streams per connection allow at least 100 (RFC 9113).
constexpr long kPlaces = 100;

/// The users of a line beside the list that it is in.
long CallsOn(const std::shared_ptr<Line>& line) { return line.use_count() - 1; }

}  // namespace

std::shared_ptr<Line> Connection::Short() {
  const std::lock_guard lock(mutex_);
  RequireOpen();
  if (!short_) short_ = Open(/*own_connection=*/false);
  return short_;
}

Place Connection::Long() {
  const std::lock_guard lock(mutex_);
  RequireOpen();
  const auto free = std::find_if(long_.begin(), long_.end(), [](const auto& line) { return CallsOn(line) < kPlaces; });
  if (free != long_.end()) return *free;
  return long_.emplace_back(Open(/*own_connection=*/true));
}

void Connection::Close() {
  closing_.request_stop();
  const std::lock_guard lock(mutex_);
  short_.reset();
  long_.clear();
}

void Connection::RequireOpen() const {
  if (closing_.stop_requested()) {
    throw ClientClosed({.message = "The client is closed.", .code = StatusCode::CANCELLED});
  }
}

std::shared_ptr<Line> Connection::Open(bool own_connection) const {
  const auto channel =
      grpc::CreateCustomChannel(settings_.target(), settings_.Credentials(), settings_.Arguments(own_connection));
  return std::make_shared<Line>(Line{v1::ExecutionService::NewStub(channel), v1::WorkerService::NewStub(channel)});
}

}  // namespace croco::execution
