import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { status } from "@grpc/grpc-js";

import {
  ExecutionProblem,
  type Job,
  JobCancelled,
  Permanent,
  Retryable,
  TooManyCheckpoints,
  Worker,
} from "@croco/execution-client";
import { ErrorReason } from "#dist/gen/croco/execution/v1/error_reason.js";
import type { WorkReport } from "#dist/gen/croco/execution/v1/worker_service.js";

import { until } from "./scripted.js";
import { play } from "./work-server.js";

/** A task that goes on until it is told to stop. */
async function untilStopped({ signal }: Job): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

function endOf(reports: WorkReport[]): WorkReport | undefined {
  return reports.find(({ complete, fail, release }) => complete ?? fail ?? release);
}

test("an execution is done: its payload is given, its checkpoints are durable, its result is reported", async (t) => {
  const seen: unknown[] = [];
  const played = await play(t, async (job: Job<{ album: number }>) => {
    seen.push(job.payload.album, job.checkpoints.next, job.attempt);
    await job.checkpoint("next", 8);
    seen.push(job.checkpoints.next);
    return { resized: 8 };
  });
  const stream = await played.stream(0);
  assert.equal(stream.hello?.workerId, "me");
  assert.deepEqual([stream.hello?.types, stream.hello?.slots], [["work"], 10]);
  stream.assign({ payload: { album: 123 }, checkpoints: new Map([["next", 7]]) });
  await until(() => endOf(played.reports()) !== undefined, "the end is reported");
  assert.deepEqual(seen, [123, 7, 1, 8]);
  assert.deepEqual(endOf(played.reports())?.complete?.result, { resized: 8 });
  assert.deepEqual([...(played.reports()[0]?.checkpoints ?? [])], [["next", 8]]);
});

test("nothing and null are told apart as results", async (t) => {
  const played = await play(t, (job) => (job.payload === "null" ? null : undefined));
  const stream = await played.stream(0);
  stream.assign({ id: "1" });
  stream.assign({ id: "2", payload: "null" });
  await until(() => played.reports().length === 2, "both ends are reported");
  const results = new Map(played.reports().map(({ id, complete }) => [id, complete?.result]));
  assert.deepEqual(
    results,
    new Map<string, unknown>([
      ["1", undefined],
      ["2", null],
    ]),
  );
});

