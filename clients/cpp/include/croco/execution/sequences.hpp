#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "croco/execution/problem.hpp"

// What some verbs answer instead of a value: one thing after the other, or one of two.

namespace croco::execution {

/// Goes through what a sequence tells, once, as a range-based `for` does.
template <class Sequence>
class Reader {
 public:
  using value_type = typename Sequence::value_type;
  using difference_type = std::ptrdiff_t;

  explicit Reader(Sequence& sequence) : sequence_(&sequence), item_(sequence.Next()) {}

  const value_type& operator*() const { return *item_; }
  const value_type* operator->() const { return &*item_; }
  Reader& operator++() {
    item_ = sequence_->Next();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return !item_; }

 private:
  Sequence* sequence_;
  std::optional<value_type> item_;
};

/// Executions, asked for page by page when they are needed. Its client must outlive it.
class ExecutionList {
 public:
  using value_type = Execution;
  using AskForPage = std::function<Page(const std::string& page_token)>;

  ExecutionList(AskForPage ask, std::string page_token) : ask_(std::move(ask)), token_(std::move(page_token)) {}

  /// Answer the next execution; none at the end.
  std::optional<Execution> Next();

  Reader<ExecutionList> begin() { return Reader(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  AskForPage ask_;
  std::string token_;
  Page page_;
  std::size_t at_ = 0;
  bool last_ = false;
};

/// A watch under way. Lost connections and restarts of the service are bridged without a gap and without a repeat, for
/// as long as it takes.
class Watch {
 public:
  using value_type = WatchMessage;
  class Telling;

  explicit Watch(std::shared_ptr<Telling> telling);

  /// Wait for the next message and answer it; none at the end. One thread at a time may ask.
  std::optional<WatchMessage> Next();

  /// End it: Next() answers none then. From any thread, also while another waits in Next().
  void Close();

  Reader<Watch> begin() { return Reader(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::shared_ptr<Telling> telling_;
};

/// What became of one part of a call: its answer, or the problem that a call of its own would have thrown.
template <class T>
class Outcome {
 public:
  // Implicit, because an outcome is either.
  Outcome(T value) : either_(std::move(value)) {}                                            // NOLINT
  Outcome(std::shared_ptr<const ExecutionProblem> problem) : either_(std::move(problem)) {}  // NOLINT

  bool ok() const { return either_.index() == 0; }

  /// The answer; throws the problem if there is none.
  const T& value() const {
    if (!ok()) problem()->Raise();
    return std::get<0>(either_);
  }
  const T* operator->() const { return &value(); }

  /// The problem; null if there is an answer. `dynamic_cast` tells of which class it is.
  const ExecutionProblem* problem() const { return ok() ? nullptr : std::get<1>(either_).get(); }

 private:
  std::variant<T, std::shared_ptr<const ExecutionProblem>> either_;
};

}  // namespace croco::execution
