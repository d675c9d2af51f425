#pragma once

#include "croco/execution/problem.hpp"

namespace croco::execution {

/// Decides whether to ask again after a problem, and after which pause.
class Resume {
 public:
  /// Take note that an answer came: the next pause is short again.
  void Succeeded() { failures_ = 0; }

  /// Answer for how long to wait before asking again: longer each time in a row, with jitter, and not less than the
  /// server asks for. None if asking again is of no use.
  ///
  /// A service that does not answer is asked for ever; one whose streams break in some other way, five times in a row.
  std::optional<Duration> PauseAfter(const ExecutionProblem& problem);

 private:
  int failures_ = 0;
};

}  // namespace croco::execution
