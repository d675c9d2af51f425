#include "background.hpp"

#include <algorithm>

#include "to_words.hpp"

namespace driver {
namespace {

bool TellsStatus(const Json& message, const std::string& status) {
  if (!message["change"].is_null()) return message["change"]["to"] == status;
  return !message["execution"].is_null() && message["execution"]["status"] == status;
}

}  // namespace

Watching::Watching(execution::Watch watch) : watch_(std::move(watch)), thread_([this] { Read(); }) {}

Json Watching::Until(const Words& words) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return over_ || Has(words); });
  return {{"messages", messages_}};
}

Json Watching::Whole() {
  thread_.join();
  return {{"messages", messages_}, {"problem", problem_}};
}

Json Watching::Stop() {
  watch_.Close();
  thread_.join();
  return {{"messages", messages_}};
}

void Watching::Read() {
  const auto note = [this](auto change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  };
  try {
    for (const auto& message : watch_) note([&] { messages_.push_back(FromMessage(message)); });
  } catch (const execution::ExecutionProblem& problem) {
    note([&] { problem_ = FromProblem(problem); });
  }
  note([this] { over_ = true; });
}

bool Watching::Has(const Words& words) const {
  const auto count = [this](auto matches) { return std::count_if(messages_.begin(), messages_.end(), matches); };
  const auto wanted = [&words](const char* name) { return words.Number<std::int64_t>(name); };
  if (const auto revision = wanted("revision")) {
    return count([&](const Json& message) { return message["revision"] >= *revision; }) > 0;
  }
  if (words.Has("status")) {
    return count([&](const Json& message) { return TellsStatus(message, words.Text("status")); }) > 0;
  }
  if (const auto events = wanted("events")) return static_cast<std::int64_t>(messages_.size()) >= *events;
  if (const auto bookmarks = wanted("bookmarks")) {
    return count([](const Json& message) { return message["event"] == "bookmark"; }) >= *bookmarks;
  }
  return false;
}

Call::Call(Do what)
    : thread_([this, what = std::move(what)](std::stop_token stop) {
        try {
          answer_ = what(std::move(stop));
        } catch (const std::exception&) {
          problem_ = std::current_exception();
        }
      }) {}

Json Call::Finish() {
  thread_.join();
  if (problem_) std::rethrow_exception(problem_);
  return answer_;
}

void Call::Abandon() {
  thread_.request_stop();
  thread_.join();
}

}  // namespace driver
