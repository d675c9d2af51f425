#include <gtest/gtest.h>

#include "from_wire.hpp"
#include "to_wire.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> MaskOf(const Changes& changes) {
  v1::UpdateExecutionRequest request;
  ToWire(changes, &request);
  return {request.update_mask().paths().begin(), request.update_mask().paths().end()};
}

TEST(Requests, AnUpdateNamesWhatIsGivenAndNothingElse) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(MaskOf({}), Names());
  EXPECT_EQ(MaskOf({.metadata = nullptr, .labels = Labels()}), (Names{"metadata", "labels"}));
  EXPECT_EQ(MaskOf({.max_attempts = 2, .timeout = kCleared, .total_timeout = 30s, .retry_policy = RetryPolicy{}}),
            (Names{"max_attempts", "timeout", "total_timeout", "retry_policy"}));
  v1::UpdateExecutionRequest request;
  ToWire(Changes{.metadata = {{"who", "you"}}, .timeout = kCleared, .total_timeout = 1500ms}, &request);
  EXPECT_TRUE(request.execution().metadata().fields().contains("who"));
  EXPECT_FALSE(request.execution().has_timeout());
  EXPECT_EQ(request.execution().total_timeout().seconds(), 1);
  EXPECT_EQ(request.execution().total_timeout().nanos(), 500'000'000);
}

TEST(Requests, APayloadThatIsOmittedAndNullAreToldApart) {
  v1::CreateExecutionRequest omitted;
  ToWire(NewExecution{.type = "t"}, &omitted);
  EXPECT_FALSE(omitted.has_payload());
  v1::CreateExecutionRequest null;
  ToWire(NewExecution{.type = "t", .payload = nullptr}, &null);
  EXPECT_TRUE(null.payload().has_null_value());
  v1::CreateExecutionRequest object;
  ToWire(NewExecution{.type = "t", .payload = {{"album", 123}}}, &object);
  EXPECT_EQ(object.payload().struct_value().fields().at("album").number_value(), 123);
}

TEST(Requests, WhatIsGivenIsSentEvenIfItIsZero) {
  v1::CreateExecutionRequest request;
  ToWire(NewExecution{.type = "t", .max_attempts = 0, .priority = 0}, &request);
  EXPECT_TRUE(request.has_max_attempts());
  EXPECT_TRUE(request.has_priority());
  EXPECT_FALSE(request.has_max_crashes());
  v1::CompleteExecutionRequest change;
  ChangeToWire(EndOptions{.attempt = 0, .expected_revision = 0}, &change);
  EXPECT_TRUE(change.has_attempt());
  EXPECT_TRUE(change.has_expected_revision());
}

TEST(Requests, AFilterRefusesAStatusThatIsNone) {
  v1::ExecutionFilter filter;
  EXPECT_THROW(ToWire(Filter{.statuses = {ExecutionStatus::kUnknown}}, &filter), std::invalid_argument);
  EXPECT_THROW(ToWire(Filter{.types = {"\xff"}}, &filter), std::invalid_argument);
}

TEST(Requests, TimesComeBackAsTheyWere) {
  for (const Duration span : {Duration(0us), Duration(1us), Duration(-1500ms), Duration(std::chrono::hours(100'000))}) {
    google::protobuf::Duration duration;
    ToWire(span, &duration);
    EXPECT_EQ(FromWire(duration), span);
  }
  google::protobuf::Timestamp before;
  ToWire(Moment(-1us), &before);
  EXPECT_EQ(before.seconds(), -1);
  EXPECT_EQ(before.nanos(), 999'999'000);
}

}  // namespace
}  // namespace croco::execution
