#include <gtest/gtest.h>

#include <algorithm>

#include "from_wire.hpp"

namespace croco::execution {
namespace {

/// Every value of an enum of the contract must have the name here that it has there.
template <class Word>
void ExpectNames(const google::protobuf::EnumDescriptor* words, const std::string& prefix) {
  for (int at = 0; at < words->value_count(); ++at) {
    const auto* value = words->value(at);
    std::string name = value->name().substr(prefix.size());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(Name(static_cast<Word>(value->number())), value->number() == 0 ? "unknown" : name);
  }
  EXPECT_EQ(Name(static_cast<Word>(words->value_count())), "unknown") << "the contract does not have it";
}

TEST(Words, EveryWordOfTheContractIsKnown) {
  ExpectNames<ExecutionStatus>(v1::ExecutionStatus_descriptor(), "EXECUTION_STATUS_");
  ExpectNames<StatusReason>(v1::StatusReason_descriptor(), "STATUS_REASON_");
  ExpectNames<WatchEvent>(v1::WatchEvent_descriptor(), "WATCH_EVENT_");
  ExpectNames<StoreKind>(v1::StoreKind_descriptor(), "STORE_KIND_");
  ExpectNames<DurabilityClass>(v1::DurabilityClass_descriptor(), "DURABILITY_CLASS_");
}

TEST(Words, WhatANewerServerSaysIsUnknown) {
  v1::Execution message;
  message.set_status(static_cast<v1::ExecutionStatus>(99));
  message.set_status_reason(static_cast<v1::StatusReason>(-1));
  EXPECT_EQ(FromWire(message).status, ExecutionStatus::kUnknown);
  EXPECT_EQ(FromWire(message).status_reason, StatusReason::kUnknown);
  EXPECT_EQ(FromWire(static_cast<v1::WatchEvent>(1000)), WatchEvent::kUnknown);
  EXPECT_FALSE(AtRest(ExecutionStatus::kUnknown));
}

TEST(Words, StatusesAreFoundByTheirNames) {
  EXPECT_EQ(StatusNamed("timed_out"), ExecutionStatus::kTimedOut);
  EXPECT_EQ(StatusNamed("paused"), ExecutionStatus::kUnknown);
}

}  // namespace
}  // namespace croco::execution
