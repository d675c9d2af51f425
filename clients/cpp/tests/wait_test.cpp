#include <gtest/gtest.h>

#include <thread>

#include "scripted.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

TEST(Wait, AsksUntilTheExecutionIsAtRest) {
  Scripted server;
  server.wait = [](int call, const v1::WaitExecutionRequest& request, v1::WaitExecutionResponse* response) {
    EXPECT_EQ(request.timeout().seconds(), 20);
    if (call == 2) return grpc::Status(StatusCode::INTERNAL, "The stream broke.");
    response->mutable_execution()->set_status(v1::EXECUTION_STATUS_COMPLETED);
    response->set_done(call == 3);
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  EXPECT_EQ(client.Wait("x").status, ExecutionStatus::kCompleted);
  EXPECT_EQ(server.calls(), 3);
}

TEST(Wait, AnswersTheExecutionAsItIsWhenItsTimeIsOver) {
  Scripted server;
  server.wait = [](int, const v1::WaitExecutionRequest& request, v1::WaitExecutionResponse* response) {
    EXPECT_EQ(request.timeout().seconds(), 0);
    response->mutable_execution()->set_status(v1::EXECUTION_STATUS_RUNNING);
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  EXPECT_EQ(client.Wait("x", {.timeout = 50ms}).status, ExecutionStatus::kRunning);
  EXPECT_EQ(client.Wait("x", {.timeout = Duration(0)}).status, ExecutionStatus::kRunning);
}

TEST(Wait, WhatDoesNotPassIsThrown) {
  Scripted server;
  server.wait = [](int, const auto&, auto*) { return Refusal(StatusCode::NOT_FOUND, "EXECUTION_NOT_FOUND"); };
  ExecutionClient client(server.target());
  EXPECT_THROW(client.Wait("x"), ExecutionNotFound);
}

TEST(Wait, EndsWhenItIsStopped) {
  Scripted server;
  server.wait = [](int, const auto&, auto*) { return grpc::Status(StatusCode::INTERNAL, "The stream broke."); };
  ExecutionClient client(server.target());
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(client.Wait("x", {.stop = source.get_token()}), Cancelled);
}

}  // namespace
}  // namespace croco::execution
