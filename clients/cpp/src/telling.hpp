#pragma once

#include "croco/execution/sequences.hpp"
#include "resume.hpp"
#include "stream.hpp"
#include "watching.hpp"

namespace croco::execution {

/// A watch under way, whatever it watches.
class Watch::Telling {
 public:
  virtual ~Telling() = default;
  virtual std::optional<WatchMessage> Next() = 0;
  virtual void Close() = 0;
};

/// Opens a stream, and another whenever one is lost; `Watching` remembers what was told.
template <class Watching>
class TellingBy final : public Watch::Telling {
 public:
  using Response = typename Watching::Response;
  using Open = std::function<std::unique_ptr<grpc::ClientAsyncReader<Response>>(
      v1::ExecutionService::Stub& stub, Watching& watching, grpc::ClientContext*, grpc::CompletionQueue*)>;

  TellingBy(std::shared_ptr<Connection> connection, Watching watching, Open open)
      : connection_(std::move(connection)), watching_(std::move(watching)), open_(std::move(open)) {}

  std::optional<WatchMessage> Next() override {
    while (told_.empty() && !over_ && !closing_.stop_requested()) Hear();
    if (told_.empty() || closing_.stop_requested()) return std::nullopt;
    WatchMessage message = std::move(told_.front());
    told_.pop_front();
    return message;
  }

  void Close() override { closing_.request_stop(); }

 private:
  /// Take the next message of the stream, or note its end.
  void Hear() {
    if (!stream_) OpenStream();
    Response message;
    if (stream_->Read(&message)) {
      resume_.Succeeded();
      told_ = watching_.Take(message);
      return;
    }
    const auto problem = stream_->problem();
    stream_.reset();
    place_.reset();
    if (!closing_.stop_requested()) GoOnAfter(problem);
  }

  void OpenStream() {
    place_ = connection_->Long();
    const auto prepare = [this](grpc::ClientContext* context, grpc::CompletionQueue* queue) {
      return open_(*place_->stub, watching_, context, queue);
    };
    stream_.emplace(*connection_, closing_.get_token(), prepare);
  }

  /// Wait before the next stream, if there is to be one.
  void GoOnAfter(std::shared_ptr<const ExecutionProblem> problem) {
    connection_->RequireOpen();
    if (!problem && watching_.Ended()) {
      over_ = true;
      return;
    }
    if (!problem) problem = ProblemOf(grpc::Status(StatusCode::UNAVAILABLE, "The stream ended early."));
    const auto pause = resume_.PauseAfter(*problem);
    if (!pause) {
      over_ = true;
      problem->Raise();
    }
    Pause(*pause, connection_->closing(), closing_.get_token());
  }

  const std::shared_ptr<Connection> connection_;
  Watching watching_;
  const Open open_;
  Resume resume_;
  std::deque<WatchMessage> told_;
  bool over_ = false;
  std::stop_source closing_;
  Place place_;
  std::optional<Stream<Response>> stream_;
};

}  // namespace croco::execution
