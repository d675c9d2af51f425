import assert from "node:assert/strict";
import { test } from "node:test";

import { type ServerWritableStream, status } from "@grpc/grpc-js";

import { ExecutionClient, ExecutionNotFound, type WatchMessage } from "@croco/execution-client";
import { Execution, ExecutionStatus } from "#dist/gen/croco/execution/v1/execution.js";
import {
  WatchEvent,
  type WatchExecutionRequest,
  type WatchExecutionResponse,
} from "#dist/gen/croco/execution/v1/execution_service.js";

import { refusal, serve, until } from "./scripted.js";

type Call = ServerWritableStream<WatchExecutionRequest, WatchExecutionResponse>;

function running(revision: number): WatchExecutionResponse {
  return message(revision, ExecutionStatus.EXECUTION_STATUS_RUNNING);
}

function completed(revision: number): WatchExecutionResponse {
  return message(revision, ExecutionStatus.EXECUTION_STATUS_COMPLETED);
}

/** More of these than a few fill the window of a stream. */
function large(revision: number): WatchExecutionResponse {
  const told = running(revision);
  return { ...told, execution: Execution.fromPartial({ ...told.execution, type: "t".repeat(4_000) }) };
}

function message(revision: number, status: ExecutionStatus): WatchExecutionResponse {
  const event = WatchEvent.WATCH_EVENT_UPDATED;
  return { revision, event, change: undefined, execution: Execution.fromPartial({ id: "1", status, revision }) };
}

/** Serve watches, each stream as the next of `streams` says; answer what was asked for. */
async function script(
  t: Parameters<typeof serve>[0],
  streams: ((call: Call) => void)[],
  watchSilenceMs = 30_000,
): Promise<{ readonly open: ExecutionClient; readonly asked: (number | undefined)[] }> {
  const asked: (number | undefined)[] = [];
  const target = await serve(t, {
    watchExecution: (call: Call) => {
      asked.push(call.request.afterRevision);
      streams.shift()?.(call);
    },
  });
  const open = new ExecutionClient(target, { watchSilenceMs });
  t.after(() => open.close());
  return { open, asked };
}

function end(call: Call, ...messages: WatchExecutionResponse[]): void {
  for (const each of messages) call.write(each);
  call.end();
}

function fail(call: Call, code: status, ...messages: WatchExecutionResponse[]): void {
  for (const each of messages) call.write(each);
  call.emit("error", refusal(code, "The stream ends."));
}

async function revisions(messages: AsyncIterable<WatchMessage>): Promise<number[]> {
  const told: number[] = [];
  for await (const { revision } of messages) told.push(revision);
  return told;
}

test("a watch goes on over every way in which a stream can break, without a gap and without a repeat", async (t) => {
  const { open, asked } = await script(t, [
    (call) => fail(call, status.UNAVAILABLE, running(1), running(2)),
    (call) => fail(call, status.INTERNAL, running(2), running(3)),
    (call) => end(call, running(4)),
    (call) => fail(call, status.CANCELLED),
    (call) => end(call, completed(5)),
  ]);
  assert.deepEqual(await revisions(open.watch("1")), [1, 2, 3, 4, 5]);
  assert.deepEqual(asked, [undefined, 2, 3, 4, 4]);
});

test("a watch that hears nothing takes its stream for lost and asks again", async (t) => {
  let cancelled = 0;
  const answer = (call: Call) => {
    call.on("cancelled", () => (cancelled += 1));
    if (call.request.afterRevision === 1) end(call, completed(2));
    else call.write(running(1));
  };
  const { open, asked } = await script(t, new Array<typeof answer>(100).fill(answer), 300);
  assert.deepEqual(await revisions(open.watch("1")), [1, 2]);
  assert.equal(asked[0], undefined);
  assert.equal(asked.at(-1), 1);
  await until(() => cancelled >= 1, "the lost stream was ended");
});

test("the end of a watch that the service refuses is told", async (t) => {
  const { open } = await script(t, [
    (call) => {
      call.write(running(1));
      call.emit("error", refusal(status.NOT_FOUND, "It was deleted.", { reason: "EXECUTION_NOT_FOUND" }));
    },
  ]);
  const watch = open.watch("1");
  assert.equal((await watch.next()).value?.revision, 1);
  await assert.rejects(watch.next(), ExecutionNotFound);
  assert.ok((await watch.next()).done);
});

test("leaving the loop ends the call, and so does the signal, with its reason", async (t) => {
  let cancelled = 0;
  const stay = (call: Call) => {
    call.write(running(1));
    call.on("cancelled", () => (cancelled += 1));
  };
  const { open } = await script(t, [stay, stay]);
  for await (const { revision } of open.watch("1")) {
    assert.equal(revision, 1);
    break;
  }
  await until(() => cancelled === 1, "the server was told that the loop was left");
  const abort = new AbortController();
  const reason = new Error("enough");
  const watch = open.watch("1", { signal: abort.signal });
  await watch.next();
  const next = watch.next();
  abort.abort(reason);
  await assert.rejects(next, reason);
  await until(() => cancelled === 2, "the server was told that the signal was aborted");
});

test("a slow reader holds the stream back instead of gathering it, and misses nothing", async (t) => {
  const many = 1_000;
  let written = 0;
  const { open } = await script(t, [
    (call) => {
      const write = () => {
        while (written < many) {
          written += 1;
          if (!call.write(large(written))) return void call.once("drain", write);
        }
        end(call, completed(many + 1));
      };
      write();
    },
  ]);
  const watch = open.watch("1");
  assert.equal((await watch.next()).value?.revision, 1);
  assert.ok(written < many, "the server is held back");
  const rest = await revisions(watch);
  assert.equal(rest.length, many);
  assert.equal(rest.at(-1), many + 1);
});
