#include <gtest/gtest.h>

#include "scripted.hpp"

namespace croco::execution {
namespace {

v1::Execution Named(const std::string& id, const std::string& type = "") {
  v1::Execution execution;
  execution.set_id(id);
  execution.set_type(type);
  return execution;
}

TEST(Batches, EachPartHasItsAnswerOrItsProblem) {
  Scripted server;
  server.batch_get = [](int, const auto&, v1::BatchGetExecutionsResponse* response) {
    *response->add_outcomes()->mutable_execution() = Named("there");
    v1::Refusal* refusal = response->add_outcomes()->mutable_refusal();
    refusal->set_reason(v1::ERROR_REASON_EXECUTION_NOT_FOUND);
    refusal->set_code(StatusCode::NOT_FOUND);
    refusal->set_message("There is none.");
    (*refusal->mutable_metadata())["executionId"] = "gone";
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  const auto found = client.BatchGet({"there", "gone"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]->id, "there");
  EXPECT_EQ(found[0].problem(), nullptr);
  EXPECT_FALSE(found[1].ok());
  EXPECT_EQ(found[1].problem()->code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Thrown<ExecutionNotFound>([&] { found[1].value(); }).execution_id(), "gone");
}

TEST(Batches, WhatHadNoRoomIsFetchedAndMayBeGoneByThen) {
  Scripted server;
  server.batch_get = [](int, const auto&, v1::BatchGetExecutionsResponse* response) {
    for (const char* id : {"large", "deleted"}) {
      auto* outcome = response->add_outcomes();
      *outcome->mutable_execution() = Named(id);
      outcome->set_cut(true);
    }
    return grpc::Status::OK;
  };
  server.get = [](int, const v1::GetExecutionRequest& request, v1::GetExecutionResponse* response) {
    EXPECT_EQ(request.view(), v1::EXECUTION_VIEW_BASIC);
    if (request.id() == "deleted") return Refusal(StatusCode::NOT_FOUND, "EXECUTION_NOT_FOUND");
    *response->mutable_execution() = Named(request.id(), "whole");
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  const auto found = client.BatchGet({"large", "deleted"});
  EXPECT_EQ(found.at(0)->type, "whole");
  EXPECT_NE(dynamic_cast<const ExecutionNotFound*>(found.at(1).problem()), nullptr);
}

TEST(Batches, WhatCannotBeSentIsNamedWithItsPlace) {
  ExecutionClient client("127.0.0.1:1");
  const auto problem = Thrown<std::invalid_argument>([&] {
    client.BatchCreate({{.type = "a"}, {.type = "b", .payload = {{"n", 9007199254740993}}}});
  });
  EXPECT_EQ(std::string(problem.what()).rfind("requests[1].payload.n ", 0), 0U) << problem.what();
}

}  // namespace
}  // namespace croco::execution
