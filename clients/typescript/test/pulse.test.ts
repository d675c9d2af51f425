import assert from "node:assert/strict";
import { test } from "node:test";

import { Pulse, type Verdict } from "#dist/worker/pulse.js";

/** The verdicts of a lease of 12 s, judged once a second from the moment when the service fell silent. */
function verdicts(pulse: Pulse, from: number, to: number): Verdict[] {
  return Array.from({ length: to - from + 1 }, (_, at) => pulse.judge((from + at) * 1_000));
}

test("in silence a worker asks, then gives the stream up, and after two thirds of the lease its leases too", () => {
  const pulse = new Pulse(12_000, 0);
  assert.equal(pulse.beatMs, 1_000);
  assert.deepEqual(verdicts(pulse, 1, 4), ["go on", "ask", "go on", "reconnect"]);
  pulse.reconnected();
  assert.deepEqual(verdicts(pulse, 5, 8), ["ask", "go on", "reconnect", "lose"]);
});

test("whatever is heard begins the count anew", () => {
  const pulse = new Pulse(12_000, 0);
  verdicts(pulse, 1, 3);
  pulse.heard(3_500);
  assert.deepEqual(verdicts(pulse, 4, 6), ["go on", "go on", "ask"]);
});

test("one judgement alone loses nothing: after a pause of the process the answer may wait to be read", () => {
  const pulse = new Pulse(12_000, 0);
  assert.notEqual(pulse.judge(60_000), "lose");
  pulse.heard(60_001);
  assert.equal(pulse.judge(61_000), "go on");
  const silent = new Pulse(12_000, 0);
  silent.judge(60_000);
  assert.equal(silent.judge(61_000), "lose");
});
