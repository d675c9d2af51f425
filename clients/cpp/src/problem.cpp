#include "croco/execution/problem.hpp"

#include <charconv>
#include <cstdlib>

namespace croco::execution {

ExecutionProblem::ExecutionProblem(ProblemDetails details)
    : std::runtime_error(details.message), details_(std::make_shared<const ProblemDetails>(std::move(details))) {}

void ExecutionProblem::Raise() const {
  Throw();
  std::abort();  // Not reached.
}

std::string ExecutionProblem::Text(const char* key) const {
  const auto found = metadata().find(key);
  return found == metadata().end() ? "" : found->second;
}

std::int64_t ExecutionProblem::Number(const char* key) const {
  const std::string text = Text(key);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ExecutionStatus ExecutionProblem::Status(const char* key) const { return StatusNamed(Text(key)); }

std::vector<ExecutionStatus> ExecutionProblem::Statuses(const char* key) const {
  constexpr const char* kBetween = ", ";
  const std::string text = Text(key);
  std::vector<ExecutionStatus> statuses;
  for (std::size_t begin = text.find_first_not_of(kBetween), end; begin != std::string::npos;
       begin = text.find_first_not_of(kBetween, end)) {
    end = text.find_first_of(kBetween, begin);
    statuses.push_back(StatusNamed(text.substr(begin, end - begin)));
    if (end == std::string::npos) break;
  }
  return statuses;
}

}  // namespace croco::execution
