import assert from "node:assert/strict";
import { test } from "node:test";

import { type ExecutionStatus, isAtRest, type StatusReason, type WatchEvent } from "@croco/execution-client";
import { fromExecution, fromStatus } from "#dist/from-wire.js";
import * as nouns from "#dist/gen/croco/execution/v1/execution.js";
import * as verbs from "#dist/gen/croco/execution/v1/execution_service.js";
import { Timestamp } from "#dist/gen/google/protobuf/timestamp.js";
import { toDuration, toFilter, toLabels, toView } from "#dist/to-wire.js";

type Word<Name, Prefix extends string> = Name extends `${Prefix}${infer Rest}` ? Lowercase<Rest> : never;
type Words<Enum, Prefix extends string> = Exclude<Word<keyof Enum, Prefix>, "unspecified">;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

// A value that is added to the contract makes one of these an error until model.ts has it too.
const statuses: Same<
  Exclude<ExecutionStatus, "unknown">,
  Words<typeof nouns.ExecutionStatus, "EXECUTION_STATUS_">
> = true;
const reasons: Same<Exclude<StatusReason, "unknown">, Words<typeof nouns.StatusReason, "STATUS_REASON_">> = true;
const events: Same<Exclude<WatchEvent, "missing" | "unknown">, Words<typeof verbs.WatchEvent, "WATCH_EVENT_">> = true;

test("the words of the client are those of the contract", () => {
  assert.ok(statuses && reasons && events);
});

test("every field of the contract's Execution is told, but for what is the server's own", () => {
  const wire = Object.keys(nouns.Execution.fromPartial({})).filter((name) => name !== "appliedRequests");
  const told = Object.keys(fromExecution(undefined)).map((name) => name.replace(/Ms$/, ""));
  assert.deepEqual(told.sort(), wire.sort());
});

test("a status that a newer server has added is unknown, and never at rest", () => {
  assert.equal(fromStatus(77 as nouns.ExecutionStatus), "unknown");
  assert.ok(!isAtRest("unknown"));
  assert.ok(isAtRest("timed_out"));
});

test("lengths of time keep their milliseconds, of either sign", () => {
  assert.deepEqual(toDuration(1_500, "timeoutMs"), { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(toDuration(-1_500, "timeoutMs"), { seconds: -1, nanos: -500_000_000 });
  assert.deepEqual(toDuration(0.25, "timeoutMs"), { seconds: 0, nanos: 250_000 });
  assert.throws(() => toDuration(NaN, "timeoutMs"), { message: /^timeoutMs is NaN/ });
});

test("arguments that would be sent as something else are refused", () => {
  assert.throws(() => toFilter({ types: "resize" as unknown as string[] }), TypeError);
  assert.throws(() => toFilter({ statuses: ["done" as ExecutionStatus] }), RangeError);
  assert.throws(() => toFilter({ statuses: ["unknown"] }), RangeError);
  assert.throws(() => toFilter({ createdFrom: new Date("never") }), RangeError);
  assert.throws(() => toView("toString" as "full"), RangeError);
  assert.deepEqual([...toLabels({ a: "b" })], [["a", "b"]]);
});

test("a moment before 1970 is sent as one that the service takes", () => {
  for (const [time, seconds] of [
    [-1_500, -2],
    [-2_000, -2],
    [1_500, 1],
  ] as const) {
    const bytes = verbs.ExecutionFilter.encode(toFilter({ createdFrom: new Date(time) })).finish();
    const sent = Timestamp.decode(bytes.subarray(2));
    assert.equal(sent.seconds, seconds);
    assert.ok(sent.nanos >= 0);
  }
});
