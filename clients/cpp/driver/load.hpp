#pragma once

#include "from_words.hpp"

namespace driver {

/// Let executions live their whole lives, several at a time, and answer how many calls that took.
Json Bench(execution::ExecutionClient& client, const Words& words);

}  // namespace driver
