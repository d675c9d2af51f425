#include "metadata.hpp"

#include <gtest/gtest.h>

#include "scripted.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;
using Headers = std::map<std::string, std::string>;
using Texts = std::vector<std::string>;

/// Answers another trace each time that it is asked.
std::function<Headers()> Traces() {
  return [asked = 0]() mutable { return Headers{{"traceparent", std::to_string(++asked)}}; };
}

TEST(Metadata, IsAskedForBeforeACallAndGoesWithItsRepeats) {
  Scripted server;
  server.start = [](int call, const auto&, auto*) {
    return call == 1 ? Refusal(StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE") : grpc::Status::OK;
  };
  server.claim = [](int, const auto&, auto*) { return grpc::Status::OK; };
  ExecutionClient client(server.target(), {.token = "secret", .metadata = Traces(), .deadline = 60s});
  client.Start("x");
  client.Claim("worker", {"type"});
  EXPECT_EQ(server.said("traceparent"), (Texts{"1", "1", "2"}));
  EXPECT_EQ(server.said("authorization"), Texts(3, "Bearer secret"));
}

TEST(Metadata, IsAskedForBeforeEveryStreamOfAWatch) {
  Scripted server;
  server.watch = [](int call, const auto&, auto&, auto& out) {
    v1::WatchExecutionResponse message;
    message.set_revision(call);
    message.set_event(v1::WATCH_EVENT_SNAPSHOT);
    out.Write(message);
    // It has told something, so it is the client and not gRPC that opens another.
    return call == 1 ? Refusal(StatusCode::UNAVAILABLE, "SERVER_DRAINING") : grpc::Status::OK;
  };
  ExecutionClient client(server.target(), {.metadata = Traces()});
  Watch watch = client.Watch("x");
  EXPECT_EQ(watch.Next()->revision, 1);
  EXPECT_EQ(watch.Next()->revision, 2);
  EXPECT_EQ(server.said("traceparent"), (Texts{"1", "2"}));
}

TEST(Metadata, WhatItThrowsComesOutOfTheCallAndNothingIsSent) {
  Scripted server;
  const auto broken = []() -> Headers { throw std::domain_error("No trace."); };
  ExecutionClient client(server.target(), {.metadata = broken});
  EXPECT_THROW(client.Start("x"), std::domain_error);
  EXPECT_THROW(client.Wait("x"), std::domain_error);
  Watch watch = client.Watch("x");
  EXPECT_THROW(watch.Next(), std::domain_error);
  EXPECT_EQ(server.calls(), 0);
}

TEST(Metadata, WhatCannotBeSentComesOutOfTheCallAndNothingIsSent) {
  Scripted server;
  ExecutionClient client(server.target(), {.metadata = [] { return Headers{{"Authorization", "mine"}}; }});
  const auto problem = Thrown<std::invalid_argument>([&] { client.Start("x"); });
  EXPECT_NE(std::string(problem.what()).find("\"Authorization\""), std::string::npos) << problem.what();
  EXPECT_THROW(client.Watch("x").Next(), std::invalid_argument);
  EXPECT_EQ(server.calls(), 0);
}

TEST(Metadata, NamesAreTakenInAnyCaseAndValuesMayBeEmpty) {
  Scripted server;
  server.start = [](int, const auto&, auto*) { return grpc::Status::OK; };
  const Headers headers = {{"X-B3-TraceId", "~ 1"}, {"tracestate", ""}};
  ExecutionClient(server.target(), {.metadata = [&] { return headers; }}).Start("x");
  EXPECT_EQ(server.said("x-b3-traceid"), Texts{"~ 1"});
}

TEST(Metadata, WhatNoHeaderCanHoldIsRefused) {
  grpc::ClientContext context;
  for (const char* name : {"", "two words", ":path", "a/b", "na\xc3\xafve", "line\n", "trace-bin", "te", "Grpc-X"}) {
    EXPECT_THROW(AddMetadata({{name, "x"}}, &context), std::invalid_argument) << name;
  }
  for (const char* value : {"line\n", "\t", "\xc3\xbc", "\x7f"}) {
    EXPECT_THROW(AddMetadata({{"name", value}}, &context), std::invalid_argument) << value;
  }
}

}  // namespace
}  // namespace croco::execution
