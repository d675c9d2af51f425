/** From what a stream answers about a report to the problems of problems.ts. */

import { status } from "@grpc/grpc-js";

import { ErrorReason } from "../gen/croco/execution/v1/error_reason.js";
import type { WorkRefusal } from "../gen/croco/execution/v1/worker_service.js";
import * as problems from "../problems.js";
import { problemOfRefusal } from "../rpc-errors.js";

/** A refusal of a stream carries no code, as its reason implies one. These are the reasons there are. */
const CODES: Readonly<Partial<Record<ErrorReason, status>>> = {
  [ErrorReason.ERROR_REASON_INVALID_FIELD]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_EXECUTION_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_INVALID_STATE_TRANSITION]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_EXECUTION_NOT_RUNNING]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_ATTEMPT_FENCED]: status.ABORTED,
  [ErrorReason.ERROR_REASON_CONTENTION]: status.ABORTED,
  [ErrorReason.ERROR_REASON_QUOTA_EXCEEDED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_TOO_MANY_CHECKPOINTS]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_STORE_UNAVAILABLE]: status.UNAVAILABLE,
  [ErrorReason.ERROR_REASON_SERVER_DRAINING]: status.UNAVAILABLE,
  [ErrorReason.ERROR_REASON_UNEXPECTED]: status.INTERNAL,
};

/** Answer the problem that a report was refused for; of a reason that is not known here, a plain ExecutionProblem. */
export function problemOfReport(refusal: WorkRefusal): problems.ExecutionProblem {
  return problemOfRefusal({ ...refusal, code: CODES[refusal.reason] ?? status.UNKNOWN });
}

/** Tell whether a refusal says that the attempt is over. */
export function isOver(problem: problems.ExecutionProblem): boolean {
  return problem instanceof problems.AttemptFenced || problem instanceof problems.ExecutionNotFound;
}

/** Tell whether the same report may be taken when it is repeated. */
export function mayPass(problem: problems.ExecutionProblem): boolean {
  return (
    problem instanceof problems.Unavailable ||
    problem instanceof problems.Contention ||
    problem instanceof problems.QuotaExceeded
  );
}

/** Answer why an attempt is over, in a few words. */
export function causeOf(problem: problems.ExecutionProblem): string {
  return (problem instanceof problems.AttemptFenced && problem.endedBy) || problem.message;
}
