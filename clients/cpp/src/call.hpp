#pragma once

#include "connection.hpp"
#include "problem_of.hpp"
#include "time.hpp"

namespace croco::execution {

/// Ends a call when a token is stopped.
class Cancelling {
 public:
  Cancelling(const std::stop_token& token, grpc::ClientContext* context) : callback_(token, Cancel{context}) {}

 private:
  struct Cancel {
    grpc::ClientContext* context;
    void operator()() const { context->TryCancel(); }
  };
  std::stop_callback<Cancel> callback_;
};

/// For how long, and until when at most.
struct Terms {
  Duration deadline;
  std::stop_token stop;
};

/// Answer the terms of a call with such options.
template <class Options>
Terms TermsOf(const Options& options, const Connection& connection) {
  return {options.deadline.value_or(connection.settings().deadline()), options.stop};
}

/// Throw what a call that failed stands for.
[[noreturn]] void RaiseFailed(const grpc::Status& status, const Connection& connection, Duration deadline);

/// Make one call. Throws an ExecutionProblem: it was refused or has no answer.
template <class Stub, class Request, class Response>
Response Invoke(const Connection& connection, Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                const Terms& terms) {
  grpc::ClientContext context;
  connection.settings().Sign(&context);
  context.set_deadline(After(terms.deadline));
  const Cancelling by_client(connection.closing(), &context);
  const Cancelling by_caller(terms.stop, &context);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) RaiseFailed(status, connection, terms.deadline);
  return response;
}

/// Make a short call of the ExecutionService.
template <class Request, class Response, class Options>
Response Call(Connection& connection,
              grpc::Status (v1::ExecutionService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request, const Options& options) {
  return Invoke(connection, *connection.Short()->stub, method, request, TermsOf(options, connection));
}

/// Make a short call of the WorkerService.
template <class Request, class Response, class Options>
Response Call(Connection& connection,
              grpc::Status (v1::WorkerService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request, const Options& options) {
  return Invoke(connection, *connection.Short()->work_stub, method, request, TermsOf(options, connection));
}

}  // namespace croco::execution
