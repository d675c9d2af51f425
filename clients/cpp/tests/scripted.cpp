#include "scripted.hpp"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <thread>

#include "rpc_details.pb.h"

namespace croco::execution {
namespace {

using namespace std::chrono_literals;

/// Passed only when something is broken.
constexpr auto kPatience = 60s;

}  // namespace

class Scripted::Workers final : public v1::WorkerService::Service {
 public:
  explicit Workers(Scripted& scripted) : scripted_(scripted) {}

  grpc::Status ClaimExecutions(grpc::ServerContext* context, const v1::ClaimExecutionsRequest* request,
                               v1::ClaimExecutionsResponse* response) override {
    return scripted_.claim(scripted_.Note(*context), *request, response);
  }

 private:
  Scripted& scripted_;
};

Scripted::Scripted() : workers_(std::make_unique<Workers>(*this)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  builder.RegisterService(workers_.get());
  server_ = builder.BuildAndStart();
  target_ = "127.0.0.1:" + std::to_string(port);
}

Scripted::~Scripted() { server_->Shutdown(std::chrono::system_clock::now()); }

int Scripted::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::set<std::string> Scripted::peers() const {
  const std::lock_guard lock(mutex_);
  return peers_;
}

std::vector<std::string> Scripted::said(const std::string& header) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& metadata : metadata_) {
    const auto found = metadata.find(header);
    texts.push_back(found == metadata.end() ? "" : found->second);
  }
  return texts;
}

grpc::Status Scripted::StartExecution(grpc::ServerContext* context, const v1::StartExecutionRequest* request,
                                      v1::StartExecutionResponse* response) {
  return start(Note(*context), *request, response);
}

grpc::Status Scripted::GetExecution(grpc::ServerContext* context, const v1::GetExecutionRequest* request,
                                    v1::GetExecutionResponse* response) {
  const int call = Note(*context);
  return get ? get(call, *request, response) : Hang(*context);
}

grpc::Status Scripted::WaitExecution(grpc::ServerContext* context, const v1::WaitExecutionRequest* request,
                                     v1::WaitExecutionResponse* response) {
  return wait(Note(*context), *request, response);
}

grpc::Status Scripted::BatchGetExecutions(grpc::ServerContext* context, const v1::BatchGetExecutionsRequest* request,
                                          v1::BatchGetExecutionsResponse* response) {
  return batch_get(Note(*context), *request, response);
}

grpc::Status Scripted::WatchExecution(grpc::ServerContext* context, const v1::WatchExecutionRequest* request,
                                      grpc::ServerWriter<v1::WatchExecutionResponse>* out) {
  return watch(Note(*context), *request, *context, *out);
}

int Scripted::Note(const grpc::ServerContext& context) {
  const std::lock_guard lock(mutex_);
  peers_.insert(context.peer());
  auto& metadata = metadata_.emplace_back();
  for (const auto& [name, value] : context.client_metadata()) {
    metadata.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  return ++calls_;
}

grpc::Status Hang(grpc::ServerContext& context) {
  while (!context.IsCancelled()) std::this_thread::sleep_for(5ms);
  return grpc::Status::CANCELLED;
}

grpc::Status Refusal(StatusCode code, const std::string& reason, const std::map<std::string, std::string>& metadata,
                     const std::string& domain) {
  client::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(domain);
  *info.mutable_metadata() = {metadata.begin(), metadata.end()};
  client::Status status;
  google::protobuf::Any* detail = status.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail->set_value(info.SerializeAsString());
  return grpc::Status(code, "No.", status.SerializeAsString());
}

void Until(const std::function<bool()>& so) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!so()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace croco::execution
