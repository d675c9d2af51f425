#include <gtest/gtest.h>

#include <typeinfo>

#include "problem_of.hpp"
#include "rpc_details.pb.h"
#include "scripted.hpp"

namespace croco::execution {
namespace {

TEST(Problems, EveryReasonHasAClass) {
  const auto* reasons = v1::ErrorReason_descriptor();
  std::set<std::string> classes;
  for (int at = 0; at < reasons->value_count(); ++at) {
    if (reasons->value(at)->number() == 0) continue;
    const std::string reason = reasons->value(at)->name().substr(std::string("ERROR_REASON_").size());
    const auto problem = ProblemOf(Refusal(StatusCode::UNKNOWN, reason));
    EXPECT_EQ(problem->reason(), reason);
    EXPECT_NE(typeid(*problem), typeid(ExecutionProblem)) << reason;
    classes.insert(typeid(*problem).name());
  }
  EXPECT_EQ(static_cast<int>(classes.size()), reasons->value_count() - 1);
}

TEST(Problems, TellAllThatTheServiceSays) {
  const auto problem = Thrown<InvalidStateTransition>([] {
    ProblemOf(
        Refusal(StatusCode::FAILED_PRECONDITION, "INVALID_STATE_TRANSITION",
                {{"executionId", "x"}, {"from", "running"}, {"to", "running"}, {"allowed", "completed, timed_out"}}))
        ->Raise();
  });
  EXPECT_STREQ(problem.what(), "No.");
  EXPECT_EQ(problem.code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(problem.from(), ExecutionStatus::kRunning);
  EXPECT_EQ(problem.allowed(), (std::vector{ExecutionStatus::kCompleted, ExecutionStatus::kTimedOut}));
  EXPECT_EQ(problem.metadata().at("executionId"), "x");
}

TEST(Problems, NumbersAreReadAndWhatIsMissingIsEmpty) {
  const auto problem = Thrown<AttemptFenced>([] {
    ProblemOf(Refusal(StatusCode::ABORTED, "ATTEMPT_FENCED", {{"attempt", "1"}, {"currentAttempt", "x"}}))->Raise();
  });
  EXPECT_EQ(problem.attempt(), 1);
  EXPECT_EQ(problem.current_attempt(), 0);
  EXPECT_EQ(problem.status(), ExecutionStatus::kUnknown);
  EXPECT_EQ(problem.cause(), "");
}

TEST(Problems, FieldsAndTheRetryDelayAreTold) {
  client::BadRequest request;
  request.add_field_violations()->set_field("type");
  client::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  client::Status status;
  for (const auto& [name, detail] : {std::pair<std::string, const google::protobuf::Message*>("BadRequest", &request),
                                     {"RetryInfo", &retry},
                                     {"Help", &retry}}) {
    status.add_details()->set_type_url("type.googleapis.com/google.rpc." + name);
    status.mutable_details()->rbegin()->set_value(detail->SerializeAsString());
  }
  const auto problem = ProblemOf(grpc::Status(StatusCode::INVALID_ARGUMENT, "No.", status.SerializeAsString()));
  ASSERT_EQ(problem->field_violations().size(), 1U);
  EXPECT_EQ(problem->field_violations()[0].field, "type");
  EXPECT_EQ(problem->retry_delay(), std::chrono::milliseconds(250));
}

TEST(Problems, AReasonThatIsNotKnownComesAsTheClassOfItsCode) {
  const auto problem = ProblemOf(Refusal(StatusCode::UNAVAILABLE, "MOON_IN_THE_WAY", {{"moon", "full"}}));
  EXPECT_EQ(typeid(*problem), typeid(Unavailable));
  EXPECT_EQ(problem->reason(), "MOON_IN_THE_WAY");
  EXPECT_EQ(problem->metadata().at("moon"), "full");
  const auto other = ProblemOf(Refusal(StatusCode::DATA_LOSS, "MOON_IN_THE_WAY"));
  EXPECT_EQ(typeid(*other), typeid(ExecutionProblem));
}

TEST(Problems, AReasonOfAnotherDomainIsNone) {
  const auto problem = ProblemOf(Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE", {}, "elsewhere.dev"));
  EXPECT_EQ(typeid(*problem), typeid(Unavailable));
  EXPECT_EQ(problem->reason(), "");
}

TEST(Problems, MangledDetailsAreLeftOut) {
  const auto problem = ProblemOf(grpc::Status(StatusCode::CANCELLED, "", "\xff\xff"));
  EXPECT_EQ(typeid(*problem), typeid(Cancelled));
  EXPECT_STREQ(problem->what(), "CANCELLED");
}

TEST(Problems, ACopyKeepsTheClass) {
  const auto problem = ProblemOf(Refusal(StatusCode::UNAVAILABLE, "SERVER_DRAINING", {{"revision", "7"}}));
  const auto copy = problem->Copy();
  EXPECT_EQ(dynamic_cast<const ServerDraining&>(*copy).revision(), 7);
  EXPECT_THROW(copy->Raise(), Unavailable);
}

}  // namespace
}  // namespace croco::execution
