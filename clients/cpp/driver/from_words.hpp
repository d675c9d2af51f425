#pragma once

#include <croco/execution/client.hpp>

// From the scenario's words to the client's arguments.

namespace driver {

namespace execution = croco::execution;
using execution::Json;

/// The arguments of a command, each under its name.
class Words {
 public:
  explicit Words(const Json& json) : json_(json) {}

  bool Has(const std::string& name) const { return json_.contains(name); }
  Words Of(const std::string& name) const { return Words(json_.at(name)); }
  const Json& json() const { return json_; }

  std::string Text(const std::string& name) const { return json_.value(name, ""); }
  std::vector<std::string> Texts(const std::string& name) const;
  bool Flag(const std::string& name, bool otherwise = false) const { return json_.value(name, otherwise); }

  template <class T>
  std::optional<T> Number(const std::string& name) const {
    return Has(name) ? std::optional(json_.at(name).get<T>()) : std::nullopt;
  }

  /// A length of time, given in milliseconds under its name with `_ms`.
  std::optional<execution::Duration> Span(const std::string& name) const;
  /// A moment, given so too.
  std::optional<execution::Moment> At(const std::string& name) const;
  /// The same where null clears it.
  execution::Change<execution::Duration> SpanChange(const std::string& name) const;

  /// A JSON value, with the numbers that JSON cannot write; omitted if it is not there.
  Json Value(const std::string& name) const;

 private:
  Json json_;
};

execution::View ToView(const Words& words);
execution::Labels ToLabels(const Words& words);
execution::Filter ToFilter(const Words& words);
execution::NewExecution ToNewExecution(const Words& words);
execution::Changes ToChanges(const Words& words);
execution::ExecutionError ToError(const Words& words);
execution::Progress ToProgress(const Words& words);

/// Set those fields of a verb's options that every such verb has.
template <class Options>
Options ToOptions(const Words& words, std::stop_token stop, Options options = {}) {
  options.stop = std::move(stop);
  if constexpr (requires { options.deadline; }) options.deadline = words.Span("deadline");
  if constexpr (requires { options.view; }) options.view = ToView(words);
  if constexpr (requires { options.request_id; }) options.request_id = words.Text("request_id");
  if constexpr (requires { options.expected_revision; }) {
    options.expected_revision = words.Number<std::int64_t>("expected_revision");
  }
  if constexpr (requires { options.attempt; }) options.attempt = words.Number<int>("attempt");
  if constexpr (requires { options.progress; }) {
    if (words.Has("progress")) options.progress = ToProgress(words.Of("progress"));
  }
  if constexpr (requires { options.checkpoints; }) options.checkpoints = words.Value("checkpoints");
  return options;
}

}  // namespace driver
