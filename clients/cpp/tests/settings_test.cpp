#include <gtest/gtest.h>

#include "croco/execution/client.hpp"

namespace croco::execution {
namespace {

TEST(Settings, ATokenGoesInPlainTextToThisMachineOnly) {
  for (const char* target : {"localhost", "localhost:1", "dns:///localhost:1", "127.0.0.1:1", "127.8.8.8",
                             "ipv4:127.0.0.1:1", "[::1]:1", "ipv6:[::1]:1", "unix:/run/x", "unix-abstract:x"}) {
    EXPECT_NO_THROW(ExecutionClient(target, {.token = "secret"})) << target;
  }
  for (const char* target : {"example.com", "localhost.example.com:1", "127.0.0.1.example.com", "10.0.0.1:1",
                             "dns://8.8.8.8/localhost", "[::2]:1", "xlocalhost"}) {
    EXPECT_THROW(ExecutionClient(target, {.token = "secret"}), std::invalid_argument) << target;
    EXPECT_NO_THROW(ExecutionClient(target, {.tls = Tls{}, .token = "secret"})) << target;
    EXPECT_NO_THROW(ExecutionClient{target}) << target;
  }
}

TEST(Settings, ATargetThatWouldBeLookedForInVainIsRefused) {
  for (const char* target : {"", "http://localhost:1", "https://execution", "grpc://localhost:1"}) {
    EXPECT_THROW(ExecutionClient{target}, std::invalid_argument) << target;
  }
}

TEST(Settings, ATokenThatNoHeaderCanHoldIsRefused) {
  for (const char* token : {"two words", "line\n", "\x7f", "\xc3\xbc"}) {
    EXPECT_THROW(ExecutionClient("localhost", {.token = token}), std::invalid_argument) << token;
  }
}

TEST(Settings, TimesAreLongerThanNothing) {
  EXPECT_THROW(ExecutionClient("localhost", {.deadline = Duration(0)}), std::invalid_argument);
  EXPECT_THROW(ExecutionClient("localhost", {.watch_silence = Duration(-1)}), std::invalid_argument);
}

}  // namespace
}  // namespace croco::execution
