#pragma once

#include <grpcpp/support/status.h>

#include "croco/execution/problems.hpp"
#include "croco/execution/v1/error_reason.pb.h"

namespace croco::execution {

/// Answer the problem that a failed call stands for: by its reason, else by its code.
std::shared_ptr<const ExecutionProblem> ProblemOf(const grpc::Status& status);

/// Answer what the problem of a call of its own would have been for one part of a call.
std::shared_ptr<const ExecutionProblem> ProblemOf(const v1::Refusal& refusal);

}  // namespace croco::execution
