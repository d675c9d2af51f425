#pragma once

#include <functional>
#include <stop_token>
#include <variant>

#include "croco/execution/model.hpp"

// What the verbs take beside what they are about, made for designated initializers: `{.attempt = 1, .deadline = 30s}`.
//
// What is in many of them:
//   attempt            the attempt that the caller runs, as Start answered it. If it is not the current one any more
//   the
//                      call throws AttemptFenced, and nothing of it is taken.
//   expected_revision  the revision that the execution must have, else the call throws RevisionMismatch.
//   request_id         names the call so that it can be repeated. The client makes one up for each call and keeps it
//   over
//                      its automatic repeats; give one to repeat a call yourself.
//   deadline           how long the call may take, its repeats included. Absent is the client's.
//   stop               ends the call early: it throws Cancelled.
//   view               how much of the execution to answer.

namespace croco::execution {

/// How to encrypt, all in PEM.
struct Tls {
  /// Whom to trust; empty is the roots that gRPC finds on this machine.
  std::string root_certificates = {};
  /// The client's own certificate, where the server asks for one.
  std::string certificate_chain = {};
  std::string private_key = {};
  /// The name that the server's certificate must have; empty is the target's host.
  std::string server_name = {};
};

struct ClientOptions {
  /// Absent sends plain text.
  std::optional<Tls> tls = {};
  /// A bearer token to send with every call. Without `tls`, to this machine only.
  std::string token = {};
  /// Answers headers of the caller's own to send with a call, such as those of a trace: the map that an OpenTelemetry
  /// propagator injects into. It is asked before every call and every stream of a watch, by the thread that makes the
  /// call or waits in Next(), maybe by several at once. What gRPC repeats by itself (a call, or a stream that has told
  /// nothing yet) carries what was answered for it.
  ///
  /// What it throws comes out of the call, and nothing is sent. So does a std::invalid_argument where a value is not
  /// printable ASCII, or a name is the client's or the protocol's own (`authorization`, `user-agent`, `grpc-...`), ends
  /// in `-bin` or is none.
  std::function<std::map<std::string, std::string>()> metadata = {};
  /// How long a call may take, its repeats included, if it says nothing else.
  Duration deadline = std::chrono::seconds(10);
  /// A watch that hears nothing for this long takes its stream for lost. The server sends something every 10 s.
  Duration watch_silence = std::chrono::seconds(30);
};

/// An execution to create.
struct NewExecution {
  /// What kind of work it is.
  std::string type = {};
  /// The input. A null is JSON null; omitted, the execution has no payload.
  Json payload = kOmitted;
  /// How many attempts may be started; absent is 3.
  std::optional<int> max_attempts = {};
  /// How long one attempt may take; absent is no limit, here and in the two that follow.
  std::optional<Duration> timeout = {};
  /// How long it may stay pending.
  std::optional<Duration> start_timeout = {};
  /// How long all attempts and the waiting between them may take.
  std::optional<Duration> total_timeout = {};
  std::optional<RetryPolicy> retry_policy = {};
  std::optional<Retention> retention = {};
  /// Workers get it not before this; absent is at once.
  std::optional<Moment> scheduled_at = {};
  /// Of what is ready, workers get the lowest first: 0 to 9; absent is 5.
  std::optional<int> priority = {};
  /// How many workers may be lost with it before it fails; absent is 3.
  std::optional<int> max_crashes = {};
  /// Of several creations with the same key, the first creates and the others find it.
  std::string idempotency_key = {};
  std::string parent_id = {};
  /// Free data, an object.
  Json metadata = kOmitted;
  Labels labels = {};
  std::string request_id = {};
};

/// Which executions. What is empty or absent matches all.
struct Filter {
  std::vector<ExecutionStatus> statuses = {};
  std::vector<std::string> types = {};
  std::string parent_id = {};
  std::optional<Moment> created_from = {};
  /// Not part of the time itself.
  std::optional<Moment> created_before = {};
};

/// The value of a Change that takes away what was there.
struct Cleared {};
inline constexpr Cleared kCleared;

/// A field that an update leaves as it is (if nothing is given), clears or replaces.
template <class T>
using Change = std::variant<std::monostate, Cleared, T>;

/// What an update changes.
struct Changes {
  /// An object; null clears.
  Json metadata = kOmitted;
  /// Replaces them all.
  std::optional<Labels> labels = {};
  std::optional<int> max_attempts = {};
  Change<Duration> timeout = {};
  Change<Duration> total_timeout = {};
  Change<RetryPolicy> retry_policy = {};
};

struct CallOptions {
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct ReadOptions {
  View view = View::kDefault;
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct ListOptions {
  bool oldest_first = false;
  /// How many to ask for at a time; 0 leaves it to the server.
  int page_size = 0;
  /// The `next_page_token` of the page before, which was asked for with the same filter and order.
  std::string page_token = {};
  View view = View::kDefault;
  /// Of the call for one page.
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct WaitOptions {
  /// For how long to wait; absent is for ever.
  std::optional<Duration> timeout = {};
  View view = View::kDefault;
  std::stop_token stop = {};
};

struct WatchOptions {
  /// The revision of the last message of an earlier watch.
  std::optional<std::int64_t> after_revision = {};
  /// Stay when the execution comes to rest: a retry may revive it.
  bool follow = false;
  View view = View::kDefault;
};

struct WatchAllOptions {
  /// Whether to begin with all that match as they are.
  bool snapshot = true;
};

struct ChangeOptions {
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct DeleteOptions {
  /// Even if it is running or retrying.
  bool force = false;
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct CancelOptions {
  std::string reason = {};
  /// What is running gets this long to stop by itself, and is running in the answer; `cancellation_forced_at` tells
  /// until when.
  std::optional<Duration> grace_period = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct RetryOptions {
  /// Raises `max_attempts` by this.
  int additional_attempts = 0;
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct AttemptOptions {
  std::optional<int> attempt = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct SaveOptions {
  /// To keep with the same change.
  std::optional<Progress> progress = {};
  std::optional<int> attempt = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct EndOptions {
  /// To keep with the same change.
  std::optional<Progress> progress = {};
  /// To keep with the same change: an object, where null removes a key.
  Json checkpoints = kOmitted;
  std::optional<int> attempt = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct ReleaseOptions {
  /// When others may get it; absent is at once.
  std::optional<Duration> delay = {};
  std::optional<int> attempt = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string request_id = {};
  std::optional<Duration> deadline = {};
  std::stop_token stop = {};
};

struct ClaimOptions {
  /// How many at most, 1 to 1,000.
  int max_executions = 1;
  /// How long the worker may be silent before others get them; absent is 30 s.
  std::optional<Duration> lease_duration = {};
  /// How long to wait for the first, up to 60 s.
  Duration wait = std::chrono::seconds(20);
  std::stop_token stop = {};
};

}  // namespace croco::execution
