import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { CreateExecutionRequest } from "#dist/gen/croco/execution/v1/execution_service.js";
import { checkJson, checkObject, checkValues } from "#dist/json.js";

/** What comes back of a payload that was sent. */
function sent(payload: unknown): unknown {
  const request = CreateExecutionRequest.fromPartial({ payload: checkJson(payload, "payload") });
  return CreateExecutionRequest.decode(CreateExecutionRequest.encode(request).finish()).payload;
}

function nested(levels: number): unknown {
  let json: unknown = 1;
  for (let level = 0; level < levels; level++) json = level % 2 === 0 ? [json] : { in: json };
  return json;
}

test("every JSON value comes back as it was sent", () => {
  const values = [null, true, false, 0, -1.5, 1e300, 2 ** 53, "", "\u{1F600}", [], {}, [null, [1], { a: [{}] }]];
  for (const value of values) assert.deepEqual(sent(value), value);
});

test("a payload that is absent and one that is null are told apart", () => {
  assert.equal(sent(null), null);
  const none = CreateExecutionRequest.encode(CreateExecutionRequest.fromPartial({})).finish();
  assert.equal(CreateExecutionRequest.decode(none).payload, undefined);
});

test("a property named __proto__ is a property like any other", () => {
  const json = JSON.parse('{"__proto__": {"admin": true}}');
  assert.equal(JSON.stringify(sent(json)), JSON.stringify(json));
});

test("a property that is undefined is left out, as JSON.stringify does", () => {
  assert.deepEqual(sent({ a: undefined, b: 1 }), { b: 1 });
});

test("an object of another realm is a plain object too", () => {
  assert.deepEqual(sent(runInNewContext("({ a: [1] })")), { a: [1] });
});

test("a bigint is sent as a number up to 2**53 and refused beyond, so that none is rounded without a word", () => {
  assert.equal(sent(2n ** 53n), 2 ** 53);
  assert.equal(sent(-(2n ** 53n)), -(2 ** 53));
  for (const beyond of [2n ** 53n + 1n, -(2n ** 53n) - 1n]) {
    assert.throws(() => sent({ items: [0, 1, 2, beyond] }), { name: "RangeError", message: /^payload\.items\[3\] / });
  }
});

test("what JSON does not have is refused with its path", () => {
  class Album {}
  const refused: [unknown, RegExp][] = [
    [{ a: [NaN] }, /^payload\.a\[0\] is NaN/],
    [[-Infinity], /^payload\[0\] is -Infinity/],
    [{ when: new Date(0) }, /^payload\.when is of the class Date/],
    [{ a: { b: new Map() } }, /^payload\.a\.b is of the class Map/],
    [[new Album()], /^payload\[0\] is of the class Album/],
    [[undefined], /^payload\[0\] is undefined/],
    [new Array(1), /^payload\[0\] is undefined/],
    [() => 1, /^payload is a function/],
    [{ a: "\ud800" }, /^payload\.a holds half of a surrogate pair/],
    [{ "\udc00": 1 }, /^A key of payload holds half of a surrogate pair/],
  ];
  for (const [json, message] of refused) assert.throws(() => sent(json), { message });
});

test("30 levels are taken and 31 are refused, because they could not be parsed", () => {
  assert.deepEqual(sent(nested(30)), nested(30));
  assert.throws(() => sent(nested(31)), { name: "RangeError", message: /nested deeper than 30 levels/ });
});

test("a cycle is refused instead of being followed for ever", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.throws(() => sent(cycle), RangeError);
});

test("metadata and checkpoints have to be plain objects; each checkpoint has levels of its own", () => {
  assert.throws(() => checkObject([], "metadata"), { name: "TypeError", message: /^metadata must be a plain object/ });
  assert.throws(() => checkValues(null, "checkpoints"), TypeError);
  assert.throws(() => checkValues({ next: [2n ** 60n] }, "checkpoints"), { message: /^checkpoints\.next\[0\] / });
  assert.equal(checkValues({ next: nested(30) }, "checkpoints").size, 1);
});
