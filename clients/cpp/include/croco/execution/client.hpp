#pragma once

#include <string_view>

#include "croco/execution/options.hpp"
#include "croco/execution/problems.hpp"
#include "croco/execution/sequences.hpp"

namespace croco::execution {

class Connection;

/// Speaks to the execution service. Any number of threads may use one client.
///
/// Every verb waits for its answer, and throws an ExecutionProblem if it is refused or has none; its comment names
/// those that a program may want to tell apart. A std::invalid_argument means that an argument cannot be sent, and says
/// which. What many options mean is explained in options.hpp.
class ExecutionClient {
 public:
  /// Connect with the first call.
  ///
  /// `target` is the server as gRPC names it, such as `localhost:50051` or `dns:///execution-headless:50051`. Calls go
  /// round robin over all addresses that the name has.
  ///
  /// Throws std::invalid_argument: the token would go over the network in plain text, or cannot be sent, or a time is
  /// not longer than 0.
  explicit ExecutionClient(std::string target, ClientOptions options = {});
  /// Closes it.
  ~ExecutionClient();
  ExecutionClient(const ExecutionClient&) = delete;
  ExecutionClient& operator=(const ExecutionClient&) = delete;

  /// End all calls and watches: they throw ClientClosed, and so does every call after that.
  void Close();

  // ---- Of those who have work done. Unless they say otherwise they answer the basic view.

  /// Create a pending execution and answer it in full, or the one that holds `idempotency_key`.
  ///
  /// Throws IdempotencyKeyReused: the key belongs to an execution of another type or payload.
  CreatedExecution Create(const NewExecution& execution, const CallOptions& options = {});

  /// Create up to 500 executions of together up to 4 MiB, many times cheaper than by as many calls.
  ///
  /// Each is created, found or refused by itself, as Create does it. Where the answer has no room for all, the rest is
  /// fetched by Get. Throws InvalidField: there are none, or too many.
  std::vector<Outcome<CreatedExecution>> BatchCreate(const std::vector<NewExecution>& executions,
                                                     const ReadOptions& options = {});

  /// Replace or clear the fields that are given.
  ///
  /// Throws InvalidStateTransition: it is completed or cancelled, where only metadata and labels may change.
  Execution Update(std::string_view id, const Changes& changes, const ChangeOptions& options = {});

  /// Remove an execution and its idempotency key. Throws ExecutionActive: it is running or retrying.
  void Delete(std::string_view id, const DeleteOptions& options = {});

  /// Pending, running or retrying to cancelled. On a cancelled execution it changes nothing: the first reason stays.
  ///
  /// Throws InvalidStateTransition: it is completed, failed or timed out.
  Execution Cancel(std::string_view id, const CancelOptions& options = {});

  /// Failed or timed out to retrying: allow the next Start. Starts nothing by itself.
  ///
  /// Throws InvalidStateTransition: its status cannot be retried. MaxRetriesExceeded: no attempts are left.
  Execution Retry(std::string_view id, const RetryOptions& options = {});

  // ---- That change nothing. ExecutionNotFound: there is no such execution, or there is no more.

  /// Answer an execution as last committed, in the full view by default.
  Execution Get(std::string_view id, const ReadOptions& options = {});

  /// Answer the execution that holds an idempotency key, in the full view by default.
  Execution GetByIdempotencyKey(std::string_view idempotency_key, const ReadOptions& options = {});

  /// Answer up to 500 executions in the order of `ids`, in the basic view by default; in the place of one that is not
  /// there stands an ExecutionNotFound. Where the answer has no room for all, the rest is fetched by Get.
  std::vector<Outcome<Execution>> BatchGet(const std::vector<std::string>& ids, const ReadOptions& options = {});

  /// Answer all executions that match, newest first, in the basic view by default.
  ExecutionList List(const Filter& filter = {}, const ListOptions& options = {});

  /// Answer one page of what List answers. Throws InvalidPageToken.
  Page ListPage(const Filter& filter = {}, const ListOptions& options = {});

  /// Answer how many executions match, in all and by status.
  execution::Count Count(const Filter& filter = {}, const CallOptions& options = {});

