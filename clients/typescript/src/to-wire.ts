/** From arguments to the messages of the contract. */

import { randomUUID } from "node:crypto";

import * as nouns from "./gen/croco/execution/v1/execution.js";
import { ExecutionFilter } from "./gen/croco/execution/v1/execution_service.js";
import type { Duration } from "./gen/google/protobuf/duration.js";
import type { ExecutionStatus, ProgressReport, Retention, RetryPolicy, View } from "./model.js";

/** Which executions: those that match all that is given. */
export interface Filter {
  /** Those with one of these; left out or empty, any. */
  readonly statuses?: readonly ExecutionStatus[];
  /** Those of one of these; left out or empty, any. */
  readonly types?: readonly string[];
  /** Those with this parent. */
  readonly parentId?: string;
  /** Those created then or later. */
  readonly createdFrom?: Date;
  /** Those created earlier than that. */
  readonly createdBefore?: Date;
}

const VIEWS: Readonly<Record<View, nouns.ExecutionView>> = {
  basic: nouns.ExecutionView.EXECUTION_VIEW_BASIC,
  full: nouns.ExecutionView.EXECUTION_VIEW_FULL,
};

/** Give the call a name of its own, if the caller gave none: then the automatic repeats are harmless. */
export function toRequestId(requestId: string | undefined): string {
  return requestId || randomUUID();
}

/** Convert a length of time, which may be 0. */
export function toDuration(milliseconds: number, name: string): Duration;
export function toDuration(milliseconds: number | undefined, name: string): Duration | undefined;
export function toDuration(milliseconds: number | undefined, name: string): Duration | undefined {
  if (milliseconds === undefined) return undefined;
  if (!Number.isFinite(milliseconds)) {
    throw new RangeError(`${name} is ${milliseconds}; it has to be a number of milliseconds.`);
  }
  const seconds = Math.trunc(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

/**
 * Check a moment. One before 1970 is cut to whole seconds: of less than a second the generated code would make a negative
 * number of nanoseconds, which the service refuses.
 */
export function toTimestamp(moment: Date | undefined, name: string): Date | undefined {
  if (moment === undefined) return undefined;
  const time = moment.getTime();
  if (Number.isNaN(time)) throw new RangeError(`${name} is an invalid Date.`);
  return new Date(time < 0 ? Math.floor(time / 1000) * 1000 : time);
}

/** Convert an object of texts. */
export function toLabels(labels: Readonly<Record<string, string>> | undefined): Map<string, string> {
  return new Map(Object.entries(labels ?? {}));
}

/** Convert a view; undefined leaves it to the call. */
export function toView(view: View | undefined): nouns.ExecutionView {
  if (view === undefined) return nouns.ExecutionView.EXECUTION_VIEW_UNSPECIFIED;
  if (!Object.hasOwn(VIEWS, view)) throw new RangeError(`There is no view "${view}".`);
  return VIEWS[view];
}

/** Convert what a worker may say of its progress. */
export function toProgress(progress: ProgressReport | undefined): nouns.Progress | undefined {
  if (progress === undefined) return undefined;
  const { current, total = 0, message = "", percent } = progress;
  return nouns.Progress.fromPartial({ current, total, message, percent });
}

/** Convert a retry policy; `path` is what to begin the paths in errors with. */
export function toRetryPolicy(policy: RetryPolicy | undefined, path = ""): nouns.RetryPolicy | undefined {
  if (policy === undefined) return undefined;
  return {
    initialInterval: toDuration(policy.initialIntervalMs, `${path}retryPolicy.initialIntervalMs`),
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: toDuration(policy.maximumIntervalMs, `${path}retryPolicy.maximumIntervalMs`),
    jitter: policy.jitter,
    nonRetryableCodes: toList(policy.nonRetryableCodes, `${path}retryPolicy.nonRetryableCodes`),
    retryTimeouts: policy.retryTimeouts ?? false,
  };
}

/** Convert a retention; `path` is what to begin the paths in errors with. */
export function toRetention(retention: Retention | undefined, path = ""): nouns.Retention | undefined {
  if (retention === undefined) return undefined;
  return {
    succeeded: toDuration(retention.succeededMs, `${path}retention.succeededMs`),
    failed: toDuration(retention.failedMs, `${path}retention.failedMs`),
  };
}

/** Convert the arguments that say which executions. */
export function toFilter(filter: Filter): ExecutionFilter {
  return {
    statuses: toList(filter.statuses, "statuses").map(toStatus),
    types: toList(filter.types, "types"),
    parentId: filter.parentId ?? "",
    createdFrom: toTimestamp(filter.createdFrom, "createdFrom"),
    createdBefore: toTimestamp(filter.createdBefore, "createdBefore"),
  };
}

/** Copy a list. A single text is refused: it would be taken for its letters. */
export function toList<T>(items: readonly T[] | undefined, name: string): T[] {
  if (typeof items === "string") throw new TypeError(`${name} must be an array, not a single string.`);
  return [...(items ?? [])];
}

function toStatus(status: ExecutionStatus): nouns.ExecutionStatus {
  const name = `EXECUTION_STATUS_${String(status).toUpperCase()}` as keyof typeof nouns.ExecutionStatus;
  const number = nouns.ExecutionStatus[name];
  if (!number) throw new RangeError(`No executions can be asked for by the status "${status}".`);
  return number;
}
