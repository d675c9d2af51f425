#include <gtest/gtest.h>

#include "json_wire.hpp"

namespace croco::execution {
namespace {

Json ThereAndBack(const Json& json) {
  google::protobuf::Value value;
  ToWire(json, "payload", &value);
  return FromWire(value);
}

std::string Refused(const Json& json) {
  google::protobuf::Value value;
  try {
    ToWire(json, "payload", &value);
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "nothing was refused";
}

Json Nested(int levels) {
  Json json = "x";
  for (int level = 0; level < levels; ++level) json = Json::array({json});
  return json;
}

TEST(JsonValues, ComeBackAsTheyWere) {
  const Json json = {{"null", nullptr}, {"true", true},           {"text", "Grüße"},          {"half", 0.5},
                     {"list", {1, 2}},  {"empty", Json::array()}, {"object", Json::object()}, {"", -1}};
  EXPECT_EQ(ThereAndBack(json), json);
  EXPECT_EQ(ThereAndBack(nullptr), nullptr);
}

TEST(JsonValues, WhatIsIntegralIsAnIntegerUpToTwoToTheFiftyThree) {
  EXPECT_TRUE(ThereAndBack(3).is_number_integer());
  EXPECT_TRUE(ThereAndBack(3.0).is_number_integer());
  EXPECT_TRUE(ThereAndBack(3.5).is_number_float());
  EXPECT_EQ(ThereAndBack(9007199254740992), 9007199254740992);
  EXPECT_EQ(ThereAndBack(-9007199254740992), -9007199254740992);
  EXPECT_TRUE(ThereAndBack(1e300).is_number_float());
}

TEST(JsonValues, WhatAValueCannotHoldIsRefusedWithItsPath) {
  const std::string beyond = "is an integer beyond 2^53, which JSON numbers cannot hold exactly.";
  EXPECT_EQ(Refused({{"items", {1, 2, 9007199254740993}}}), "payload.items[2] " + beyond);
  EXPECT_EQ(Refused(-9007199254740993), "payload " + beyond);
  EXPECT_EQ(Refused(18446744073709551615ULL), "payload " + beyond);
  const std::string infinite = "is not a finite number, which JSON does not have.";
  EXPECT_EQ(Refused({{"x", std::numeric_limits<double>::quiet_NaN()}}), "payload.x " + infinite);
  EXPECT_EQ(Refused({{"x", -std::numeric_limits<double>::infinity()}}), "payload.x " + infinite);
  EXPECT_EQ(Refused(Json::binary({1})), "payload is binary, which JSON does not have.");
  EXPECT_EQ(Refused(Json::array({kOmitted})), "payload[0] is omitted, which a part of a value cannot be.");
}

TEST(JsonValues, TextThatIsNotUtf8IsRefused) {
  EXPECT_EQ(ThereAndBack("a\u00fc\u20ac\U0001F600"), "a\u00fc\u20ac\U0001F600");
  for (const char* text : {"\xff", "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf0\x80\x80\x80", "\xe2\x82", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(Refused({{"x", {text, 1}}}), "payload.x[0] is not UTF-8 text.") << Json(text).size();
    EXPECT_EQ(Refused(Json::object({{text, 1}})), "A key of payload is not UTF-8 text.");
  }
}

TEST(JsonValues, ThirtyLevelsAreTaken) {
  EXPECT_EQ(ThereAndBack(Nested(30)), Nested(30));
  EXPECT_NE(Refused(Nested(31)).find("payload[0][0]"), std::string::npos);
  EXPECT_NE(Refused(Nested(31)).find("is nested deeper than 30 levels."), std::string::npos);
}

TEST(JsonValues, WhatMustBeAnObjectIsRefusedIfItIsNone) {
  google::protobuf::Struct object;
  EXPECT_THROW(ToWire(Json::array({"who", "you"}), "metadata", &object), std::invalid_argument);
  google::protobuf::Map<std::string, google::protobuf::Value> values;
  EXPECT_THROW(ToWire(1, "checkpoints", &values), std::invalid_argument);
  ToWire(kOmitted, "checkpoints", &values);
  EXPECT_TRUE(values.empty());
}

}  // namespace
}  // namespace croco::execution
