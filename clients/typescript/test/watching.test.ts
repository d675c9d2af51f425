import assert from "node:assert/strict";
import { test } from "node:test";

import { ClientClosed, ExecutionNotFound, ExecutionProblem, Unavailable } from "@croco/execution-client";
import { Execution, ExecutionStatus, ExecutionView } from "#dist/gen/croco/execution/v1/execution.js";
import {
  ExecutionFilter,
  WatchEvent,
  WatchExecutionResponse,
  WatchExecutionsResponse,
} from "#dist/gen/croco/execution/v1/execution_service.js";
import { Resume, WatchingAll, WatchingOne } from "#dist/watching.js";

const { EXECUTION_STATUS_COMPLETED: COMPLETED, EXECUTION_STATUS_RUNNING: RUNNING } = ExecutionStatus;
const { WATCH_EVENT_BOOKMARK: BOOKMARK, WATCH_EVENT_DELETED: DELETED, WATCH_EVENT_SNAPSHOT: SNAPSHOT } = WatchEvent;
const CHANGED = WatchEvent.WATCH_EVENT_STATUS_CHANGED;

function one(revision: number, event: WatchEvent, status?: ExecutionStatus): WatchExecutionResponse {
  const execution = status === undefined ? undefined : Execution.fromPartial({ id: "1", status, revision });
  return { revision, event, change: undefined, execution };
}

function some(id: string, revision: number, event: WatchEvent, status = RUNNING): WatchExecutionsResponse {
  const execution =
    event === BOOKMARK || event === DELETED ? undefined : Execution.fromPartial({ id, status, revision });
  return { id, revision, event, change: undefined, execution };
}

function watchingOne(follow = false, afterRevision?: number) {
  return new WatchingOne("1", afterRevision, follow, ExecutionView.EXECUTION_VIEW_UNSPECIFIED);
}

test("a watch is resumed after the last revision, be it a bookmark's, and tells nothing twice", () => {
  const watching = watchingOne();
  assert.equal(watching.request().afterRevision, undefined);
  assert.equal(watching.take(one(3, SNAPSHOT, RUNNING)).length, 1);
  assert.deepEqual(watching.take(one(5, BOOKMARK)), []);
  assert.equal(watching.request().afterRevision, 5);
  assert.deepEqual(watching.take(one(5, CHANGED, RUNNING)), []);
  assert.deepEqual(
    watching.take(one(6, CHANGED, COMPLETED)).map(({ revision, event }) => [revision, event]),
    [[6, "status_changed"]],
  );
});

test("a stream that ends with OK ends the watch, unless the execution is known to be active", () => {
  const watching = watchingOne();
  assert.ok(watching.ended());
  watching.take(one(1, SNAPSHOT, RUNNING));
  assert.ok(!watching.ended());
  watching.take(one(2, CHANGED, COMPLETED));
  assert.ok(watching.ended());
  const following = watchingOne(true);
  following.take(one(2, SNAPSHOT, COMPLETED));
  assert.ok(!following.ended());
});

test("a watch of many tells after a new snapshot only what has changed, and what is missing", () => {
  const watching = new WatchingAll(ExecutionFilter.fromPartial({}), true);
  assert.equal(watching.request().snapshot, true);
  for (const message of [some("a", 1, SNAPSHOT), some("b", 1, SNAPSHOT), some("c", 1, SNAPSHOT)]) {
    assert.equal(watching.take(message).length, 1);
  }
  assert.deepEqual(
    watching.take(some("", 0, BOOKMARK)).map(({ event }) => event),
    ["bookmark"],
  );
  assert.deepEqual(watching.take(some("", 0, BOOKMARK)), []);
  assert.deepEqual(
    watching.take(some("c", 1, DELETED)).map(({ event }) => event),
    ["deleted"],
  );
  assert.equal(watching.request().snapshot, true);
  assert.deepEqual(watching.take(some("a", 1, SNAPSHOT)), []);
  const told = watching.take(some("", 0, BOOKMARK));
  assert.deepEqual(
    told.map(({ id, event }) => [id, event]),
    [
      ["b", "missing"],
      ["", "bookmark"],
    ],
  );
});

test("what left the filter is not missing in the next snapshot", () => {
  const watching = new WatchingAll(ExecutionFilter.fromPartial({ statuses: [RUNNING] }), true);
  watching.request();
  watching.take(some("a", 1, SNAPSHOT));
  watching.take(some("", 0, BOOKMARK));
  assert.equal(watching.take(some("a", 2, CHANGED, COMPLETED)).length, 1);
  watching.request();
  assert.deepEqual(
    watching.take(some("", 0, BOOKMARK)).map(({ event }) => event),
    ["bookmark"],
  );
});

test("without a snapshot the first stream has none, and the ones after a loss have", () => {
  const watching = new WatchingAll(ExecutionFilter.fromPartial({}), false);
  assert.equal(watching.request().snapshot, false);
  assert.deepEqual(watching.take(some("", 0, BOOKMARK)), []);
  assert.equal(watching.request().snapshot, true);
});

test("a service that does not answer is asked for ever, with pauses that grow up to five seconds", () => {
  const resume = new Resume();
  const lost = new Unavailable("", "UNAVAILABLE");
  const first = resume.pauseAfter(lost);
  assert.ok(first >= 50 && first <= 100);
  let pause = 0;
  for (let failures = 0; failures < 50; failures++) pause = resume.pauseAfter(lost);
  assert.ok(pause >= 2_500 && pause <= 5_000);
  resume.succeeded();
  assert.ok(resume.pauseAfter(lost) <= 100);
  assert.ok(resume.pauseAfter(new Unavailable("", "UNAVAILABLE", { retryDelayMs: 9_000 })) >= 9_000);
});

test("a stream that breaks without a word is asked for five times in a row, a refusal never", () => {
  const resume = new Resume();
  const broken = new ExecutionProblem("RST_STREAM", "INTERNAL");
  for (let tries = 0; tries < 5; tries++) resume.pauseAfter(broken);
  assert.throws(() => resume.pauseAfter(broken), broken);
  for (const final of [
    new ExecutionNotFound("", "NOT_FOUND"),
    new ClientClosed(),
    new ExecutionProblem("", "INTERNAL", { reason: "UNEXPECTED" }),
    new Error("mine"),
  ]) {
    assert.throws(() => new Resume().pauseAfter(final), final);
  }
});
