#pragma once

#include <grpcpp/client_context.h>

#include <map>
#include <string>

namespace croco::execution {

/// Add headers of the caller's own to a call. Throws std::invalid_argument: one cannot be sent, or is not the caller's.
void AddMetadata(const std::map<std::string, std::string>& headers, grpc::ClientContext* context);

}  // namespace croco::execution
