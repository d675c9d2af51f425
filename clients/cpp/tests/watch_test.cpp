#include <gtest/gtest.h>

#include <thread>

#include "scripted.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;
using Request = v1::WatchExecutionRequest;
using Out = grpc::ServerWriter<v1::WatchExecutionResponse>;

void Tell(Out& out, int revision, v1::WatchEvent event, v1::ExecutionStatus status) {
  v1::WatchExecutionResponse message;
  message.set_revision(revision);
  message.set_event(event);
  message.mutable_execution()->set_status(status);
  out.Write(message);
}

std::vector<std::int64_t> Revisions(Watch watch) {
  std::vector<std::int64_t> revisions;
  for (const auto& message : watch) revisions.push_back(message.revision);
  return revisions;
}

TEST(Watching, GoesOnOverBrokenStreamsWithoutAGapAndWithoutARepeat) {
  Scripted server;
  std::vector<std::int64_t> asked;
  server.watch = [&](int call, const Request& request, grpc::ServerContext&, Out& out) {
    asked.push_back(request.has_after_revision() ? request.after_revision() : 0);
    if (call == 1) {
      Tell(out, 1, v1::WATCH_EVENT_SNAPSHOT, v1::EXECUTION_STATUS_PENDING);
      Tell(out, 2, v1::WATCH_EVENT_STATUS_CHANGED, v1::EXECUTION_STATUS_RUNNING);
      return Refusal(StatusCode::UNAVAILABLE, "SERVER_DRAINING");
    }
    if (call == 2) return grpc::Status(StatusCode::INTERNAL, "The stream broke.");
    Tell(out, 2, v1::WATCH_EVENT_STATUS_CHANGED, v1::EXECUTION_STATUS_RUNNING);
    Tell(out, 3, v1::WATCH_EVENT_UPDATED, v1::EXECUTION_STATUS_RUNNING);
    if (call == 3) return grpc::Status::OK;  // It is active still: this was no end.
    Tell(out, 4, v1::WATCH_EVENT_STATUS_CHANGED, v1::EXECUTION_STATUS_COMPLETED);
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  EXPECT_EQ(Revisions(client.Watch("x")), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 2, 2, 3}));
}

TEST(Watching, AnEndStaysTheEnd) {
  Scripted server;
  server.watch = [](int, const Request&, auto&, Out&) { return Refusal(StatusCode::NOT_FOUND, "EXECUTION_NOT_FOUND"); };
  ExecutionClient client(server.target());
  Watch watch = client.Watch("x");
  EXPECT_THROW(watch.Next(), ExecutionNotFound);
  EXPECT_FALSE(watch.Next());
  EXPECT_EQ(server.calls(), 1);
}

TEST(Watching, GivesUpWhenItsStreamsKeepBreaking) {
  Scripted server;
  server.watch = [](int, const Request&, auto&, Out&) { return grpc::Status(StatusCode::INTERNAL, "It broke."); };
  ExecutionClient client(server.target());
  EXPECT_EQ(Thrown<ExecutionProblem>([&] { client.Watch("x").Next(); }).code(), StatusCode::INTERNAL);
  EXPECT_EQ(server.calls(), 6);
}

TEST(Watching, EndsWhenItIsClosedByAnotherThread) {
  Scripted server;
  std::atomic<bool> left = false;
  server.watch = [&](int, const Request&, grpc::ServerContext& context, Out& out) {
    Tell(out, 1, v1::WATCH_EVENT_SNAPSHOT, v1::EXECUTION_STATUS_RUNNING);
    Hang(context);
    left = true;
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  Watch watch = client.Watch("x");
  EXPECT_TRUE(watch.Next());
  const std::jthread closing([&] { watch.Close(); });
  EXPECT_FALSE(watch.Next());
  Until([&] { return left.load(); });
}

TEST(Watching, EndsItsCallWhenItIsLeft) {
  Scripted server;
  std::atomic<bool> left = false;
  server.watch = [&](int, const Request&, grpc::ServerContext& context, Out& out) {
    Tell(out, 1, v1::WATCH_EVENT_SNAPSHOT, v1::EXECUTION_STATUS_RUNNING);
    Tell(out, 2, v1::WATCH_EVENT_UPDATED, v1::EXECUTION_STATUS_RUNNING);
    Hang(context);
    left = true;
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target());
  for (const auto& message : client.Watch("x")) {
    EXPECT_EQ(message.revision, 1);
    break;
  }
  Until([&] { return left.load(); });
}

TEST(Watching, TakesASilentStreamForLost) {
  Scripted server;
  server.watch = [&](int call, const Request&, grpc::ServerContext& context, Out& out) {
    if (call == 1) return Hang(context);
    Tell(out, 2, v1::WATCH_EVENT_SNAPSHOT, v1::EXECUTION_STATUS_COMPLETED);
    return grpc::Status::OK;
  };
  ExecutionClient client(server.target(), {.watch_silence = 1s});
  EXPECT_EQ(Revisions(client.Watch("x")), std::vector<std::int64_t>{2});
  EXPECT_GT(server.calls(), 1);
}

TEST(Watching, WaitsForAServerThatIsNotThereUntilItIsClosed) {
  ExecutionClient client("127.0.0.1:1", {.watch_silence = 100ms});
  Watch watch = client.Watch("x");
  const std::jthread closing([&] {
    std::this_thread::sleep_for(500ms);  // Some streams are lost by then, or none: the watch must end either way.
    watch.Close();
  });
  EXPECT_FALSE(watch.Next());
}

}  // namespace
}  // namespace croco::execution
