/** From what gRPC reports to the problems of problems.ts. */

import { status, type ServiceError, type StatusObject } from "@grpc/grpc-js";

import { ErrorReason, type Refusal } from "./gen/croco/execution/v1/error_reason.js";
import * as problems from "./problems.js";
import { readDetails } from "./rpc-details.js";

type Kind = new (message: string, code: problems.Code, details: problems.ProblemDetails) => problems.ExecutionProblem;

/** The class for each reason of error_reason.proto, without the prefix. */
export const BY_REASON: Readonly<Record<string, Kind>> = {
  INVALID_FIELD: problems.InvalidField,
  PAYLOAD_TOO_LARGE: problems.PayloadTooLarge,
  INVALID_PAGE_TOKEN: problems.InvalidPageToken,
  EXECUTION_NOT_FOUND: problems.ExecutionNotFound,
  IDEMPOTENCY_KEY_REUSED: problems.IdempotencyKeyReused,
  INVALID_STATE_TRANSITION: problems.InvalidStateTransition,
  MAX_RETRIES_EXCEEDED: problems.MaxRetriesExceeded,
  EXECUTION_NOT_RUNNING: problems.ExecutionNotRunning,
  EXECUTION_ACTIVE: problems.ExecutionActive,
  ATTEMPT_FENCED: problems.AttemptFenced,
  REVISION_MISMATCH: problems.RevisionMismatch,
  CONTENTION: problems.Contention,
  WATCH_REVISION_COMPACTED: problems.WatchRevisionCompacted,
  QUOTA_EXCEEDED: problems.QuotaExceeded,
  TOO_MANY_WATCHES: problems.TooManyWatches,
  TOO_MANY_CHECKPOINTS: problems.TooManyCheckpoints,
  STORE_UNAVAILABLE: problems.StoreUnavailable,
  SERVER_DRAINING: problems.ServerDraining,
  CREDENTIALS_MISSING: problems.CredentialsMissing,
  CREDENTIALS_INVALID: problems.CredentialsInvalid,
  METHOD_FORBIDDEN: problems.MethodForbidden,
  UNEXPECTED: problems.Unexpected,
};

const PREFIX = "ERROR_REASON_";

const BY_CODE: Readonly<Partial<Record<problems.Code, Kind>>> = {
  UNAVAILABLE: problems.Unavailable,
  DEADLINE_EXCEEDED: problems.DeadlineExceeded,
  CANCELLED: problems.Cancelled,
};

/** Make a problem of the class of its reason, else of its code. */
export function problemFrom(
  message: string,
  code: problems.Code,
  details: problems.ProblemDetails = {},
): problems.ExecutionProblem {
  const byReason = Object.hasOwn(BY_REASON, details.reason ?? "") ? BY_REASON[details.reason ?? ""] : undefined;
  const kind = byReason ?? BY_CODE[code] ?? problems.ExecutionProblem;
  return new kind(message, code, details);
}

/** Answer the problem that an error of gRPC stands for; whatever else was thrown stays what it is. */
export function problemOf(error: unknown): unknown {
  if (!isServiceError(error)) return error;
  const code = codeOf(error.code);
  return problemFrom(error.details || code, code, readDetails(error.metadata.get("grpc-status-details-bin")[0]));
}

/** Answer the problem that a part of a call was refused for. */
export function problemOfRefusal(refusal: Refusal): problems.ExecutionProblem {
  const name: string | undefined = ErrorReason[refusal.reason];
  const reason = name?.startsWith(PREFIX) ? name.slice(PREFIX.length) : "";
  const metadata = Object.fromEntries(refusal.metadata);
  return problemFrom(refusal.message, codeOf(refusal.code), { reason, metadata });
}

function isServiceError(error: unknown): error is ServiceError {
  const status = error as Partial<StatusObject> | null | undefined;
  // Not instanceof: a program may have two copies of @grpc/grpc-js.
  return error instanceof Error && typeof status?.code === "number" && typeof status.metadata?.get === "function";
}

function codeOf(number: number): problems.Code {
  return (status[number] as problems.Code | undefined) ?? "UNKNOWN";
}
