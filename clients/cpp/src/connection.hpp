#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "croco/execution/v1/execution_service.grpc.pb.h"
#include "croco/execution/v1/worker_service.grpc.pb.h"
#include "settings.hpp"

namespace croco::execution {

/// A channel's stubs.
struct Line {
  std::unique_ptr<v1::ExecutionService::Stub> stub;
  std::unique_ptr<v1::WorkerService::Stub> work_stub;
};

/// A long call's place on a line, given back in the end.
using Place = std::shared_ptr<Line>;

/// The channels of one client: one for short calls, others for long ones.
///
/// A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in silence.
/// Long calls (watches, waits) would thus stop the short ones, so they have connections of their own, and as many as
/// they need.
class Connection {
 public:
  explicit Connection(Settings settings) : settings_(std::move(settings)) {}

  const Settings& settings() const { return settings_; }

  /// What ends when the client is closed.
  std::stop_token closing() const { return closing_.get_token(); }

  /// Answer the line for short calls. Throws ClientClosed.
  std::shared_ptr<Line> Short();

  /// Answer a place for one long call. Throws ClientClosed.
  Place Long();

  /// End all calls, and take no more.
  void Close();

  /// Throws ClientClosed if it is.
  void RequireOpen() const;

 private:
  std::shared_ptr<Line> Open(bool own_connection) const;

  const Settings settings_;
  std::stop_source closing_;
  std::mutex mutex_;
  std::shared_ptr<Line> short_;
  std::vector<std::shared_ptr<Line>> long_;
};

}  // namespace croco::execution
