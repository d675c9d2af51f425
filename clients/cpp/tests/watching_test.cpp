#include "watching.hpp"

#include <gtest/gtest.h>

#include "croco/execution/problems.hpp"
#include "resume.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

v1::WatchExecutionsResponse Message(const std::string& id, int revision, v1::WatchEvent event,
                                    v1::ExecutionStatus status = v1::EXECUTION_STATUS_RUNNING) {
  v1::WatchExecutionsResponse message;
  message.set_id(id);
  message.set_revision(revision);
  message.set_event(event);
  if (event == v1::WATCH_EVENT_SNAPSHOT) message.mutable_execution()->set_status(status);
  if (event == v1::WATCH_EVENT_STATUS_CHANGED) message.mutable_change()->set_to(status);
  return message;
}

/// What is told of a message: events with ids and revisions.
std::string Told(WatchingAll& watching, const v1::WatchExecutionsResponse& message) {
  std::string told;
  for (const WatchMessage& one : watching.Take(message)) {
    told += std::string(Name(one.event)) + " " + one.id + std::to_string(one.revision) + ";";
  }
  return told;
}

TEST(WatchingAll, TellsAfterALostStreamWhatIsNewAndWhatIsMissing) {
  WatchingAll watching({}, {});
  EXPECT_TRUE(watching.Request().snapshot());
  EXPECT_EQ(Told(watching, Message("a", 1, v1::WATCH_EVENT_SNAPSHOT)), "snapshot a1;");
  EXPECT_EQ(Told(watching, Message("b", 1, v1::WATCH_EVENT_SNAPSHOT)), "snapshot b1;");
  EXPECT_EQ(Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK)), "bookmark 0;");
  EXPECT_EQ(Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK)), "");
  EXPECT_EQ(Told(watching, Message("c", 1, v1::WATCH_EVENT_STATUS_CHANGED)), "status_changed c1;");
  EXPECT_EQ(Told(watching, Message("c", 1, v1::WATCH_EVENT_STATUS_CHANGED)), "");
  EXPECT_EQ(Told(watching, Message("c", 2, v1::WATCH_EVENT_DELETED)), "deleted c2;");
  EXPECT_TRUE(watching.Request().snapshot());
  EXPECT_EQ(Told(watching, Message("a", 1, v1::WATCH_EVENT_SNAPSHOT)), "");
  EXPECT_EQ(Told(watching, Message("d", 5, v1::WATCH_EVENT_SNAPSHOT)), "snapshot d5;");
  EXPECT_EQ(Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK)), "missing b1;bookmark 0;");
}

TEST(WatchingAll, DoesNotMissWhatHadLeftTheFilter) {
  WatchingAll watching({.statuses = {ExecutionStatus::kRunning}}, {});
  EXPECT_EQ(watching.Request().filter().statuses(0), v1::EXECUTION_STATUS_RUNNING);
  Told(watching, Message("a", 1, v1::WATCH_EVENT_SNAPSHOT));
  Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK));
  const auto completed = Message("a", 2, v1::WATCH_EVENT_STATUS_CHANGED, v1::EXECUTION_STATUS_COMPLETED);
  EXPECT_EQ(Told(watching, completed), "status_changed a2;");
  watching.Request();
  EXPECT_EQ(Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK)), "bookmark 0;");
}

TEST(WatchingAll, AsksForASnapshotWhenItGoesOn) {
  WatchingAll watching({}, {.snapshot = false});
  EXPECT_FALSE(watching.Request().snapshot());
  EXPECT_EQ(Told(watching, Message("", 0, v1::WATCH_EVENT_BOOKMARK)), "");
  EXPECT_TRUE(watching.Request().snapshot());
  EXPECT_FALSE(watching.Ended());
}

TEST(WatchingOne, EndsWhenTheExecutionIsAtRestUnlessItFollows) {
  for (const bool follow : {false, true}) {
    WatchingOne watching("x", {.follow = follow});
    v1::WatchExecutionResponse message;
    message.set_revision(1);
    message.mutable_execution()->set_status(v1::EXECUTION_STATUS_RETRYING);
    watching.Take(message);
    EXPECT_FALSE(watching.Ended());
    message.set_revision(2);
    message.mutable_execution()->set_status(v1::EXECUTION_STATUS_FAILED);
    watching.Take(message);
    EXPECT_EQ(watching.Ended(), !follow);
  }
}

TEST(WatchingOne, KeepsTheRevisionOfABookmarkAndDoesNotTellIt) {
  WatchingOne watching("x", {.after_revision = 3});
  v1::WatchExecutionResponse message;
  message.set_revision(7);
  message.set_event(v1::WATCH_EVENT_BOOKMARK);
  EXPECT_TRUE(watching.Take(message).empty());
  EXPECT_EQ(watching.Request().after_revision(), 7);
}

TEST(Resume, PausesLongerEachTimeAndAsLongAsTheServerAsksFor) {
  Resume resume;
  const Unavailable problem({.code = StatusCode::UNAVAILABLE});
  Duration longest = 100ms;
  for (int time = 0; time < 20; ++time, longest = std::min<Duration>(longest * 2, 5s)) {
    const auto pause = resume.PauseAfter(problem);
    ASSERT_TRUE(pause);
    EXPECT_GE(*pause, longest / 2);
    EXPECT_LE(*pause, longest);
  }
  resume.Succeeded();
  EXPECT_LE(*resume.PauseAfter(problem), Duration(100ms));
  EXPECT_EQ(resume.PauseAfter(Unavailable({.code = StatusCode::UNAVAILABLE, .retry_delay = 60s})), Duration(60s));
}

TEST(Resume, WhatDoesNotPassIsGivenUp) {
  EXPECT_FALSE(Resume().PauseAfter(ExecutionNotFound({.code = StatusCode::NOT_FOUND})));
  EXPECT_FALSE(Resume().PauseAfter(ClientClosed({.code = StatusCode::CANCELLED})));
  EXPECT_FALSE(Resume().PauseAfter(Unexpected({.code = StatusCode::INTERNAL, .reason = "UNEXPECTED"})));
  EXPECT_TRUE(Resume().PauseAfter(DeadlineExceeded({.code = StatusCode::DEADLINE_EXCEEDED})));
}

}  // namespace
}  // namespace croco::execution
