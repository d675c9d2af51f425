#include <gtest/gtest.h>

#include <thread>

#include "scripted.hpp"
#include "time.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

grpc::Status Snapshot(grpc::ServerContext& context, grpc::ServerWriter<v1::WatchExecutionResponse>& out) {
  v1::WatchExecutionResponse message;
  message.set_revision(1);
  message.set_event(v1::WATCH_EVENT_SNAPSHOT);
  out.Write(message);
  return Hang(context);
}

TEST(Closing, ACallUnderWayAndEveryLaterOneSaySo) {
  Scripted server;
  ExecutionClient client(server.target(), {.deadline = 600s});
  const std::jthread closing([&] {
    Until([&] { return server.calls() > 0; });
    client.Close();
  });
  EXPECT_THROW(client.Get("x"), ClientClosed);
  EXPECT_THROW(client.Get("x"), ClientClosed);
  EXPECT_EQ(server.calls(), 1);
}

TEST(Closing, AWatchSaysSo) {
  Scripted server;
  server.watch = [](int, const auto&, auto& context, auto& out) { return Snapshot(context, out); };
  auto client = std::make_unique<ExecutionClient>(server.target());
  Watch watch = client->Watch("x");
  EXPECT_TRUE(watch.Next());
  const std::jthread closing([&] { client.reset(); });
  EXPECT_THROW(watch.Next(), ClientClosed);
}

TEST(Closing, LongCallsHaveConnectionsOfTheirOwnAndAsManyAsTheyNeed) {
  Scripted server;
  server.start = [](int, const auto&, auto*) { return grpc::Status::OK; };
  server.watch = [](int, const auto&, auto& context, auto& out) { return Snapshot(context, out); };
  ExecutionClient client(server.target(), {.deadline = 60s, .watch_silence = 600s});
  client.Start("x");
  EXPECT_EQ(server.peers().size(), 1U);
  std::vector<Watch> watches;
  for (int at = 0; at < 101; ++at) {
    watches.push_back(client.Watch("x"));
    EXPECT_TRUE(watches.back().Next());
    EXPECT_EQ(server.peers().size(), at < 100 ? 2U : 3U);
  }
  client.Start("x");
  EXPECT_EQ(server.peers().size(), 3U);
}

TEST(Closing, EitherTokenEndsAPause) {
  std::stop_source source;
  const std::stop_token never;
  const std::jthread stopping([&] { source.request_stop(); });
  Pause(1h, source.get_token(), never);
  Pause(1h, never, source.get_token());
  Pause(1ms, never, never);
}

}  // namespace
}  // namespace croco::execution
