#include "verbs.hpp"

#include "to_words.hpp"

namespace driver {
namespace {

using execution::ExecutionClient;
using Verb = Json (*)(ExecutionClient& client, const Words& words, std::stop_token stop);

template <class T, class Make>
Json FromOutcomes(const std::vector<execution::Outcome<T>>& outcomes, Make make) {
  Json results = Json::array();
  for (const auto& outcome : outcomes) {
    results.push_back(outcome.ok() ? make(outcome.value()) : Json{{"problem", FromProblem(*outcome.problem())}});
  }
  return {{"results", std::move(results)}};
}

Json Create(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromCreated(client.Create(ToNewExecution(words), ToOptions<execution::CallOptions>(words, stop)));
}

Json Get(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.Get(words.Text("id"), ToOptions<execution::ReadOptions>(words, stop)));
}

Json GetByIdempotencyKey(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.GetByIdempotencyKey(words.Text("idempotency_key"), ToOptions<execution::ReadOptions>(words, stop)));
}

execution::ListOptions ToListOptions(const Words& words, std::stop_token stop) {
  return ToOptions<execution::ListOptions>(words, stop,
                                           {.oldest_first = words.Flag("oldest_first"),
                                            .page_size = words.Number<int>("page_size").value_or(0),
                                            .page_token = words.Text("page_token")});
}

Json List(ExecutionClient& client, const Words& words, std::stop_token stop) {
  Json executions = Json::array();
  for (const auto& one : client.List(ToFilter(words), ToListOptions(words, stop))) {
    executions.push_back(FromExecution(one));
  }
  return {{"executions", std::move(executions)}};
}

Json ListPage(ExecutionClient& client, const Words& words, std::stop_token stop) {
  const auto page = client.ListPage(ToFilter(words), ToListOptions(words, stop));
  return {{"executions", FromExecutions(page.executions)}, {"next_page_token", page.next_page_token}};
}

Json Count(ExecutionClient& client, const Words& words, std::stop_token stop) {
  const auto count = client.Count(ToFilter(words), ToOptions<execution::CallOptions>(words, stop));
  Json by_status = Json::object();
  for (const auto& [status, number] : count.by_status) by_status[std::string(Name(status))] = number;
  return {{"total", count.total}, {"by_status", std::move(by_status)}};
}

Json Wait(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.Wait(words.Text("id"),
                                   ToOptions<execution::WaitOptions>(words, stop, {.timeout = words.Span("timeout")})));
}

Json Update(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.Update(words.Text("id"), ToChanges(words), ToOptions<execution::ChangeOptions>(words, stop)));
}

Json Delete(ExecutionClient& client, const Words& words, std::stop_token stop) {
  client.Delete(words.Text("id"), ToOptions<execution::DeleteOptions>(words, stop, {.force = words.Flag("force")}));
  return nullptr;
}

Json Start(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.Start(words.Text("id"), ToOptions<execution::ChangeOptions>(words, stop)));
}

Json Retry(ExecutionClient& client, const Words& words, std::stop_token stop) {
  const int more = words.Number<int>("additional_attempts").value_or(0);
  return FromExecution(
      client.Retry(words.Text("id"), ToOptions<execution::RetryOptions>(words, stop, {.additional_attempts = more})));
}

Json TimeOut(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.TimeOut(words.Text("id"), ToOptions<execution::AttemptOptions>(words, stop)));
}

Json Cancel(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.Cancel(words.Text("id"),
                    ToOptions<execution::CancelOptions>(
                        words, stop, {.reason = words.Text("reason"), .grace_period = words.Span("grace_period")})));
}

Json Release(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.Release(
      words.Text("id"), ToOptions<execution::ReleaseOptions>(words, stop, {.delay = words.Span("delay")})));
}

Json Complete(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.Complete(words.Text("id"), words.Value("result"), ToOptions<execution::EndOptions>(words, stop)));
}

Json Fail(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.Fail(words.Text("id"), ToError(words.Of("error")), ToOptions<execution::EndOptions>(words, stop)));
}

