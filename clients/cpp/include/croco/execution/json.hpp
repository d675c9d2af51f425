#pragma once

#include <nlohmann/json.hpp>

namespace croco::execution {

/// Any JSON value. What comes back integral, up to 2^53, is an integer.
using Json = nlohmann::json;

/// Stands for a value that is not given, where null is a value of its own: `is_discarded()` tells.
inline const Json kOmitted = Json(Json::value_t::discarded);

}  // namespace croco::execution
