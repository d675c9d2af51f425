#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <mutex>
#include <set>

#include "croco/execution/client.hpp"
#include "croco/execution/v1/execution_service.grpc.pb.h"
#include "croco/execution/v1/worker_service.grpc.pb.h"

// A server that does what a test says.

namespace croco::execution {

/// Answers calls of one method; `call` counts them from 1.
template <class Request, class Response>
using Script = std::function<grpc::Status(int call, const Request& request, Response* response)>;

/// Answers streams of one method.
template <class Request, class Response>
using StreamScript = std::function<grpc::Status(int call, const Request& request, grpc::ServerContext& context,
                                                grpc::ServerWriter<Response>& out)>;

class Scripted final : public v1::ExecutionService::Service {
 public:
  Scripted();
  ~Scripted() override;

  const std::string& target() const { return target_; }
  /// How many calls have come.
  int calls() const;
  /// From which connections calls have come.
  std::set<std::string> peers() const;
  /// What each call said under a header; empty where it said nothing.
  std::vector<std::string> said(const std::string& header) const;

  Script<v1::StartExecutionRequest, v1::StartExecutionResponse> start;
  Script<v1::GetExecutionRequest, v1::GetExecutionResponse> get;
  Script<v1::WaitExecutionRequest, v1::WaitExecutionResponse> wait;
  Script<v1::BatchGetExecutionsRequest, v1::BatchGetExecutionsResponse> batch_get;
  Script<v1::ClaimExecutionsRequest, v1::ClaimExecutionsResponse> claim;
  StreamScript<v1::WatchExecutionRequest, v1::WatchExecutionResponse> watch;

  grpc::Status StartExecution(grpc::ServerContext* context, const v1::StartExecutionRequest* request,
                              v1::StartExecutionResponse* response) override;
  grpc::Status GetExecution(grpc::ServerContext* context, const v1::GetExecutionRequest* request,
                            v1::GetExecutionResponse* response) override;
  grpc::Status WaitExecution(grpc::ServerContext* context, const v1::WaitExecutionRequest* request,
                             v1::WaitExecutionResponse* response) override;
  grpc::Status BatchGetExecutions(grpc::ServerContext* context, const v1::BatchGetExecutionsRequest* request,
                                  v1::BatchGetExecutionsResponse* response) override;
  grpc::Status WatchExecution(grpc::ServerContext* context, const v1::WatchExecutionRequest* request,
                              grpc::ServerWriter<v1::WatchExecutionResponse>* out) override;

 private:
  class Workers;

  /// Note a call, and answer which it is.
  int Note(const grpc::ServerContext& context);

  mutable std::mutex mutex_;
  int calls_ = 0;
  std::set<std::string> peers_;
  std::vector<std::map<std::string, std::string>> metadata_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<grpc::Server> server_;
  std::string target_;
};

/// Do nothing until the caller has gone.
grpc::Status Hang(grpc::ServerContext& context);

/// A refusal as the service makes it.
grpc::Status Refusal(StatusCode code, const std::string& reason,
                     const std::map<std::string, std::string>& metadata = {},
                     const std::string& domain = "execution.croco.dev");

/// Wait until something is so, and fail the test if it never is.
void Until(const std::function<bool()>& so);

/// What a call throws, as the class that it is expected to have.
template <class Problem, class Call>
Problem Thrown(Call call) {
  try {
    call();
  } catch (const Problem& problem) {
    return problem;
  }
  throw std::logic_error("Nothing was thrown.");
}

}  // namespace croco::execution