test("an error fails the attempt: retryable unless it says otherwise, named by its code or its class", async (t) => {
  const errors: Record<string, unknown> = {
    plain: new SyntaxError("bad"),
    system: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
    later: new Retryable("busy", { delayMs: 1_500, code: "BUSY", details: { host: "a" } }),
    never: new Permanent("broken"),
    text: "thrown as it is",
    result: 2n ** 60n,
  };
  const played = await play(t, ({ payload, execution }) => {
    if (execution.id === "result") return errors[payload];
    throw errors[payload];
  });
  const stream = await played.stream(0);
  for (const id of Object.keys(errors)) stream.assign({ id, payload: id });
  await until(() => played.reports().length === 6, "all have failed");
  const told = Object.fromEntries(
    played.reports().map(({ id, fail }) => [id, [fail?.message, fail?.code, fail?.retryable]]),
  );
  assert.deepEqual(told, {
    plain: ["bad", "SyntaxError", true],
    system: ["refused", "ECONNREFUSED", true],
    later: ["busy", "BUSY", true],
    never: ["broken", "Permanent", false],
    text: ["thrown as it is", "string", true],
    result: ["result is a bigint beyond 2**53, which JSON numbers cannot hold exactly.", "RangeError", false],
  });
  const later = played.reports().find(({ id }) => id === "later")?.fail;
  assert.deepEqual(later?.retryDelay, { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(later?.details, { host: "a" });
  assert.match(played.reports().find(({ id }) => id === "plain")?.fail?.stack ?? "", /SyntaxError: bad\n\s+at /);
});

test("whatever a task throws fails the attempt, and nothing else", async (t) => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const details: Record<string, unknown> = {};
  const changed = new Retryable("changed", { details });
  details.list = [undefined];
  const hostile = Object.defineProperty(new Error("hostile"), "code", {
    get: () => {
      throw new Error("no code");
    },
  });
  const thrown: Record<string, unknown> = {
    nothing: undefined,
    bare: Object.create(null),
    hostile,
    changed,
    "named by a number": Object.assign(new Error("named by a number"), { name: 42 }),
    revoked: revoked.proxy,
  };
  const played = await play(t, ({ payload }) => {
    throw thrown[payload];
  });
  const stream = await played.stream(0);
  for (const id of Object.keys(thrown)) stream.assign({ id, payload: id });
  await until(() => played.reports().length === 6, "all have failed");
  const told = Object.fromEntries(played.reports().map(({ id, fail }) => [id, [fail?.message, fail?.code]]));
  assert.deepEqual(told, {
    nothing: ["undefined", "undefined"],
    bare: ["object", "object"],
    hostile: ["hostile", "Error"],
    changed: ["Cannot convert undefined or null to object", "TypeError"],
    "named by a number": ["named by a number", "object"],
    revoked: ["Cannot perform 'getPrototypeOf' on a proxy that has been revoked", "TypeError"],
  });
  for (const delayMs of [-1, NaN, Infinity, 1e300]) assert.throws(() => new Retryable("", { delayMs }), RangeError);
});

test("a checkpoint is kept as it was when it was given, over a broken stream too", async (t) => {
  let answering = false;
  const played = await play(
    t,
    async (job) => {
      const state = { next: 1 };
      const saved = job.checkpoint("state", state);
      state.next = 2;
      await saved;
    },
    { answer: () => (answering ? "taken" : "unanswered") },
  );
  const first = await played.stream(0);
  first.assign();
  await until(() => first.reports.length === 1, "the checkpoint is reported");
  answering = true;
  first.fail();
  const second = await played.stream(1);
  await until(() => second.reports.length > 0, "it is reported again");
  assert.deepEqual(second.reports[0]?.checkpoints, new Map([["state", { next: 1 }]]));
});

test("who saves after the end was reported, and has lost the lease, is told so", async (t) => {
  let problem: unknown;
  const played = await play(
    t,
    (job) => {
      job.checkpoint("next", 1).catch((lost: unknown) => (problem = lost));
    },
    { answer: () => ErrorReason.ERROR_REASON_ATTEMPT_FENCED },
  );
  (await played.stream(0)).assign();
  await until(() => problem !== undefined, "the checkpoint is refused");
  assert.ok(problem instanceof JobCancelled);
});

test("the last progress outlives a result that is refused", async (t) => {
  let goOn: (() => void) | undefined;
  const played = await play(
    t,
    async (job) => {
      job.progress(1);
      await new Promise<void>((resolve) => (goOn = resolve));
      job.progress(2);
      return "large";
    },
    {
      // As long as the first progress is not acknowledged no other is sent.
      answer: ({ complete, fail }) =>
        complete ? ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE : fail ? "taken" : "unanswered",
    },
  );
  (await played.stream(0)).assign();
  await until(() => played.reports().length === 1, "the first progress is reported");
  goOn?.();
  await until(() => played.reports().length === 3, "the failure is reported");
  assert.ok(played.reports()[2]?.fail);
  assert.equal(played.reports()[2]?.progress?.current, 2);
});

test("after a broken stream the worker comes back with what it holds, and repeats what was not answered", async (t) => {
  let answering = false;
  let ended = false;
  const played = await play(
    t,
    async (job) => {
      await job.checkpoint("next", 1);
      ended = true;
    },
    { answer: () => (answering ? "taken" : "unanswered") },
  );
  const first = await played.stream(0);
  first.assign();
  await until(() => first.reports.length === 1, "the checkpoint is reported");
  answering = true;
  first.fail();
  const second = await played.stream(1);
  assert.deepEqual(second.hello?.held, [{ id: "1", attempt: 1 }]);
  await until(() => endOf(second.reports) !== undefined, "the end is reported");
  assert.ok(ended);
  assert.equal(second.reports[0]?.requestId, first.reports[0]?.requestId);
  assert.deepEqual(second.reports[0], first.reports[0]);
});

test("a report that is refused for something that passes is repeated, as the same", async (t) => {
  let tries = 0;
  const played = await play(t, () => 1, {
    answer: () => (++tries === 1 ? ErrorReason.ERROR_REASON_STORE_UNAVAILABLE : "taken"),
  });
  (await played.stream(0)).assign();
  await until(() => played.reports().length === 2, "it is repeated");
  const [first, second] = played.reports();
  assert.deepEqual(second, first);
});

test("a result that the service refuses ends the attempt as a failure", async (t) => {
  const played = await play(t, () => "large", {
    answer: ({ complete }) => (complete ? ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE : "taken"),
  });
  (await played.stream(0)).assign();
  await until(() => played.reports().length === 2, "the failure is reported");
  const failed = played.reports()[1]?.fail;
  assert.deepEqual([failed?.code, failed?.retryable], ["PAYLOAD_TOO_LARGE", false]);
});

test("a checkpoint that the service refuses is the task's to handle", async (t) => {
  let problem: unknown;
  const played = await play(
    t,
    async (job) => {
      await job.checkpoint("next", 1).catch((refused: unknown) => (problem = refused));
    },
    {
      answer: ({ checkpoints }) => (checkpoints.size ? ErrorReason.ERROR_REASON_TOO_MANY_CHECKPOINTS : "taken"),
    },
  );
  (await played.stream(0)).assign();
  await until(() => endOf(played.reports()) !== undefined, "the end is reported");
  assert.ok(problem instanceof TooManyCheckpoints);
});

test("who is asked to stop is told by the signal, and gives the execution back", async (t) => {
  let reason: unknown;
  const played = await play(t, (job) => {
    job.signal.addEventListener("abort", () => (reason = job.signal.reason));
    return untilStopped(job);
  });
  const stream = await played.stream(0);
  stream.assign();
  stream.direct({ cancelRequested: { reason: "not needed", forcedAt: undefined } });
  await until(() => endOf(played.reports()) !== undefined, "the end is reported");
  assert.ok(endOf(played.reports())?.release);
  assert.ok(reason instanceof JobCancelled);
  assert.deepEqual([reason.message, reason.why], ["not needed", "cancel_requested"]);
});

test("of a lost attempt nothing more is written, and its task is stopped", async (t) => {
  const why: unknown[] = [];
  const played = await play(t, async (job) => {
    await once(job.signal, "abort");
    why.push(job.signal.reason.why);
    await job.checkpoint("next", 1).catch((problem: unknown) => why.push(problem instanceof JobCancelled));
    return 1;
  });
  const stream = await played.stream(0);
  stream.assign();
  stream.direct({ leaseLost: { cause: "attempt_timeout" } });
  await until(() => why.length === 2, "the task has stopped");
  assert.deepEqual(why, ["lease_lost", true]);
  stream.assign({ id: "2", attempts: 5 });
  stream.direct({ id: "2", attempt: 5, cancelRequested: { reason: "", forcedAt: undefined } });
  await until(() => played.reports().length > 0, "another attempt has ended");
  assert.deepEqual(new Set(played.reports().map(({ id }) => id)), new Set(["2"]));
});

test("a report that is fenced stops the task", async (t) => {
  let why = "";
  const played = await play(
    t,
    async (job) => {
      job.progress(1, 2);
      await once(job.signal, "abort");
      why = job.signal.reason.why;
    },
    { answer: () => ErrorReason.ERROR_REASON_ATTEMPT_FENCED },
  );
  (await played.stream(0)).assign();
  await until(() => why !== "", "the task is stopped");
  assert.equal(why, "lease_lost");
});

test("a worker that hears nothing any more takes its leases for lost, although its stream looks open", async (t) => {
  let why = "";
  const played = await play(
    t,
    async (job) => {
      await once(job.signal, "abort");
      why = job.signal.reason.why;
    },
    { answer: () => "unanswered", leaseMs: 1_000 },
  );
  (await played.stream(0)).assign();
  await until(() => why !== "", "the task is stopped");
  assert.equal(why, "lease_lost");
  const last = played.streams.length;
  assert.deepEqual((await played.stream(last)).hello?.held, []);
});

test("progress is conflated: one at a time is under way, and the last is always told", async (t) => {
  const played = await play(t, async (job) => {
    for (let at = 1; at <= 1_000; at++) {
      job.progress(at, 1_000);
      if (at % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.throws(() => job.progress(NaN), { message: /^current is NaN/ });
    assert.throws(() => job.progress(1, 1, { percent: 101 }), RangeError);
  });
  (await played.stream(0)).assign();
  await until(() => endOf(played.reports()) !== undefined, "the end is reported");
  const reported = played.reports().flatMap(({ progress }) => (progress ? [progress.current] : []));
  assert.ok(reported.length < 100, `${reported.length} are sent`);
  assert.equal(reported.at(-1), 1_000);
});

test("a worker that stops takes nothing new, lets its task end, and ends", async (t) => {
  let finish: (() => void) | undefined;
  const played = await play(t, () => new Promise<void>((resolve) => (finish = resolve)), { drainMs: 60_000 });
  const stream = await played.stream(0);
  stream.assign();
  await until(() => finish !== undefined, "the task runs");
  played.worker.stop();
  const second = await played.stream(1);
  assert.deepEqual([second.hello?.types, second.hello?.held.length], [[], 1]);
  second.assign({ id: "2" });
  await until(() => second.reports.some(({ id, release }) => id === "2" && release), "what came late is given back");
  finish?.();
  await played.ran;
  assert.ok(second.reports.some(({ id, complete }) => id === "1" && complete));
});

test("a worker that stops gives back what does not end in time, also where the task does not heed its signal", async (t) => {
  let running = 0;
  const played = await play(
    t,
    (job) => {
      running += 1;
      return job.id === "heeds" ? untilStopped(job) : new Promise(() => undefined);
    },
    { drainMs: 0 },
  );
  const stream = await played.stream(0);
  stream.assign({ id: "heeds" });
  stream.assign({ id: "does not" });
  await until(() => running === 2, "both run");
  played.worker.stop();
  await played.ran;
  const released = played.reports().filter(({ release }) => release);
  assert.deepEqual(new Set(released.map(({ id }) => id)), new Set(["heeds", "does not"]));
});

test("a worker that the service refuses for good ends with the problem", async (t) => {
  const played = await play(t, () => undefined);
  (await played.stream(0)).fail(status.UNAUTHENTICATED);
  await assert.rejects(
    played.ran,
    (problem) => problem instanceof ExecutionProblem && problem.code === "UNAUTHENTICATED",
  );
});

test("a worker without tasks does not run, nor twice at once, nor with two tasks of one type", async (t) => {
  await assert.rejects(new Worker("localhost").run(), /no tasks/);
  const { worker } = await play(t, () => undefined);
  await assert.rejects(worker.run(), /runs already/);
  assert.throws(() => worker.task("work", () => undefined), /has a function already/);
});