  /// Wait until an execution is at rest, and answer it in the full view by default; or, when `timeout` is over, as it
  /// is then: `AtRest(execution.status)` tells.
  ///
  /// Throws Unavailable, DeadlineExceeded: the service could not be reached before `timeout`, give or take 5 s.
  Execution Wait(std::string_view id, const WaitOptions& options = {});

  /// Tell what happens to an execution until it is at rest, in the basic view by default.
  ///
  /// First comes a kSnapshot (or, with `after_revision`, what came after it), then every status change once, in order
  /// of revisions; of other changes the newest. The watch throws ExecutionNotFound, WatchRevisionCompacted (the history
  /// does not reach back to the revision: watch again without one) and TooManyWatches.
  execution::Watch Watch(std::string_view id, const WatchOptions& options = {});

  /// Tell what happens to all executions that match by status, type or parent, in the basic view, for ever.
  ///
  /// With `snapshot` each comes as it is, then one kBookmark, then the changes. A lost connection is bridged by a new
  /// snapshot: what has changed in the meantime comes as kSnapshot (status changes that another has overtaken are not
  /// told), what does not match any more or was deleted as kMissing, then another kBookmark. Without `snapshot` that
  /// new one tells also what never changed: the client did not know it.
  ///
  /// The watch throws TooManyWatches: the server takes no more, or the messages were not read fast enough.
  execution::Watch WatchAll(const Filter& filter = {}, const WatchAllOptions& options = {});

  /// Answer what the server is and takes: its version, its store and what that promises, its limits.
  execution::ServerInfo ServerInfo(const CallOptions& options = {});

  // ---- Of those who do the work. Unless they say otherwise they answer the basic view, and may throw
  // ExecutionNotFound,
  // ---- InvalidStateTransition (the status does not allow it) and AttemptFenced (`attempt` is over).

  /// Pending or retrying to running: begin an attempt, whose number is the answer's `attempts`. Of several that race,
  /// one starts. Answers the full view, checkpoints included, so that the work can go on where it stopped.
  Execution Start(std::string_view id, const ChangeOptions& options = {});

  /// Running to completed. A null result is JSON null; omitted, the execution has none.
  Execution Complete(std::string_view id, const Json& result = kOmitted, const EndOptions& options = {});

  /// Running to retrying if the error is retryable and attempts are left, else to failed: the answer's status tells,
  /// and `next_attempt_at` when the retry policy wants the next attempt. Retrying to failed if not retryable: give up.
  Execution Fail(std::string_view id, const ExecutionError& error, const EndOptions& options = {});

  /// Running to timed out, for callers who know before the server does that the attempt is lost.
  Execution TimeOut(std::string_view id, const AttemptOptions& options = {});

  /// Replace the progress of a running execution. Throws ExecutionNotRunning.
  Execution UpdateProgress(std::string_view id, const Progress& progress, const AttemptOptions& options = {});

  /// Keep one JSON value under a key, over every failure and retry; null removes the key. Throws ExecutionNotRunning.
  Execution SaveCheckpoint(std::string_view id, const std::string& key, const Json& value,
                           const SaveOptions& options = {});

  /// Keep several JSON values under the keys of an object, all or none; null removes a key.
  ///
  /// Throws ExecutionNotRunning. TooManyCheckpoints: there would be more than there may be.
  Execution SaveCheckpoints(std::string_view id, const Json& checkpoints, const SaveOptions& options = {});

  /// Start executions of 1 to 20 types that are ready, each under a lease, and answer them in full; none if none came
  /// in time. `worker_id` is how the worker names itself.
  ///
  /// Throws Unavailable: there is no answer. It is not repeated: what it was given comes back when the lease runs out.
  std::vector<Execution> Claim(std::string_view worker_id, const std::vector<std::string>& types,
                               const ClaimOptions& options = {});

  /// Let leases begin anew, and answer what to do about those that are not simply to go on. `held` is the attempt that
  /// the worker runs of each execution, by its id; at most 1,000.
  std::vector<Directive> Heartbeat(const std::map<std::string, int>& held, const CallOptions& options = {});

  /// Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.
  Execution Release(std::string_view id, const ReleaseOptions& options = {});

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace croco::execution
