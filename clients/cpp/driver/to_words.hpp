#pragma once

#include <croco/execution/client.hpp>

// From what the client answers to the scenario's words.

namespace driver {

namespace execution = croco::execution;
using execution::Json;

Json FromExecution(const execution::Execution& execution);
Json FromCreated(const execution::CreatedExecution& execution);
Json FromExecutions(const std::vector<execution::Execution>& executions);
Json FromMessage(const execution::WatchMessage& message);
Json FromProblem(const std::exception& problem);

}  // namespace driver
