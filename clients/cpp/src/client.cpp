#include "croco/execution/client.hpp"

#include "connection.hpp"

namespace croco::execution {

ExecutionClient::ExecutionClient(std::string target, ClientOptions options)
    : connection_(std::make_shared<Connection>(Settings(std::move(target), std::move(options)))) {}

ExecutionClient::~ExecutionClient() { Close(); }

void ExecutionClient::Close() { connection_->Close(); }

}  // namespace croco::execution
