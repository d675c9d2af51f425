import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { type sendUnaryData, type ServerUnaryCall, status } from "@grpc/grpc-js";

import * as client from "@croco/execution-client";
import { ErrorReason } from "#dist/gen/croco/execution/v1/error_reason.js";
import { Execution, ExecutionStatus, ExecutionView } from "#dist/gen/croco/execution/v1/execution.js";
import {
  BatchGetExecutionsResponse,
  type GetExecutionRequest,
  type StartExecutionRequest,
} from "#dist/gen/croco/execution/v1/execution_service.js";

import { refusal, serve, until } from "./scripted.js";

type Call = ServerUnaryCall<StartExecutionRequest, unknown>;
type Answer = sendUnaryData<unknown>;

const RUNNING = Execution.fromPartial({ id: "1", attempts: 1, status: ExecutionStatus.EXECUTION_STATUS_RUNNING });

function unavailable(retrySeconds?: number) {
  return refusal(status.UNAVAILABLE, "The store does not answer.", { reason: "STORE_UNAVAILABLE", retrySeconds });
}

test("what may pass by itself is repeated as the same request", async (t) => {
  const requests: StartExecutionRequest[] = [];
  const problems = [unavailable(), refusal(status.CANCELLED, "The server stops.")];
  const target = await serve(t, {
    startExecution: ({ request }: Call, answer: Answer) => {
      requests.push(request);
      const problem = problems.shift();
      answer(problem ?? null, problem ? undefined : { execution: RUNNING });
    },
  });
  const execution = await using(t, target).start("1");
  assert.equal(execution.status, "running");
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map(({ requestId }) => requestId)).size, 1);
  assert.match(requests[0]?.requestId ?? "", /^[0-9a-f-]{36}$/);
});

test("after five tries the last problem is thrown for what it is", async (t) => {
  let tries = 0;
  const target = await serve(t, {
    startExecution: (_: Call, answer: Answer) => {
      tries += 1;
      answer(unavailable());
    },
  });
  await assert.rejects(using(t, target, { deadlineMs: 60_000 }).start("1"), client.StoreUnavailable);
  assert.equal(tries, 5);
});

test("no repeat begins that the deadline would cut short: what is known is thrown instead", async (t) => {
  let tries = 0;
  const target = await serve(t, {
    startExecution: (_: Call, answer: Answer) => {
      tries += 1;
      answer(unavailable(3_600));
    },
  });
  await assert.rejects(using(t, target, { deadlineMs: 60_000 }).start("1"), (problem) => {
    assert.ok(problem instanceof client.StoreUnavailable);
    assert.equal(problem.retryDelayMs, 3_600_000);
    return true;
  });
  assert.equal(tries, 1);
});

test("what does not pass by itself is not repeated, and neither is a claim", async (t) => {
  let tries = 0;
  const target = await serve(t, {
    startExecution: (_: Call, answer: Answer) => {
      tries += 1;
      answer(refusal(status.ABORTED, "no", { reason: "CONTENTION" }));
    },
    claimExecutions: (_: Call, answer: Answer) => {
      tries += 1;
      answer(unavailable());
    },
  });
  await assert.rejects(using(t, target).start("1"), (problem) => {
    assert.ok(problem instanceof client.Contention);
    assert.match(problem.stack ?? "", /at async .*calls\.test\.js/, "the stack leads to the caller");
    return true;
  });
  assert.equal(tries, 1);
  await assert.rejects(using(t, target).claim("worker", ["type"]), client.StoreUnavailable);
  assert.equal(tries, 2);
});

test("a server that does not answer is told from one that answers late by what the deadline says", async (t) => {
  const target = await serve(t, { getExecution: () => undefined });
  await assert.rejects(using(t, target).get("1", { deadlineMs: 50 }), (problem) => {
    assert.ok(problem instanceof client.DeadlineExceeded);
    assert.ok(problem.message.startsWith(`${target} gave no answer within 50 ms: can it be reached?`));
    return true;
  });
});

test("a signal ends a call with its own reason, also one that waits for its repeat", async (t) => {
  let tries = 0;
  let cancelled = 0;
  const target = await serve(t, {
    getExecution: (call: Call) => void call.on("cancelled", () => (cancelled += 1)),
    startExecution: (_: Call, answer: Answer) => {
      tries += 1;
      answer(unavailable(5));
    },
  });
  const hung = new AbortController();
  const got = using(t, target).get("1", { signal: hung.signal, deadlineMs: 60_000 });
  const repeated = new AbortController();
  const started = using(t, target).start("1", { signal: repeated.signal, deadlineMs: 60_000 });
  await until(() => tries === 1, "the server was asked");
  const reason = new Error("I have changed my mind.");
  hung.abort(reason);
  repeated.abort(reason);
  await assert.rejects(got, reason);
  await assert.rejects(started, reason);
  await until(() => cancelled === 1, "the server was told");
  await assert.rejects(using(t, target).get("1", { signal: AbortSignal.abort(reason) }), reason);
});

