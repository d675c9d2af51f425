#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "from_words.hpp"

// What goes on while other commands are done: watches and calls.

namespace driver {

/// A watch under way.
class Watching {
 public:
  explicit Watching(execution::Watch watch);
  ~Watching() { watch_.Close(); }

  /// Wait until something was told, or the watch has ended.
  Json Until(const Words& words);
  /// Wait for its end.
  Json Whole();
  /// End it.
  Json Stop();

 private:
  void Read();
  bool Has(const Words& words) const;

  execution::Watch watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Json messages_ = Json::array();
  Json problem_ = nullptr;
  bool over_ = false;
  std::jthread thread_;
};

/// A verb under way.
class Call {
 public:
  using Do = std::function<Json(std::stop_token stop)>;

  explicit Call(Do what);

  /// Wait for its answer; throws the problem that it has.
  Json Finish();
  /// End it.
  void Abandon();

 private:
  Json answer_;
  std::exception_ptr problem_;
  std::jthread thread_;
};

}  // namespace driver
