#include "watching.hpp"

#include "from_wire.hpp"
#include "json_wire.hpp"
#include "to_wire.hpp"

namespace croco::execution {

WatchingOne::WatchingOne(std::string_view id, const WatchOptions& options)
    : id_(TextToWire(id, "id")), revision_(options.after_revision), follow_(options.follow), view_(options.view) {}

v1::WatchExecutionRequest WatchingOne::Request() const {
  v1::WatchExecutionRequest request;
  request.set_id(id_);
  if (revision_) request.set_after_revision(*revision_);
  request.set_follow(follow_);
  request.set_view(ToWire(view_));
  return request;
}

std::deque<WatchMessage> WatchingOne::Take(const Response& message) {
  if (message.has_execution()) {
    status_ = FromWire(message.execution().status());
  } else if (message.has_change()) {
    status_ = FromWire(message.change().to());
  }
  if (revision_ && message.revision() <= *revision_) return {};
  revision_ = message.revision();
  if (message.event() == v1::WATCH_EVENT_BOOKMARK) return {};
  return {FromWire(id_, message)};
}

bool WatchingOne::Ended() const {
  const bool active = status_ == ExecutionStatus::kPending || status_ == ExecutionStatus::kRunning ||
                      status_ == ExecutionStatus::kRetrying;
  return !follow_ && !active;
}

WatchingAll::WatchingAll(const Filter& filter, const WatchAllOptions& options) : snapshot_(options.snapshot) {
  ToWire(filter, &filter_);
  for (const int status : filter_.statuses()) statuses_.insert(static_cast<v1::ExecutionStatus>(status));
}

v1::WatchExecutionsRequest WatchingAll::Request() {
  v1::WatchExecutionsRequest request;
  *request.mutable_filter() = filter_;
  request.set_snapshot(snapshot_);
  if (snapshot_) {
    unseen_ = known_;
  } else {
    unseen_.reset();
  }
  snapshot_ = true;
  return request;
}

std::deque<WatchMessage> WatchingAll::Take(const Response& message) {
  if (message.event() == v1::WATCH_EVENT_BOOKMARK) return EndSnapshot(message);
  if (unseen_) unseen_->erase(message.id());
  if (message.event() == v1::WATCH_EVENT_DELETED) {
    known_.erase(message.id());
  } else {
    const auto known = known_.find(message.id());
    if (known != known_.end() && message.revision() <= known->second) return {};
    Remember(message);
  }
  return {FromWire(message.id(), message)};
}

void WatchingAll::Remember(const Response& message) {
  known_[message.id()] = message.revision();
  // The status is the only part of a filter that an execution can leave.
  const v1::ExecutionStatus status = message.has_execution() ? message.execution().status() : message.change().to();
  const bool told = status != v1::EXECUTION_STATUS_UNSPECIFIED;
  if (!statuses_.empty() && told && !statuses_.contains(status)) known_.erase(message.id());
}

std::deque<WatchMessage> WatchingAll::EndSnapshot(const Response& message) {
  if (!unseen_) return {};
  std::deque<WatchMessage> told;
  for (const auto& [id, revision] : *unseen_) {
    told.push_back({.id = id, .revision = revision, .event = WatchEvent::kMissing});
    known_.erase(id);
  }
  unseen_.reset();
  told.push_back(FromWire(message.id(), message));
  return told;
}

}  // namespace croco::execution
