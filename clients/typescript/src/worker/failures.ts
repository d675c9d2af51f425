/** How a task says that it failed, and what the service is told of it. */

import type { ExecutionError } from "../gen/croco/execution/v1/execution.js";
import { checkObject } from "../json.js";
import { ExecutionProblem } from "../problems.js";
import { toDuration } from "../to-wire.js";

const CODE_CHARACTERS = 256;

/** What a task may say of its failure beside the message. */
export interface TaskFailureOptions extends ErrorOptions {
  /** What went wrong, for a program; left out, the name of the error. */
  readonly code?: string;
  /** Free data, JSON values. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a task throws to say more about its failure than an error does: see Retryable and Permanent. */
export abstract class TaskFailure extends Error {
  abstract readonly retryable: boolean;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly delayMs: number | undefined;

  constructor(message: string, options: TaskFailureOptions & { readonly delayMs?: number } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = options.code ?? "";
    this.details = options.details && checkObject(options.details, "details");
    this.delayMs = options.delayMs;
    if (this.delayMs !== undefined && !(this.delayMs >= 0 && this.delayMs <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`delayMs is ${this.delayMs}; it has to be a number of milliseconds, not negative.`);
    }
  }
}

/** The attempt failed and another may succeed: after `delayMs`, or when the retry policy says. */
export class Retryable extends TaskFailure {
  readonly retryable = true;
}

/** The attempt failed and so would every other: none follows. */
export class Permanent extends TaskFailure {
  readonly retryable = false;

  constructor(message: string, options: TaskFailureOptions = {}) {
    super(message, options);
  }
}

/** Why a job is to stop: somebody asked for its cancellation, the worker lost its lease, or the worker itself stops. */
export type StopReason = "cancel_requested" | "lease_lost" | "worker_stops";

/** The job is to stop: the reason of its signal. A task that is asked to stop may let it pass, or throw it. */
export class JobCancelled extends Error {
  readonly why: StopReason;

  constructor(message: string, why: StopReason) {
    super(message);
    this.name = "JobCancelled";
    this.why = why;
  }
}

/** Tell whether a task that was told to stop ended for that reason. What fetch and others throw is named AbortError. */
export function isCancellation(error: unknown): boolean {
  return error instanceof JobCancelled || (error instanceof Error && error.name === "AbortError");
}

/**
 * Answer what to tell the service of what a task has thrown.
 *
 * @param retryable whether another attempt may succeed, unless the error says so itself
 */
export function errorOf(error: unknown, retryable = true): ExecutionError {
  const known = error instanceof TaskFailure ? error : undefined;
  const name = nameOf(error);
  return {
    message: messageOf(error).toWellFormed() || name,
    code: codeOf(error) || name,
    stack: asked(() => (error instanceof Error ? String(error.stack ?? "").toWellFormed() : "")),
    retryable: known?.retryable ?? retryable,
    retryDelay: toDuration(known?.delayMs, "delayMs"),
    details: known?.details,
  };
}

function nameOf(error: unknown): string {
  return asked(
    () => (error instanceof Error && typeof error.name === "string" && printable(error.name)) || typeof error,
  );
}

function messageOf(error: unknown): string {
  return asked(() => (error instanceof Error ? String(error.message) : String(error)));
}

function codeOf(error: unknown): string {
  if (error instanceof ExecutionProblem && error.reason !== "") return error.reason;
  const code: unknown = asked(() => (error instanceof Error && "code" in error ? error.code : undefined));
  return typeof code === "string" || typeof code === "number" ? printable(String(code)) : "";
}

/** Answer "" where somebody's toString or getter throws: without a word of the failure the execution would never end. */
function asked<T>(ask: () => T): T | "" {
  try {
    return ask();
  } catch {
    return "";
  }
}

function printable(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, "?").slice(0, CODE_CHARACTERS);
}
