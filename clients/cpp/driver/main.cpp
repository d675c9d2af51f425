// The driver of tests/clients/scenario.md: commands on stdin, answers on stdout, one JSON object a line.

#include <fstream>
#include <iostream>
#include <iterator>

#include "background.hpp"
#include "load.hpp"
#include "to_words.hpp"
#include "verbs.hpp"

namespace driver {
namespace {

class Driver {
 public:
  explicit Driver(execution::ExecutionClient& client) : client_(client) {}

  /// Do a command and answer what stands in the third column of scenario.md.
  Json Do(const std::string& what, const Words& words) {
    const std::string as = words.Text("as");
    if (what == "watch") return Begin(as, client_.Watch(words.Text("id"), ToWatchOptions(words)));
    if (what == "watch_all") {
      return Begin(as, client_.WatchAll(ToFilter(words), {.snapshot = words.Flag("snapshot", true)}));
    }
    if (what == "watched_until") return watches_.at(as).Until(words);
    if (what == "watched") return Take(watches_, as).mapped().Whole();
    if (what == "unwatch") return Take(watches_, as).mapped().Stop();
    if (what == "finish") return Take(calls_, as).mapped().Finish();
    if (what == "begin") {
      calls_.try_emplace(as, [this, verb = words.Text("do"), with = words.Of("with")](std::stop_token stop) {
        return Perform(client_, verb, with, std::move(stop));
      });
      return nullptr;
    }
    if (what == "abandon") {
      Take(calls_, as).mapped().Abandon();
      return nullptr;
    }
    if (what == "bench") return Bench(client_, words);
    return Perform(client_, what, words, {});
  }

 private:
  static execution::WatchOptions ToWatchOptions(const Words& words) {
    return {.after_revision = words.Number<std::int64_t>("after_revision"),
            .follow = words.Flag("follow"),
            .view = ToView(words)};
  }

  Json Begin(const std::string& as, execution::Watch watch) {
    watches_.try_emplace(as, std::move(watch));
    return nullptr;
  }

  template <class Those>
  static typename Those::node_type Take(Those& those, const std::string& name) {
    auto found = those.extract(name);
    if (!found) throw std::runtime_error("Nothing is named \"" + name + "\".");
    return found;
  }

  execution::ExecutionClient& client_;
  std::map<std::string, Watching> watches_;
  std::map<std::string, Call> calls_;
};

Json Answer(Driver& driver, const Json& command) {
  Json answer{{"n", command.at("n")}};
  try {
    answer["ok"] = driver.Do(command.at("do"), Words(command.value("with", Json::object())));
  } catch (const std::exception& problem) {
    answer["problem"] = FromProblem(problem);
  }
  return answer;
}

std::map<std::string, std::string> CommandLine(int count, char** words) {
  std::map<std::string, std::string> options;
  for (int at = 1; at + 1 < count; at += 2) options[words[at]] = words[at + 1];
  return options;
}

execution::ClientOptions ToClientOptions(const std::map<std::string, std::string>& given) {
  execution::ClientOptions options;
  if (given.contains("--token")) options.token = given.at("--token");
  if (given.contains("--ca")) {
    std::ifstream file(given.at("--ca"));
    options.tls = {.root_certificates = std::string(std::istreambuf_iterator<char>(file), {})};
  }
  return options;
}

}  // namespace
}  // namespace driver

int main(int count, char** words) {
  const auto options = driver::CommandLine(count, words);
  driver::execution::ExecutionClient client(options.at("--target"), driver::ToClientOptions(options));
  {
    driver::Driver driver(client);
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << driver::Answer(driver, driver::Json::parse(line)).dump() << std::endl;
    }
    client.Close();
  }
  return 0;
}
