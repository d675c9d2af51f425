import assert from "node:assert/strict";
import { test } from "node:test";

import { status } from "@grpc/grpc-js";

import * as client from "@croco/execution-client";
import { ErrorReason } from "#dist/gen/croco/execution/v1/error_reason.js";
import { BY_REASON, problemFrom, problemOf } from "#dist/rpc-errors.js";
import { readDetails } from "#dist/rpc-details.js";

import { refusal, statusOf } from "./scripted.js";

test("every reason of the contract has a class of its own, which is public", () => {
  const reasons = Object.keys(ErrorReason)
    .filter((name) => name.startsWith("ERROR_REASON_") && name !== "ERROR_REASON_UNSPECIFIED")
    .map((name) => name.replace("ERROR_REASON_", ""));
  assert.deepEqual(Object.keys(BY_REASON).sort(), reasons.sort());
  const classes = Object.values(BY_REASON);
  assert.equal(new Set(classes).size, classes.length);
  const exported = new Set<unknown>(Object.values(client));
  for (const kind of classes) assert.ok(exported.has(kind), `${kind.name} is exported`);
});

test("an error of the service is the class of its reason, with what the service says beside it", () => {
  const problem = problemOf(
    refusal(status.FAILED_PRECONDITION, "It is completed.", {
      reason: "INVALID_STATE_TRANSITION",
      metadata: { executionId: "1", from: "running", to: "running", allowed: "completed, failed" },
    }),
  );
  assert.ok(problem instanceof client.InvalidStateTransition);
  assert.equal(problem.name, "InvalidStateTransition");
  assert.equal(problem.message, "It is completed.");
  assert.equal(problem.code, "FAILED_PRECONDITION");
  assert.equal(problem.reason, "INVALID_STATE_TRANSITION");
  assert.equal(problem.executionId, "1");
  assert.equal(problem.from, "running");
  assert.deepEqual(problem.allowed, ["completed", "failed"]);
});

test("field violations and the delay of a retry are told", () => {
  const problem = problemOf(
    refusal(status.INVALID_ARGUMENT, "no", { reason: "INVALID_FIELD", fields: ["a.b", "c"], retrySeconds: 2 }),
  );
  assert.ok(problem instanceof client.InvalidField);
  assert.deepEqual(
    problem.fieldViolations.map(({ field }) => field),
    ["a.b", "c"],
  );
  assert.equal(problem.fieldViolations[0]?.description, "is wrong.");
  assert.equal(problem.retryDelayMs, 2_000);
});

test("a reason that a newer server has added survives, in the class of its code", () => {
  const newer = problemOf(refusal(status.UNAVAILABLE, "later", { reason: "BRAND_NEW", metadata: { a: "b" } }));
  assert.ok(newer instanceof client.Unavailable);
  assert.equal(newer.reason, "BRAND_NEW");
  assert.deepEqual(newer.metadata, { a: "b" });
  const other = problemOf(refusal(status.ABORTED, "no", { reason: "toString" }));
  assert.ok(other instanceof client.ExecutionProblem);
  assert.equal(other.constructor, client.ExecutionProblem);
});

test("the reason of another domain, as a proxy's, is not taken for one of the service", () => {
  const problem = problemOf(
    refusal(status.UNAVAILABLE, "no", { reason: "STORE_UNAVAILABLE", domain: "proxy.example" }),
  );
  assert.ok(problem instanceof client.Unavailable);
  assert.ok(!(problem instanceof client.StoreUnavailable));
  assert.equal(problem.reason, "");
});

test("details that something on the way has mangled are no details", () => {
  const whole = statusOf(status.NOT_FOUND, "no", { reason: "EXECUTION_NOT_FOUND" });
  assert.equal(readDetails(whole).reason, "EXECUTION_NOT_FOUND");
  assert.deepEqual(readDetails(whole.subarray(0, whole.length - 3)), {});
  assert.deepEqual(readDetails(undefined), {});
});

test("what is no error of gRPC stays what it is", () => {
  const error = new Error("mine");
  assert.equal(problemOf(error), error);
});

test("a problem tells its kind by instanceof along the tree in problems.ts", () => {
  assert.ok(problemFrom("", "UNAVAILABLE", { reason: "SERVER_DRAINING" }) instanceof client.Unavailable);
  assert.ok(problemFrom("", "INVALID_ARGUMENT", { reason: "PAYLOAD_TOO_LARGE" }) instanceof client.InvalidField);
  assert.ok(problemFrom("", "DEADLINE_EXCEEDED") instanceof client.DeadlineExceeded);
  assert.ok(new client.ClientClosed() instanceof client.Cancelled);
});
