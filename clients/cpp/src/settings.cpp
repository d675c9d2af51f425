#include "settings.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>

#include "metadata.hpp"

namespace croco::execution {
namespace {

/// Repeats UNAVAILABLE, over about five seconds and within the deadline of the call. Every call may be repeated, except
/// a claim: those that change something carry a request id.
///
/// CANCELLED is repeated too: with it, a server that stops ends the calls that have arrived but were not taken up yet.
/// A call that is cancelled on this side is not repeated.
constexpr const char* kServiceConfig = R"({
  "loadBalancingConfig": [{ "round_robin": {} }],
  "methodConfig": [
    {
      "name": [
        { "service": "croco.execution.v1.ExecutionService" },
        { "service": "croco.execution.v1.WorkerService", "method": "Heartbeat" },
        { "service": "croco.execution.v1.WorkerService", "method": "ReleaseExecution" }
      ],
      "waitForReady": true,
      "retryPolicy": {
        "maxAttempts": 5,
        "initialBackoff": "0.1s",
        "maxBackoff": "3s",
        "backoffMultiplier": 4,
        "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]
      }
    },
    {
      "name": [{ "service": "croco.execution.v1.WorkerService", "method": "ClaimExecutions" }],
      "waitForReady": true
    }
  ]
})";

/// A larger request would not be repeated; the default is a quarter of what a payload may have.
constexpr int kRetryBytes = 4 * 1024 * 1024;

/// Targets that never leave this machine. Others may not either, but here it is better to know too few than too many.
bool IsOnThisMachine(const std::string& target) {
  static const std::regex kThisMachine(R"(unix(-abstract)?:.+)"
                                       R"(|(dns:(///)?)?localhost(:\d+)?)"
                                       R"(|(ipv4:|dns:(///)?)?127\.\d+\.\d+\.\d+(:\d+)?)"
                                       R"(|(ipv6:|dns:(///)?)?\[::1\](:\d+)?)");
  return std::regex_match(target, kThisMachine);
}

/// What people write who take the target for a URL; gRPC would look for a host of that name.
bool IsNoTarget(const std::string& target) {
  static const std::regex kUrl(R"((https?|grpcs?)://.*)");
  return target.empty() || std::regex_match(target, kUrl);
}

void Require(bool right, const std::string& what) {
  if (!right) throw std::invalid_argument(what);
}

}  // namespace

Settings::Settings(std::string target, ClientOptions options)
    : target_(std::move(target)), options_(std::move(options)), on_this_machine_(IsOnThisMachine(target_)) {
  Require(!IsNoTarget(target_), "The target is \"" + target_ + "\"; it has to be host:port, without a scheme.");
  Require(options_.deadline > Duration::zero() && options_.watch_silence > Duration::zero(),
          "deadline and watch_silence must be longer than 0.");
  Require(options_.token.empty() || options_.tls || on_this_machine_,
          "A token would be readable on the way to " + target_ + ": give tls too.");
  // gRPC ends the program at the first call with a header that has other characters.
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  Require(std::all_of(options_.token.begin(), options_.token.end(), printable),
          "A token has only printable ASCII characters.");
}

std::shared_ptr<grpc::ChannelCredentials> Settings::Credentials() const {
  if (!options_.tls) return grpc::InsecureChannelCredentials();
  const Tls& tls = *options_.tls;
  return grpc::SslCredentials({tls.root_certificates, tls.private_key, tls.certificate_chain});
}

grpc::ChannelArguments Settings::Arguments(bool own_connection) const {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetUserAgentPrefix("execution-client-cpp");
  // A dead connection is noticed after 25 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  // A watch sends nothing; without this, gRPC stops its pings after two.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, kRetryBytes);
  // The default waits for up to two minutes before it tries a server again.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  if (own_connection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (options_.tls && !options_.tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(options_.tls->server_name);
  }
  // A proxy, which gRPC takes from the environment, would be another machine.
  if (on_this_machine_) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

void Settings::Sign(grpc::ClientContext* context) const {
  if (!options_.token.empty()) context->AddMetadata("authorization", "Bearer " + options_.token);
  if (options_.metadata) AddMetadata(options_.metadata(), context);
}

}  // namespace croco::execution
