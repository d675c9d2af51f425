import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test, type TestContext } from "node:test";

import {
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";

import { type ClientOptions, ExecutionClient } from "@croco/execution-client";
import { Execution, ExecutionStatus } from "#dist/gen/croco/execution/v1/execution.js";
import { WatchEvent, type WatchExecutionResponse } from "#dist/gen/croco/execution/v1/execution_service.js";

import { refusal, serve } from "./scripted.js";
import { play } from "./work-server.js";

const execution = Execution.fromPartial({ id: "1", status: ExecutionStatus.EXECUTION_STATUS_COMPLETED, revision: 1 });
const told: WatchExecutionResponse = {
  revision: 1,
  event: WatchEvent.WATCH_EVENT_UPDATED,
  change: undefined,
  execution,
};

/** Serve calls and watches, the first `failures` of which fail in a way that may pass; answer the headers they had. */
async function script(t: TestContext, failures: number, options: ClientOptions) {
  const sent: Metadata[] = [];
  const problemOf = (metadata: Metadata) => {
    sent.push(metadata);
    return sent.length <= failures ? refusal(status.UNAVAILABLE, "not now") : null;
  };
  const target = await serve(t, {
    startExecution: ({ metadata }: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      answer(problemOf(metadata), { execution });
    },
    watchExecution: (call: ServerWritableStream<unknown, WatchExecutionResponse>) => {
      const problem = problemOf(call.metadata);
      if (problem !== null) return void call.emit("error", problem);
      call.write(told);
      call.end();
    },
  });
  const open = new ExecutionClient(target, { deadlineMs: 30_000, ...options });
  t.after(() => open.close());
  return { open, sent: (name: string) => sent.map((metadata) => metadata.get(name).join()) };
}

/** A trace that is another one each time it is asked for, and tells in whose context that was. */
function tracing() {
  const storage = new AsyncLocalStorage<string>();
  let asked = 0;
  return { storage, metadata: () => ({ traceparent: `${storage.getStore()} ${++asked}` }) };
}

test("headers go with every try of a call, from the caller's context, and leave the token alone", async (t) => {
  const { storage, metadata } = tracing();
  const { open, sent } = await script(t, 2, { metadata, token: "secret" });
  await storage.run("one", () => open.start("1"));
  assert.deepEqual(sent("traceparent"), ["one 1", "one 2", "one 3"]);
  assert.deepEqual(sent("authorization"), ["Bearer secret", "Bearer secret", "Bearer secret"]);
});

test("headers go with every stream of a watch, from its reader's context", async (t) => {
  const { storage, metadata } = tracing();
  const { open, sent } = await script(t, 2, { metadata });
  await storage.run("one", async () => assert.equal((await open.watch("1").next()).value?.revision, 1));
  assert.deepEqual(sent("traceparent"), ["one 1", "one 2", "one 3"]);
});

test("headers go with every stream of a worker", async (t) => {
  const { storage, metadata } = tracing();
  const played = await storage.run("one", () => play(t, () => undefined, { metadata }));
  (await played.stream(0)).fail();
  await played.stream(1);
  const sent = played.streams.map(({ headers }) => headers.get("traceparent"));
  assert.deepEqual(sent, [["one 1"], ["one 2"]]);
});

test("names are taken in any case, and an empty text is a text", async (t) => {
  const { open, sent } = await script(t, 0, {
    metadata: () => ({ "X-B3-Sampled": "1", "a.b_c-9": "", baggage: "a=b c" }),
  });
  await open.start("1");
  assert.deepEqual([sent("x-b3-sampled"), sent("a.b_c-9"), sent("baggage")], [["1"], [""], ["a=b c"]]);
});

test("what cannot be sent is told by its name, and nothing is sent", async (t) => {
  const taken = ["authorization", "Authorization", "grpc-timeout", "trace-bin", "connection", "te", "content-length"];
  const names = [...taken, "", "no name", ":path", "ü"].map((name): [unknown, RegExp] => [
    { [name]: "x" },
    new RegExp(`^metadata may not set the header "${name}"`),
  ]);
  const texts = ["ü", "a\nb", "\0", " a", "a "].map((text): [unknown, RegExp] => [
    { good: "x", bad: text },
    /the header "bad" what is not printable ASCII/,
  ]);
  const noTexts = [undefined, null, 1, ["a"], Buffer.from("a")].map((text): [unknown, RegExp] => [
    { bad: text },
    /has to answer a text for the header "bad"/,
  ]);
  const noHeaders = [undefined, null, "text", 7, [], new Map([["a", "b"]]), Promise.resolve({ a: "b" })].map(
    (answer): [unknown, RegExp] => [answer, /has to answer an object/],
  );
  let answered: unknown;
  const { open, sent } = await script(t, 0, { metadata: () => answered as Record<string, string> });
  for (const [answer, message] of [...names, ...texts, ...noTexts, ...noHeaders]) {
    answered = answer;
    await assert.rejects(open.start("1"), { message });
    await assert.rejects(open.watch("1").next(), { message });
  }
  assert.deepEqual(sent("traceparent"), []);
  answered = { traceparent: "mended" };
  await open.start("1");
  assert.deepEqual(sent("traceparent"), ["mended"]);
});

test("what the function throws the call throws, and so do the watch and the worker, without a repeat", async (t) => {
  const thrown = refusal(status.UNAVAILABLE, "not the service's");
  let asked = 0;
  const metadata = () => {
    asked += 1;
    throw thrown;
  };
  const { open, sent } = await script(t, 0, { metadata });
  await assert.rejects(open.start("1"), thrown);
  await assert.rejects(open.watch("1").next(), thrown);
  await assert.rejects((await play(t, () => undefined, { metadata })).ran, thrown);
  assert.equal(asked, 3);
  assert.deepEqual(sent("traceparent"), []);
});
