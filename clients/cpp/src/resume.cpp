#include "resume.hpp"

#include <algorithm>
#include <random>

#include "croco/execution/problems.hpp"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 5s;
constexpr int kTries = 5;

bool MayPass(const ExecutionProblem& problem, int failures) {
  if (dynamic_cast<const ClientClosed*>(&problem) != nullptr) return false;
  if (dynamic_cast<const Unavailable*>(&problem) != nullptr) return true;
  if (dynamic_cast<const DeadlineExceeded*>(&problem) != nullptr) return true;
  // How gRPC reports a stream that ended without a status, by what the proxy or the server did to the connection.
  const bool broken = problem.code() == StatusCode::CANCELLED || problem.code() == StatusCode::INTERNAL ||
                      problem.code() == StatusCode::UNKNOWN;
  return broken && problem.reason().empty() && failures <= kTries;
}

}  // namespace

std::optional<Duration> Resume::PauseAfter(const ExecutionProblem& problem) {
  ++failures_;
  if (!MayPass(problem, failures_)) return std::nullopt;
  const Duration longest = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_ - 1, 10)));
  std::random_device random;
  const double part = std::uniform_real_distribution(0.5, 1.0)(random);
  const auto pause = std::chrono::duration_cast<Duration>(longest * part);
  return std::max(pause, problem.retry_delay().value_or(Duration::zero()));
}

}  // namespace croco::execution
