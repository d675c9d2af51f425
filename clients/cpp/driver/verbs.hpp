#pragma once

#include "from_words.hpp"

namespace driver {

/// Do a verb of the client and answer what came back, in the scenario's words.
Json Perform(execution::ExecutionClient& client, const std::string& verb, const Words& words, std::stop_token stop);

}  // namespace driver
