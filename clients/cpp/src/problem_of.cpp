#include "problem_of.hpp"

#include <array>

#include "from_wire.hpp"
#include "rpc_details.pb.h"

namespace croco::execution {
namespace {

constexpr std::string_view kDomain = "execution.croco.dev";
constexpr std::string_view kPrefix = "ERROR_REASON_";

using Made = std::shared_ptr<const ExecutionProblem>;

template <class Kind>
Made Make(ProblemDetails details) {
  return std::make_shared<const Kind>(std::move(details));
}

struct Kind {
  v1::ErrorReason reason;
  Made (*make)(ProblemDetails);
};

constexpr std::array kKinds = {
    Kind{v1::ERROR_REASON_INVALID_FIELD, Make<InvalidField>},
    Kind{v1::ERROR_REASON_PAYLOAD_TOO_LARGE, Make<PayloadTooLarge>},
    Kind{v1::ERROR_REASON_INVALID_PAGE_TOKEN, Make<InvalidPageToken>},
    Kind{v1::ERROR_REASON_EXECUTION_NOT_FOUND, Make<ExecutionNotFound>},
    Kind{v1::ERROR_REASON_IDEMPOTENCY_KEY_REUSED, Make<IdempotencyKeyReused>},
    Kind{v1::ERROR_REASON_INVALID_STATE_TRANSITION, Make<InvalidStateTransition>},
    Kind{v1::ERROR_REASON_MAX_RETRIES_EXCEEDED, Make<MaxRetriesExceeded>},
    Kind{v1::ERROR_REASON_EXECUTION_NOT_RUNNING, Make<ExecutionNotRunning>},
    Kind{v1::ERROR_REASON_EXECUTION_ACTIVE, Make<ExecutionActive>},
    Kind{v1::ERROR_REASON_ATTEMPT_FENCED, Make<AttemptFenced>},
    Kind{v1::ERROR_REASON_REVISION_MISMATCH, Make<RevisionMismatch>},
    Kind{v1::ERROR_REASON_CONTENTION, Make<Contention>},
    Kind{v1::ERROR_REASON_WATCH_REVISION_COMPACTED, Make<WatchRevisionCompacted>},
    Kind{v1::ERROR_REASON_QUOTA_EXCEEDED, Make<QuotaExceeded>},
    Kind{v1::ERROR_REASON_TOO_MANY_WATCHES, Make<TooManyWatches>},
    Kind{v1::ERROR_REASON_TOO_MANY_CHECKPOINTS, Make<TooManyCheckpoints>},
    Kind{v1::ERROR_REASON_STORE_UNAVAILABLE, Make<StoreUnavailable>},
    Kind{v1::ERROR_REASON_SERVER_DRAINING, Make<ServerDraining>},
    Kind{v1::ERROR_REASON_CREDENTIALS_MISSING, Make<CredentialsMissing>},
    Kind{v1::ERROR_REASON_CREDENTIALS_INVALID, Make<CredentialsInvalid>},
    Kind{v1::ERROR_REASON_METHOD_FORBIDDEN, Make<MethodForbidden>},
    Kind{v1::ERROR_REASON_UNEXPECTED, Make<Unexpected>},
};

Made MakeByCode(ProblemDetails details) {
  switch (details.code) {
    case StatusCode::UNAVAILABLE:
      return Make<Unavailable>(std::move(details));
    case StatusCode::DEADLINE_EXCEEDED:
      return Make<DeadlineExceeded>(std::move(details));
    case StatusCode::CANCELLED:
      return Make<Cancelled>(std::move(details));
    default:
      return Make<ExecutionProblem>(std::move(details));
  }
}

Made MakeProblem(ProblemDetails details) {
  v1::ErrorReason reason;
  if (v1::ErrorReason_Parse(std::string(kPrefix) + details.reason, &reason)) {
    for (const Kind& kind : kKinds) {
      if (kind.reason == reason) return kind.make(std::move(details));
    }
  }
  return MakeByCode(std::move(details));
}

/// Parse a detail if it is the message of this name.
bool Unpack(const google::protobuf::Any& detail, std::string_view name, google::protobuf::Message* message) {
  const std::string_view url = detail.type_url();
  return url.substr(url.rfind('/') + 1) == name && message->ParseFromString(detail.value());
}

/// Read what the service says beside code and message. What something on the way has mangled is left out.
void ReadDetails(const std::string& serialized, ProblemDetails* details) {
  client::Status status;
  if (!status.ParseFromString(serialized)) return;
  for (const google::protobuf::Any& detail : status.details()) {
    client::ErrorInfo info;
    client::BadRequest violations;
    client::RetryInfo retry;
    if (Unpack(detail, "google.rpc.ErrorInfo", &info)) {
      if (info.domain() == kDomain) details->reason = info.reason();
      details->metadata = {info.metadata().begin(), info.metadata().end()};
    } else if (Unpack(detail, "google.rpc.BadRequest", &violations)) {
      for (const auto& one : violations.field_violations()) {
        details->field_violations.push_back({one.field(), one.description()});
      }
    } else if (Unpack(detail, "google.rpc.RetryInfo", &retry) && retry.has_retry_delay()) {
      details->retry_delay = FromWire(retry.retry_delay());
    }
  }
}

}  // namespace

std::shared_ptr<const ExecutionProblem> ProblemOf(const grpc::Status& status) {
  ProblemDetails details;
  details.code = status.error_code();
  details.message = status.error_message().empty() ? std::string(Name(details.code)) : status.error_message();
  ReadDetails(status.error_details(), &details);
  return MakeProblem(std::move(details));
}

std::shared_ptr<const ExecutionProblem> ProblemOf(const v1::Refusal& refusal) {
  ProblemDetails details;
  details.message = refusal.message();
  const bool known = refusal.code() > StatusCode::OK && refusal.code() <= StatusCode::UNAUTHENTICATED;
  details.code = known ? static_cast<StatusCode>(refusal.code()) : StatusCode::UNKNOWN;
  const std::string& name = v1::ErrorReason_Name(refusal.reason());
  if (name.starts_with(kPrefix)) details.reason = name.substr(kPrefix.size());
  details.metadata = {refusal.metadata().begin(), refusal.metadata().end()};
  return MakeProblem(std::move(details));
}

}  // namespace croco::execution
