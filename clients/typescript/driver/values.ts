/** From the scenario's words to the client's, and back. */

import {
  type Execution,
  ExecutionProblem,
  type HistoryEntry,
  type Progress,
  type WatchMessage,
} from "@croco/execution-client";

/** Anything that a line of JSON may hold. */
export type Words = Record<string, any>;

/** What holds JSON values, or keys of somebody's own: nothing in it is a word of the contract. */
const FREE = new Set(["payload", "result", "checkpoints", "metadata", "details", "labels"]);

/** Convert arguments: names to camelCase, moments to Dates, and the numbers that JSON does not have. */
export function toArguments(words: Words): Words {
  return Object.fromEntries(Object.entries(words).map(([name, value]) => toArgument(name, value)));
}

function toArgument(name: string, value: unknown): [string, unknown] {
  if (FREE.has(name)) return [name, toNumbers(value)];
  const moment = /^(.*_at|created_from|created_before)_ms$/.exec(name);
  if (moment?.[1] !== undefined) return [toCamelCase(moment[1]), new Date(value as number)];
  if (Array.isArray(value))
    return [toCamelCase(name), value.map((item) => (isObject(item) ? toArguments(item) : item))];
  return [toCamelCase(name), isObject(value) ? toArguments(value) : value];
}

function toNumbers(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(toNumbers);
  if (!isObject(json)) return json;
  if (typeof json.$integer === "string") return BigInt(json.$integer);
  if (typeof json.$double === "string") return Number(json.$double);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, toNumbers(value)]));
}

function toCamelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isObject(value: unknown): value is Words {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Say an execution in the contract's words. */
export function fromExecution(execution: Execution): Words {
  return {
    ...fromFields(execution),
    payload: execution.payload ?? null,
    has_payload: execution.payload !== undefined,
    result: execution.result ?? null,
    has_result: execution.result !== undefined,
    metadata: execution.metadata,
    labels: execution.labels,
    checkpoints: execution.checkpoints,
    checkpoint_sizes: execution.checkpointSizes,
    error: execution.error === undefined ? null : { ...fromFields(execution.error), details: execution.error.details },
    progress: execution.progress === undefined ? null : fromProgress(execution.progress),
    history: execution.history.map(fromHistoryEntry),
    retry_policy: execution.retryPolicy === undefined ? null : fromFields(execution.retryPolicy),
    retention: execution.retention === undefined ? null : fromFields(execution.retention),
    lease: execution.lease === undefined ? null : fromFields(execution.lease),
  };
}

/** Say a message of a watch in the contract's words. */
export function fromMessage({ id, revision, event, change, execution }: WatchMessage): Words {
  return {
    id,
    revision,
    event,
    change: change === undefined ? null : fromHistoryEntry(change),
    execution: execution === undefined ? null : fromExecution(execution),
  };
}

/** Say what was thrown in the scenario's words. */
export function fromProblem(problem: unknown): Words {
  if (problem instanceof ExecutionProblem) {
    const { code, reason, metadata, name: type, message } = problem;
    return { code, reason, metadata, fields: problem.fieldViolations.map(({ field }) => field), type, message };
  }
  const { name, message } = problem instanceof Error ? problem : new Error(String(problem));
  const refused = problem instanceof TypeError || problem instanceof RangeError;
  const code = refused ? "INVALID_ARGUMENT" : "UNKNOWN";
  return { code, reason: "", metadata: {}, fields: [], type: name, message, ...(refused ? { local: true } : {}) };
}

function fromProgress(progress: Progress): Words {
  return { percent: null, ...fromFields(progress) };
}

function fromHistoryEntry(entry: HistoryEntry): Words {
  return fromFields(entry);
}

/** Say plain fields: names in snake_case without units, moments in epoch milliseconds, null for what is absent. */
function fromFields(fields: object): Words {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name.replace(/Ms$/, "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value instanceof Date ? value.getTime() : (value ?? null),
    ]),
  );
}
