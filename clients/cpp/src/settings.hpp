#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <string>

#include "croco/execution/options.hpp"

namespace croco::execution {

/// How a client connects: what it was told, and what gRPC is told.
class Settings {
 public:
  /// Throws std::invalid_argument; see ExecutionClient.
  Settings(std::string target, ClientOptions options);

  const std::string& target() const { return target_; }
  Duration deadline() const { return options_.deadline; }
  Duration watch_silence() const { return options_.watch_silence; }

  std::shared_ptr<grpc::ChannelCredentials> Credentials() const;

  /// Answer the options of a channel. With `own_connection` it shares its connections with no other channel of this
  /// program, as channels with the same target and options do otherwise.
  grpc::ChannelArguments Arguments(bool own_connection) const;

  /// Tell the service who calls, and what the caller adds. Throws what that throws; see ClientOptions::metadata.
  void Sign(grpc::ClientContext* context) const;

 private:
  std::string target_;
  ClientOptions options_;
  bool on_this_machine_;
};

}  // namespace croco::execution
