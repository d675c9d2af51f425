import assert from "node:assert/strict";
import { test } from "node:test";

import { ExecutionClient, Worker } from "@croco/execution-client";
import { Settings } from "#dist/settings.js";

const HERE = [
  "localhost:50051",
  "dns:///localhost:50051",
  "127.0.0.1:50051",
  "127.8.0.1",
  "ipv4:127.0.0.1:1",
  "[::1]:50051",
  "unix:/run/execution.sock",
];
const ELSEWHERE = [
  "execution:50051",
  "localhost.example:1",
  "127.0.0.1.example:1",
  "dns:///10.0.0.1:1",
  "ipv4:10.0.0.1:1,127.0.0.1:1",
];

test("a token goes in plain text to this machine only", () => {
  for (const target of HERE) {
    const metadata = new Settings(target, { token: "secret" }).metadata({ waitForReady: true });
    assert.deepEqual(metadata.get("authorization"), ["Bearer secret"]);
  }
  for (const target of ELSEWHERE) {
    assert.throws(() => new ExecutionClient(target, { token: "secret" }), {
      name: "RangeError",
      message: /give tls too/,
    });
    assert.ok(new Settings(target, { token: "secret", tls: {} }));
  }
});

test("a target that would be looked for in vain is refused", () => {
  for (const target of ["", "http://localhost:1", "https://execution", "grpc://localhost:1"]) {
    assert.throws(() => new ExecutionClient(target), { name: "RangeError", message: /host:port/ });
  }
});

test("a token that no header can hold is refused, and not shown", () => {
  for (const token of ["", "s3cret\n", "s3cr\u00e9t"]) {
    const message = /^The token .* printable ASCII, such as a line break\.$/;
    assert.throws(() => new ExecutionClient("localhost", { token }), { name: "RangeError", message });
  }
});

test("a token is not shown where settings are printed", async () => {
  const { inspect } = await import("node:util");
  assert.doesNotMatch(inspect(new Settings("localhost", { token: "secret" }), { depth: 9 }), /secret/);
  assert.doesNotMatch(inspect(new ExecutionClient("localhost", { token: "secret" }), { depth: 9 }), /secret/);
});

test("a proxy of the environment is not used for this machine", () => {
  const proxied = (target: string) =>
    new Settings(target, {}).options({ ownConnection: false })["grpc.enable_http_proxy"];
  for (const target of HERE) assert.equal(proxied(target), 0);
  for (const target of ELSEWHERE) assert.equal(proxied(target), undefined);
});

test("channels for long calls share no connection, and all go round robin", () => {
  const settings = new Settings("localhost", { tls: { serverName: "execution.example" } });
  const options = settings.options({ ownConnection: true });
  assert.equal(options["grpc.use_local_subchannel_pool"], 1);
  assert.equal(options["grpc.ssl_target_name_override"], "execution.example");
  assert.match(String(options["grpc.service_config"]), /round_robin/);
  assert.equal(settings.options({ ownConnection: false })["grpc.use_local_subchannel_pool"], undefined);
});

test("times and numbers outside their limits are refused at once", () => {
  assert.throws(() => new ExecutionClient("localhost", { deadlineMs: 0 }), { message: /^deadlineMs is 0/ });
  for (const watchSilenceMs of [NaN, Infinity, 2 ** 31]) {
    assert.throws(() => new ExecutionClient("localhost", { watchSilenceMs }), RangeError);
  }
  for (const options of [{ concurrency: 0 }, { concurrency: 1001 }, { leaseMs: 999 }, { drainMs: -1 }]) {
    assert.throws(() => new Worker("localhost", options), RangeError);
  }
});
