#include "from_words.hpp"

namespace driver {
namespace {

using std::chrono::milliseconds;

Json Native(const Json& json) {
  if (json.is_array()) {
    Json list = Json::array();
    for (const Json& item : json) list.push_back(Native(item));
    return list;
  }
  if (!json.is_object()) return json;
  if (json.size() == 1 && json.contains("$integer")) return std::stoll(json["$integer"].get<std::string>());
  if (json.size() == 1 && json.contains("$double")) return std::stod(json["$double"].get<std::string>());
  Json object = Json::object();
  for (const auto& [key, item] : json.items()) object[key] = Native(item);
  return object;
}

execution::RetryPolicy ToRetryPolicy(const Words& words) {
  return {.initial_interval = words.Span("initial_interval"),
          .backoff_coefficient = words.Number<double>("backoff_coefficient"),
          .maximum_interval = words.Span("maximum_interval"),
          .jitter = words.Number<double>("jitter"),
          .non_retryable_codes = words.Texts("non_retryable_codes"),
          .retry_timeouts = words.Flag("retry_timeouts")};
}

}  // namespace

std::vector<std::string> Words::Texts(const std::string& name) const {
  return json_.value(name, std::vector<std::string>());
}

std::optional<execution::Duration> Words::Span(const std::string& name) const {
  const auto number = Number<std::int64_t>(name + "_ms");
  return number ? std::optional<execution::Duration>(milliseconds(*number)) : std::nullopt;
}

std::optional<execution::Moment> Words::At(const std::string& name) const {
  const auto number = Number<std::int64_t>(name + "_ms");
  return number ? std::optional(execution::Moment(milliseconds(*number))) : std::nullopt;
}

execution::Change<execution::Duration> Words::SpanChange(const std::string& name) const {
  if (!Has(name + "_ms")) return {};
  if (json_.at(name + "_ms").is_null()) return execution::kCleared;
  return *Span(name);
}

Json Words::Value(const std::string& name) const { return Has(name) ? Native(json_.at(name)) : execution::kOmitted; }

execution::View ToView(const Words& words) {
  const std::string view = words.Text("view");
  return view == "basic"  ? execution::View::kBasic
         : view == "full" ? execution::View::kFull
                          : execution::View::kDefault;
}

execution::Labels ToLabels(const Words& words) {
  return words.Has("labels") ? words.json().at("labels").get<execution::Labels>() : execution::Labels();
}

execution::Filter ToFilter(const Words& words) {
  execution::Filter filter{.types = words.Texts("types"),
                           .parent_id = words.Text("parent_id"),
                           .created_from = words.At("created_from"),
                           .created_before = words.At("created_before")};
  for (const std::string& status : words.Texts("statuses")) filter.statuses.push_back(execution::StatusNamed(status));
  return filter;
}

execution::NewExecution ToNewExecution(const Words& words) {
  execution::NewExecution made{.type = words.Text("type"),
                               .payload = words.Value("payload"),
                               .max_attempts = words.Number<int>("max_attempts"),
                               .timeout = words.Span("timeout"),
                               .start_timeout = words.Span("start_timeout"),
                               .total_timeout = words.Span("total_timeout"),
                               .scheduled_at = words.At("scheduled_at"),
                               .priority = words.Number<int>("priority"),
                               .max_crashes = words.Number<int>("max_crashes"),
                               .idempotency_key = words.Text("idempotency_key"),
                               .parent_id = words.Text("parent_id"),
                               .metadata = words.Value("metadata"),
                               .labels = ToLabels(words),
                               .request_id = words.Text("request_id")};
  if (words.Has("retry_policy")) made.retry_policy = ToRetryPolicy(words.Of("retry_policy"));
  if (words.Has("retention")) {
    const Words retention = words.Of("retention");
    made.retention = {.succeeded = retention.Span("succeeded"), .failed = retention.Span("failed")};
  }
  return made;
}

execution::Changes ToChanges(const Words& words) {
  execution::Changes changes{.metadata = words.Value("metadata"),
                             .max_attempts = words.Number<int>("max_attempts"),
                             .timeout = words.SpanChange("timeout"),
                             .total_timeout = words.SpanChange("total_timeout")};
  if (words.Has("labels")) {
    changes.labels = words.json().at("labels").is_null() ? execution::Labels() : ToLabels(words);
  }
  if (words.Has("retry_policy")) {
    if (words.json().at("retry_policy").is_null()) {
      changes.retry_policy = execution::kCleared;
    } else {
      changes.retry_policy = ToRetryPolicy(words.Of("retry_policy"));
    }
  }
  return changes;
}

execution::ExecutionError ToError(const Words& words) {
  return {.message = words.Text("message"),
          .code = words.Text("code"),
          .stack = words.Text("stack"),
          .retryable = words.Flag("retryable"),
          .retry_delay = words.Span("retry_delay"),
          .details = words.Value("details")};
}

execution::Progress ToProgress(const Words& words) {
  return {.current = words.Number<double>("current").value_or(0),
          .total = words.Number<double>("total").value_or(0),
          .message = words.Text("message"),
          .percent = words.Number<double>("percent")};
}

}  // namespace driver