Json UpdateProgress(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(
      client.UpdateProgress(words.Text("id"), ToProgress(words), ToOptions<execution::AttemptOptions>(words, stop)));
}

Json SaveCheckpoints(ExecutionClient& client, const Words& words, std::stop_token stop) {
  return FromExecution(client.SaveCheckpoints(words.Text("id"), words.Value("checkpoints"),
                                              ToOptions<execution::SaveOptions>(words, stop)));
}

Json Claim(ExecutionClient& client, const Words& words, std::stop_token stop) {
  execution::ClaimOptions options{.lease_duration = words.Span("lease_duration")};
  options.max_executions = words.Number<int>("max_executions").value_or(options.max_executions);
  options.wait = words.Span("wait").value_or(options.wait);
  options.stop = stop;
  return {{"executions", FromExecutions(client.Claim(words.Text("worker_id"), words.Texts("types"), options))}};
}

Json Heartbeat(ExecutionClient& client, const Words& words, std::stop_token stop) {
  std::map<std::string, int> held;
  for (const Json& one : words.json().at("held")) held[one.at("id")] = one.at("attempt");
  Json directives = Json::array();
  for (const auto& one : client.Heartbeat(held, ToOptions<execution::CallOptions>(words, stop))) {
    directives.push_back({{"id", one.id}, {"attempt", one.attempt}, {"kind", Name(one.kind)}, {"reason", one.reason}});
  }
  return {{"directives", std::move(directives)}};
}

Json BatchCreate(ExecutionClient& client, const Words& words, std::stop_token stop) {
  std::vector<execution::NewExecution> executions;
  for (const Json& request : words.json().at("requests")) executions.push_back(ToNewExecution(Words(request)));
  const auto outcomes = client.BatchCreate(executions, ToOptions<execution::ReadOptions>(words, stop));
  return FromOutcomes(outcomes, [](const execution::CreatedExecution& one) -> Json {
    return {{"execution", FromExecution(one)}, {"created", one.created}};
  });
}

Json BatchGet(ExecutionClient& client, const Words& words, std::stop_token stop) {
  const auto outcomes = client.BatchGet(words.Texts("ids"), ToOptions<execution::ReadOptions>(words, stop));
  return FromOutcomes(outcomes, [](const execution::Execution& one) -> Json {
    return Json::object({{"execution", FromExecution(one)}});
  });
}

Json ServerInfo(ExecutionClient& client, const Words& words, std::stop_token stop) {
  const auto info = client.ServerInfo(ToOptions<execution::CallOptions>(words, stop));
  return {{"version", info.version},
          {"store", Name(info.store_kind)},
          {"partitions", info.partitions},
          {"durability", Name(info.durability)}};
}

const std::map<std::string, Verb> kVerbs = {{"create", Create},
                                            {"get", Get},
                                            {"get_by_idempotency_key", GetByIdempotencyKey},
                                            {"list", List},
                                            {"list_page", ListPage},
                                            {"count", Count},
                                            {"wait", Wait},
                                            {"update", Update},
                                            {"delete", Delete},
                                            {"start", Start},
                                            {"retry", Retry},
                                            {"time_out", TimeOut},
                                            {"cancel", Cancel},
                                            {"release", Release},
                                            {"complete", Complete},
                                            {"fail", Fail},
                                            {"update_progress", UpdateProgress},
                                            {"save_checkpoints", SaveCheckpoints},
                                            {"claim", Claim},
                                            {"heartbeat", Heartbeat},
                                            {"batch_create", BatchCreate},
                                            {"batch_get", BatchGet},
                                            {"server_info", ServerInfo}};

}  // namespace

Json Perform(ExecutionClient& client, const std::string& verb, const Words& words, std::stop_token stop) {
  const auto known = kVerbs.find(verb);
  if (known == kVerbs.end()) throw std::runtime_error("There is no command \"" + verb + "\".");
  return known->second(client, words, std::move(stop));
}

}  // namespace driver
