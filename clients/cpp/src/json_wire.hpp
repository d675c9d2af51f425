#pragma once

#include <google/protobuf/struct.pb.h>

#include <string_view>

#include "croco/execution/json.hpp"

// JSON values between the program and google.protobuf.Value.
//
// A Value holds every number as a double. So that what was sent comes back as it was, an integral double of up to 2^53
// is an integer here, and an integer beyond that is refused instead of being rounded without a word. Everything else
// that a Value cannot hold is refused too, with the path of the culprit, before anything is sent.

namespace croco::execution {

/// Convert a JSON value. `path` is what to call it in an error, as in `payload`.
///
/// Throws std::invalid_argument: an integer is beyond 2^53, a number is not finite, a text is not UTF-8, the nesting is
/// deeper than 30 levels, or a part is binary or omitted.
void ToWire(const Json& json, const std::string& path, google::protobuf::Value* value);

/// Convert an object.
void ToWire(const Json& json, const std::string& path, google::protobuf::Struct* object);

/// Convert the values of an object under their keys; an omitted one has none.
void ToWire(const Json& json, const std::string& path,
            google::protobuf::Map<std::string, google::protobuf::Value>* values);

/// Answer a text that can be sent.
///
/// Throws std::invalid_argument: it is not UTF-8.
std::string TextToWire(std::string_view text, const std::string& path);

Json FromWire(const google::protobuf::Value& value);
Json FromWire(const google::protobuf::Struct& object);

}  // namespace croco::execution
