import assert from "node:assert/strict";
import { test } from "node:test";

import { type sendUnaryData, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";

import { DeadlineExceeded, ExecutionClient, Unavailable } from "@croco/execution-client";
import { Execution, ExecutionServiceService } from "@croco/execution-client/v1";

import { CERTIFICATE, PRIVATE_KEY } from "./certificate.js";
import { serve } from "./scripted.js";

type Call = ServerUnaryCall<unknown, unknown>;
type Answer = sendUnaryData<unknown>;

const execution = Execution.fromPartial({ id: "1" });

test("over TLS the token goes to a server whose certificate has the name", async (t) => {
  const tokens: unknown[] = [];
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(CERTIFICATE), private_key: Buffer.from(PRIVATE_KEY) },
  ]);
  const getExecution = (call: Call, answer: Answer) => {
    tokens.push(...call.metadata.get("authorization"));
    answer(null, { execution });
  };
  const target = await serve(t, { getExecution }, credentials);
  const named = { rootCertificates: CERTIFICATE, serverName: "execution.test" };
  const trusting = new ExecutionClient(target, { token: "secret", tls: named });
  t.after(() => trusting.close());
  assert.equal((await trusting.get("1", { deadlineMs: 30_000 })).id, "1");
  for (const tls of [{}, { rootCertificates: CERTIFICATE }, { ...named, serverName: "other.test" }]) {
    const distrusting = new ExecutionClient(target, { token: "secret", tls });
    t.after(() => distrusting.close());
    await assert.rejects(distrusting.get("1", { deadlineMs: 500 }), DeadlineExceeded);
  }
  assert.deepEqual(tokens, ["Bearer secret"]);
});

test("calls go to all addresses of a target in turn", async (t) => {
  const asked = [0, 0];
  const ports: string[] = [];
  for (const number of asked.keys()) {
    const target = await serve(t, {
      getExecution: (_: Call, answer: Answer) => {
        asked[number] = (asked[number] ?? 0) + 1;
        answer(null, { execution });
      },
    });
    ports.push(target);
  }
  const client = new ExecutionClient(`ipv4:${ports.join(",")}`, { deadlineMs: 30_000 });
  t.after(() => client.close());
  for (let calls = 0; calls < 10_000 && !asked.every((count) => count >= 10); calls++) await client.get("1");
  assert.ok(
    asked.every((count) => count >= 10),
    `both are asked: ${asked}`,
  );
});

test("the generated stubs are there for programs that go without the client", () => {
  assert.equal(ExecutionServiceService.createExecution.path, "/croco.execution.v1.ExecutionService/CreateExecution");
  assert.equal(Execution.decode(Execution.encode(execution).finish()).id, "1");
});

test("a target that nobody serves is named when the deadline has come", async (t) => {
  const client = new ExecutionClient("127.0.0.1:1", { deadlineMs: 300 });
  t.after(() => client.close());
  await assert.rejects(client.get("1"), (problem) => {
    assert.ok(problem instanceof DeadlineExceeded || problem instanceof Unavailable);
    assert.match(problem.message, /^127\.0\.0\.1:1 gave no answer within 300 ms/);
    return true;
  });
});
