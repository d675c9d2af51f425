#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <optional>

#include "call.hpp"

namespace croco::execution {

/// An open stream of answers, read by waiting.
///
/// A blocking read of gRPC has no time limit, so this one asks a queue of its own, which has.
template <class Response>
class Stream {
 public:
  /// `prepare` makes the call with a context and a queue. Either token ends it.
  template <class Prepare>
  Stream(const Connection& connection, const std::stop_token& caller, Prepare prepare)
      : silence_(connection.settings().watch_silence()) {
    connection.settings().Sign(&context_);
    reader_ = prepare(&context_, &queue_);
    reader_->StartCall(this);
    by_client_.emplace(connection.closing(), &context_);
    by_caller_.emplace(caller, &context_);
    Await();
  }

  ~Stream() {
    by_caller_.reset();
    by_client_.reset();
    context_.TryCancel();
    if (!ended_) Finish();
    queue_.Shutdown();
    void* tag;
    for (bool ok; queue_.Next(&tag, &ok);) continue;
  }

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Wait for the next message; false at the end, which problem() explains.
  bool Read(Response* message) {
    reader_->Read(message, this);
    if (Await()) return true;
    Finish();
    return false;
  }

  /// Why the stream ended; null for an end with OK.
  const std::shared_ptr<const ExecutionProblem>& problem() const { return problem_; }

 private:
  /// Wait for what is under way. Nothing for too long ends the call.
  bool Await() {
    void* tag;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, After(silence_)) == grpc::CompletionQueue::TIMEOUT) {
      silent_ = true;
      context_.TryCancel();
      queue_.Next(&tag, &ok);
    }
    return ok;
  }

  void Finish() {
    grpc::Status status;
    reader_->Finish(&status, this);
    void* tag;
    bool ok;
    queue_.Next(&tag, &ok);
    ended_ = true;
    if (silent_) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence_).count();
      const std::string message = "Nothing came for " + std::to_string(seconds) + " s.";
      problem_ = ProblemOf(grpc::Status(StatusCode::UNAVAILABLE, message));
    } else if (!status.ok()) {
      problem_ = ProblemOf(status);
    }
  }

  const Duration silence_;
  bool silent_ = false;
  bool ended_ = false;
  std::shared_ptr<const ExecutionProblem> problem_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<Response>> reader_;
  std::optional<Cancelling> by_client_;
  std::optional<Cancelling> by_caller_;
};

}  // namespace croco::execution
