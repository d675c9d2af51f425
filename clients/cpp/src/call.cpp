#include "call.hpp"

#include <sstream>

namespace croco::execution {

void RaiseFailed(const grpc::Status& status, const Connection& connection, Duration deadline) {
  connection.RequireOpen();
  if (status.error_code() == StatusCode::DEADLINE_EXCEEDED) {
    // gRPC waits for a server that is not there until the deadline, and then does not say so.
    std::ostringstream message;
    message << status.error_message() << " (" << connection.settings().target() << " gave no answer within "
            << std::chrono::duration<double>(deadline).count() << " s: can it be reached?)";
    ProblemOf(grpc::Status(status.error_code(), message.str(), status.error_details()))->Raise();
  }
  ProblemOf(status)->Raise();
}

}  // namespace croco::execution
