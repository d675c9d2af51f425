#include <gtest/gtest.h>

#include <regex>
#include <thread>

#include "scripted.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

TEST(Calls, WhatMayPassByItselfIsRepeatedAsTheSameRequest) {
  Scripted server;
  std::vector<std::string> request_ids;
  server.start = [&](int call, const v1::StartExecutionRequest& request, v1::StartExecutionResponse* response) {
    request_ids.push_back(request.request_id());
    if (call == 1) return Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE");
    if (call == 2) return grpc::Status(StatusCode::CANCELLED, "The server stops.");
    response->mutable_execution()->set_attempts(1);
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target(), {.deadline = 60s});
  EXPECT_EQ(client.Start("x").attempts, 1);
  ASSERT_EQ(request_ids.size(), 3U);
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(request_ids[0], uuid)) << request_ids[0];
  EXPECT_EQ(request_ids, std::vector<std::string>(3, request_ids[0]));
}

TEST(Calls, EachCallHasANameOfItsOwnUnlessItIsGivenOne) {
  Scripted server;
  std::vector<std::string> request_ids;
  server.start = [&](int, const v1::StartExecutionRequest& request, v1::StartExecutionResponse*) {
    request_ids.push_back(request.request_id());
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  client.Start("x");
  client.Start("x");
  client.Start("x", {.request_id = "mine"});
  EXPECT_NE(request_ids.at(0), request_ids.at(1));
  EXPECT_EQ(request_ids.at(2), "mine");
}

TEST(Calls, WhatIsLargeIsRepeatedToo) {
  Scripted server;
  server.start = [](int call, const auto&, auto*) {
    return call == 1 ? Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE") : grpc::Status::OK;
  };
  ExecutionClient client(server.target(), {.deadline = 60s});
  client.Start(std::string(3 << 20, 'x'));
  EXPECT_EQ(server.calls(), 2);
}

TEST(Calls, AProxyIsNotAskedForThisMachine) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  Scripted server;
  server.start = [](int, const auto&, auto*) { return grpc::Status::OK; };
  EXPECT_NO_THROW(ExecutionClient(server.target()).Start("x"));
  unsetenv("http_proxy");
}

TEST(Calls, AfterFiveTriesTheProblemIsThrownForWhatItIs) {
  Scripted server;
  server.start = [](int, const auto&, auto*) { return Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE"); };
  ExecutionClient client(server.target(), {.deadline = 120s});
  EXPECT_THROW(client.Start("x"), StoreUnavailable);
  EXPECT_EQ(server.calls(), 5);
}

TEST(Calls, AClaimIsNotRepeated) {
  Scripted server;
  server.claim = [](int, const auto&, auto*) { return Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE"); };
  ExecutionClient client(server.target());
  EXPECT_THROW(client.Claim("worker", {"type"}), StoreUnavailable);
  EXPECT_EQ(server.calls(), 1);
}

TEST(Calls, ARefusalIsNotRepeated) {
  Scripted server;
  server.start = [](int, const auto&, auto*) { return Refusal(StatusCode::ABORTED, "CONTENTION"); };
  ExecutionClient client(server.target());
  EXPECT_THROW(client.Start("x"), Contention);
  EXPECT_EQ(server.calls(), 1);
}

TEST(Calls, WhenADeadlineHasPassedTheTargetIsTold) {
  Scripted server;
  ExecutionClient client(server.target(), {.deadline = 60s});
  const auto problem = Thrown<DeadlineExceeded>([&] { client.Get("x", {.deadline = 50ms}); });
  EXPECT_NE(std::string(problem.what()).find(server.target() + " gave no answer within 0.05 s"), std::string::npos)
      << problem.what();
}

TEST(Calls, ACallWithoutADeadlineHasTheClients) {
  Scripted server;
  ExecutionClient client(server.target(), {.deadline = 50ms});
  EXPECT_THROW(client.Get("x"), DeadlineExceeded);
}

TEST(Calls, AStoppedCallEndsAndIsNotRepeated) {
  Scripted server;
  ExecutionClient client(server.target(), {.deadline = 600s});
  std::stop_source source;
  const std::jthread stopping([&] {
    Until([&] { return server.calls() > 0; });
    source.request_stop();
  });
  EXPECT_THROW(client.Get("x", {.stop = source.get_token()}), Cancelled);
  EXPECT_EQ(server.calls(), 1);
  EXPECT_THROW(client.Get("x", {.stop = source.get_token()}), Cancelled);
}

TEST(Calls, ATokenIsSentWithEveryCall) {
  Scripted server;
  server.start = [](int, const auto&, auto*) { return grpc::Status::OK; };
  server.watch = [](int, const auto&, auto&, auto&) { return Refusal(StatusCode::NOT_FOUND, "EXECUTION_NOT_FOUND"); };
  ExecutionClient client(server.target(), {.token = "secret"});
  client.Start("x");
  EXPECT_EQ(server.said("authorization").back(), "Bearer secret");
  ExecutionClient(server.target()).Start("x");
  EXPECT_EQ(server.said("authorization").back(), "");
  EXPECT_THROW(client.Watch("x").Next(), ExecutionNotFound);
  EXPECT_EQ(server.said("authorization").back(), "Bearer secret");
}

}  // namespace
}  // namespace croco::execution
