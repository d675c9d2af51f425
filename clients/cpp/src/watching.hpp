#pragma once

#include <deque>
#include <map>
#include <set>

#include "croco/execution/options.hpp"
#include "croco/execution/v1/execution_service.pb.h"

// What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat.
//
// Nothing here does I/O: a Watch asks for Request(), feeds every message to Take() and tells what it answers, and when
// a stream has ended asks Ended() or Resume whether to go on. (A stream is cut more often than one may think: by
// servers that drain or bound the age of a connection, by proxies, by networks.)

namespace croco::execution {

/// A watch of one execution. Its cursor is the revision.
class WatchingOne {
 public:
  using Response = v1::WatchExecutionResponse;

  WatchingOne(std::string_view id, const WatchOptions& options);

  /// Ask for what comes after the last message.
  v1::WatchExecutionRequest Request() const;

  /// Answer the message, unless it is a bookmark or was told before.
  std::deque<WatchMessage> Take(const Response& message);

  /// Tell whether a stream that ended with OK is the end of the watch, because the execution came to rest.
  ///
  /// The server knows best: with `after_revision` no message may have told the status, and a newer server may have
  /// final statuses that are unknown here. Only what is known to be active was cut off.
  bool Ended() const;

 private:
  std::string id_;
  std::optional<std::int64_t> revision_;
  bool follow_;
  View view_;
  ExecutionStatus status_ = ExecutionStatus::kUnknown;
};

/// A watch of all executions that match a filter. Has no cursor: it knows the revision of each execution instead.
///
/// A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not changed
/// is not told again, and what is not in it any more is told as kMissing.
class WatchingAll {
 public:
  using Response = v1::WatchExecutionsResponse;

  WatchingAll(const Filter& filter, const WatchAllOptions& options);

  /// Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on.
  v1::WatchExecutionsRequest Request();

  /// Answer the message, unless it was told before, or is a bookmark that does not end a snapshot.
  std::deque<WatchMessage> Take(const Response& message);

  /// Such a watch never ends by itself.
  bool Ended() const { return false; }

 private:
  /// Keep the revision, or forget the execution if it left the filter: no snapshot will hold it.
  void Remember(const Response& message);
  std::deque<WatchMessage> EndSnapshot(const Response& message);

  v1::ExecutionFilter filter_;
  std::set<v1::ExecutionStatus> statuses_;
  bool snapshot_;
  std::map<std::string, std::int64_t> known_;
  /// What was known and has not come yet, while a snapshot comes.
  std::optional<std::map<std::string, std::int64_t>> unseen_;
};

}  // namespace croco::execution
