#pragma once

#include <grpc/support/time.h>

#include <stop_token>

#include "croco/execution/model.hpp"

namespace croco::execution {

/// Answer the moment after a time, by a clock that nobody sets.
gpr_timespec After(Duration time);

/// Wait for a time, or until either token is stopped.
void Pause(Duration time, const std::stop_token& one, const std::stop_token& other);

}  // namespace croco::execution