test("closing the client ends all that is under way, and what comes after", async (t) => {
  let asked = 0;
  const target = await serve(t, { getExecution: () => void (asked += 1), waitExecution: () => void (asked += 1) });
  const closed = using(t, target);
  const got = closed.get("1");
  const waited = closed.wait("1");
  await until(() => asked === 2, "the server was asked");
  closed.close();
  await assert.rejects(got, client.ClientClosed);
  await assert.rejects(waited, client.ClientClosed);
  await assert.rejects(closed.get("1"), client.ClientClosed);
  await assert.rejects(closed.watch("1").next(), client.ClientClosed);
  closed.close();
});

test("long calls have connections of their own, each of a hundred", async (t) => {
  const peers = new Map<string, number>();
  let short = "";
  const target = await serve(t, {
    getExecution: (call: Call, answer: Answer) => {
      short = call.getPeer();
      answer(null, { execution: RUNNING });
    },
    waitExecution: (call: Call) => void peers.set(call.getPeer(), (peers.get(call.getPeer()) ?? 0) + 1),
  });
  const open = using(t, target);
  const waits = Array.from({ length: 101 }, () => assert.rejects(open.wait("1"), client.ClientClosed));
  await until(() => [...peers.values()].reduce((sum, calls) => sum + calls, 0) === 101, "all wait");
  await open.get("1");
  assert.deepEqual([...peers.values()].sort(), [1, 100]);
  assert.ok(!peers.has(short));
  open.close();
  await Promise.all(waits);
});

test("a wait goes on over lost connections until the execution is at rest", async (t) => {
  const ends = [unavailable(), { execution: RUNNING, done: false }, { execution: { ...RUNNING, id: "2" }, done: true }];
  const target = await serve(t, {
    waitExecution: (_: Call, answer: Answer) => {
      const end = ends.shift();
      if (end instanceof Error) answer(end);
      else answer(null, end);
    },
  });
  assert.equal((await using(t, target).wait("1")).id, "2");
  assert.equal(ends.length, 0);
});

test("of a batch each part has its own outcome, and what the answer had no room for is fetched", async (t) => {
  const whole = Execution.fromPartial({ id: "2", type: "whole" });
  const refused = { reason: ErrorReason.ERROR_REASON_EXECUTION_NOT_FOUND, message: "no", code: status.NOT_FOUND };
  const views: unknown[] = [];
  const target = await serve(t, {
    batchGetExecutions: (_: Call, answer: Answer) => {
      const gone = { execution: { ...RUNNING, id: "4" }, cut: true };
      const outcomes = [
        { execution: RUNNING },
        { execution: { ...RUNNING, id: "2" }, cut: true },
        { refusal: refused },
      ];
      answer(null, BatchGetExecutionsResponse.fromPartial({ outcomes: [...outcomes, gone] }));
    },
    getExecution: ({ request }: ServerUnaryCall<GetExecutionRequest, unknown>, answer: Answer) => {
      views.push(request.view);
      if (request.id === "2") answer(null, { execution: whole });
      else answer(refusal(status.NOT_FOUND, "no", { reason: "EXECUTION_NOT_FOUND" }));
    },
  });
  const answers = await using(t, target).batchGet(["1", "2", "3", "4"]);
  assert.deepEqual(
    answers.map((answer) => (answer instanceof client.ExecutionProblem ? answer.name : answer.type)),
    ["", "whole", "ExecutionNotFound", "ExecutionNotFound"],
  );
  assert.deepEqual(views, [ExecutionView.EXECUTION_VIEW_BASIC, ExecutionView.EXECUTION_VIEW_BASIC]);
});

test("an argument that cannot be sent is refused before anything is sent", async (t) => {
  const open = using(t, "localhost:1");
  await assert.rejects(open.create("type", { items: [1, 2, 3, NaN] }), { message: /^payload\.items\[3\] is NaN/ });
  await assert.rejects(open.batchCreate([{ type: "a" }, { type: "b", payload: [2n ** 60n] }]), {
    message: /^requests\[1\]\.payload\[0\] is a bigint beyond 2\*\*53/,
  });
  await assert.rejects(open.create("type", 1, { maxAttempts: 1.5 }), { name: "TypeError", message: /cannot be sent/ });
  await assert.rejects(open.get("1", { deadlineMs: -1 }), RangeError);
});

test("a process ends although its client is open and has nothing to do", async (t) => {
  const target = await serve(t, {
    getExecution: (_: Call, answer: Answer) => answer(null, { execution: RUNNING }),
  });
  const { spawn } = await import("node:child_process");
  const program = `
    import { ExecutionClient } from "@croco/execution-client";
    await new ExecutionClient("${target}").get("1");`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  t.after(() => child.kill("SIGKILL"));
  assert.deepEqual(await once(child, "exit"), [0, null]);
});

function using(t: { after(close: () => void): void }, target: string, options: client.ClientOptions = {}) {
  const open = new client.ExecutionClient(target, { deadlineMs: 30_000, ...options });
  t.after(() => open.close());
  return open;
}
