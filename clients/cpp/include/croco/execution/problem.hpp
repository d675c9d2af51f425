#pragma once

#include <memory>
#include <stdexcept>

#include "croco/execution/model.hpp"

namespace croco::execution {

/// What is wrong with one field of a request.
struct FieldViolation {
  std::string field = {};
  std::string description = {};
};

/// What is known of a problem.
struct ProblemDetails {
  /// A sentence, for a person. Branch on the class, never on the message.
  std::string message = {};
  StatusCode code = StatusCode::UNKNOWN;
  /// The name in `ErrorReason` without its prefix; empty if the service gave none.
  std::string reason = {};
  /// What the service says beside it.
  std::map<std::string, std::string> metadata = {};
  /// What is wrong with which field, for INVALID_ARGUMENT.
  std::vector<FieldViolation> field_violations = {};
  /// When to come back, where the service says so.
  std::optional<Duration> retry_delay = {};
};

/// A call was refused, or has no answer. Its classes are in problems.hpp.
class ExecutionProblem : public std::runtime_error {
 public:
  explicit ExecutionProblem(ProblemDetails details);

  StatusCode code() const { return details_->code; }
  const std::string& reason() const { return details_->reason; }
  const std::map<std::string, std::string>& metadata() const { return details_->metadata; }
  const std::vector<FieldViolation>& field_violations() const { return details_->field_violations; }
  std::optional<Duration> retry_delay() const { return details_->retry_delay; }

  /// Throw it, as the class that it has.
  [[noreturn]] void Raise() const;

  /// Keep it, as the class that it has.
  virtual std::shared_ptr<const ExecutionProblem> Copy() const {
    return std::make_shared<const ExecutionProblem>(*this);
  }

 protected:
  /// The metadata under a key; empty or 0 or unknown if there is none.
  std::string Text(const char* key) const;
  std::int64_t Number(const char* key) const;
  ExecutionStatus Status(const char* key) const;
  std::vector<ExecutionStatus> Statuses(const char* key) const;

 private:
  virtual void Throw() const { throw *this; }

  std::shared_ptr<const ProblemDetails> details_;  // An exception must be copied without throwing another.
};

}  // namespace croco::execution
