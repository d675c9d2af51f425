#include "metadata.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace croco::execution {
namespace {

/// What the client, gRPC and HTTP say themselves.
constexpr std::array<std::string_view, 11> kTaken = {
    "authorization",    "connection", "content-length",    "content-type", "host", "keep-alive", "te",
    "proxy-connection", "user-agent", "transfer-encoding", "upgrade",
};

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// The name as it is sent: HTTP/2 has small letters only.
std::string Small(std::string name) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(name.begin(), name.end(), name.begin(), small);
  return name;
}

void Require(bool right, const std::string& name, const std::string& wrong) {
  if (!right) throw std::invalid_argument("metadata: \"" + name + "\" " + wrong);
}

}  // namespace

void AddMetadata(const std::map<std::string, std::string>& headers, grpc::ClientContext* context) {
  for (const auto& [name, value] : headers) {
    const std::string small = Small(name);
    const bool taken = std::find(kTaken.begin(), kTaken.end(), small) != kTaken.end() || small.starts_with("grpc-");
    Require(!taken, name, "is not the caller's to set.");
    // gRPC ends the program at the first call with a header that has other characters.
    const auto possible = [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.'; };
    const bool is_name = !small.empty() && std::all_of(small.begin(), small.end(), possible);
    Require(is_name && !small.ends_with("-bin"), name, "is no name of a header with a text.");
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    // Without the value, which may be a secret.
    Require(std::all_of(value.begin(), value.end(), printable), name, "has other than printable ASCII characters.");
    context->AddMetadata(small, value);
  }
}

}  // namespace croco::execution
