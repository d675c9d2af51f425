/**
 * Everything that a call may throw instead of answering: one class per `ErrorReason` of error_reason.proto.
 *
 *     ExecutionProblem
 *     ├── InvalidField             INVALID_ARGUMENT
 *     │   ├── PayloadTooLarge
 *     │   └── InvalidPageToken
 *     ├── ExecutionNotFound        NOT_FOUND
 *     ├── IdempotencyKeyReused     ALREADY_EXISTS
 *     ├── InvalidStateTransition   FAILED_PRECONDITION
 *     ├── MaxRetriesExceeded
 *     ├── ExecutionNotRunning
 *     ├── ExecutionActive
 *     ├── AttemptFenced            ABORTED
 *     ├── RevisionMismatch
 *     ├── Contention
 *     ├── WatchRevisionCompacted   OUT_OF_RANGE
 *     ├── QuotaExceeded            RESOURCE_EXHAUSTED
 *     ├── TooManyWatches
 *     ├── TooManyCheckpoints
 *     ├── Unavailable              UNAVAILABLE           also of the connection itself
 *     │   ├── StoreUnavailable
 *     │   └── ServerDraining
 *     ├── CredentialsMissing       UNAUTHENTICATED
 *     ├── CredentialsInvalid
 *     ├── MethodForbidden          PERMISSION_DENIED
 *     ├── Unexpected               INTERNAL
 *     ├── DeadlineExceeded         DEADLINE_EXCEEDED     no reason: made by gRPC
 *     └── Cancelled                CANCELLED             no reason: made by gRPC
 *         └── ClientClosed                               made by this client
 *
 * A reason that a newer server has added is thrown as the class of its code, or as a plain ExecutionProblem. The typed
 * attributes are the metadata of the reason's example in error_reason.proto.
 */

import type { ExecutionStatus } from "./model.js";

/** The name of a canonical status code, as `NOT_FOUND`. */
export type Code =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** What is wrong with one field of a request. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What is known of a problem beside its message. */
export interface ProblemDetails {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly retryDelayMs?: number;
}

/** A call was refused, or has no answer. Branch on the class, the code or the reason, never on the message. */
export class ExecutionProblem extends Error {
  readonly code: Code;
  /** The name in `ErrorReason` without its prefix; empty if the service gave none. */
  readonly reason: string;
  /** What the service says beside it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What is wrong with which field, for INVALID_ARGUMENT. */
  readonly fieldViolations: readonly FieldViolation[];
  /** When to come back, where the service says so. */
  readonly retryDelayMs: number | undefined;

  constructor(message: string, code: Code = "UNKNOWN", details: ProblemDetails = {}) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.reason = details.reason ?? "";
    this.metadata = details.metadata ?? {};
    this.fieldViolations = details.fieldViolations ?? [];
    this.retryDelayMs = details.retryDelayMs;
  }

  protected text(key: string): string {
    return this.metadata[key] ?? "";
  }

  protected number(key: string): number {
    return Number(this.metadata[key] ?? 0);
  }

  protected status(key: string): ExecutionStatus {
    return (this.metadata[key] || "unknown") as ExecutionStatus;
  }
}

/** A problem of one execution. */
class ProblemOfExecution extends ExecutionProblem {
  get executionId(): string {
    return this.text("executionId");
  }
}

/** A problem of an execution whose status is told. */
class ProblemOfStatus extends ProblemOfExecution {
  get executionStatus(): ExecutionStatus {
    return this.status("status");
  }
}

/** A limit was reached. */
class ProblemOfLimit extends ExecutionProblem {
  get limit(): number {
    return this.number("limit");
  }
}

/** A field of the request is missing, malformed or outside its limits. */
export class InvalidField extends ExecutionProblem {
  get field(): string {
    return this.text("field");
  }
}

/** A field of the request is larger than its limit. */
export class PayloadTooLarge extends InvalidField {
  get sizeBytes(): number {
    return this.number("sizeBytes");
  }

  get limitBytes(): number {
    return this.number("limitBytes");
  }
}

/** The page token was not made by this service, or was made for another filter or order. */
export class InvalidPageToken extends InvalidField {}

/** There is no such execution, or there is no more. One of the two attributes is empty. */
export class ExecutionNotFound extends ProblemOfExecution {
  get idempotencyKey(): string {
    return this.text("idempotencyKey");
  }
}

/** The idempotency key belongs to an execution of another type or payload: `executionId`. */
export class IdempotencyKeyReused extends ProblemOfExecution {
  get idempotencyKey(): string {
    return this.text("idempotencyKey");
  }
}

/** The status does not allow the call. `allowed` are the statuses that can follow `from`. */
export class InvalidStateTransition extends ProblemOfExecution {
  get from(): ExecutionStatus {
    return this.status("from");
  }

  get to(): ExecutionStatus {
    return this.status("to");
  }

  get allowed(): readonly ExecutionStatus[] {
    return this.text("allowed")
      .split(",")
      .map((status) => status.trim())
      .filter((status) => status !== "") as ExecutionStatus[];
  }
}

/** `retry` found no attempts left; `additionalAttempts` would allow more. */
export class MaxRetriesExceeded extends ProblemOfExecution {
  get attempts(): number {
    return this.number("attempts");
  }

  get maxAttempts(): number {
    return this.number("maxAttempts");
  }
}

/** Progress and checkpoints are taken while the execution is running only. */
export class ExecutionNotRunning extends ProblemOfStatus {}

/** `delete` without `force` takes only executions that are pending or at rest. */
export class ExecutionActive extends ProblemOfStatus {}

/** The caller's attempt is over, so nothing of it is taken: stop working. `endedBy` says how the attempt ended. */
export class AttemptFenced extends ProblemOfStatus {
  get attempt(): number {
    return this.number("attempt");
  }

  get currentAttempt(): number {
    return this.number("currentAttempt");
  }

  get endedBy(): string {
    return this.text("cause");
  }
}

/** The execution is not at the revision that the caller expects. */
export class RevisionMismatch extends ProblemOfExecution {
  get expectedRevision(): number {
    return this.number("expectedRevision");
  }

  get revision(): number {
    return this.number("revision");
  }
}

/** Other callers kept changing the execution until the server gave up. Nothing was changed; call again. */
export class Contention extends ProblemOfExecution {}

/** The history does not reach back to the revision to resume after: watch again without `afterRevision`. */
export class WatchRevisionCompacted extends ProblemOfExecution {
  get afterRevision(): number {
    return this.number("afterRevision");
  }

  get oldestRevision(): number {
    return this.number("oldestRevision");
  }
}

/** A quota of the deployment is used up. `retryDelayMs` says when to come back. */
export class QuotaExceeded extends ProblemOfLimit {}

/** All watches there may be are taken, or a watch of many executions was not read fast enough. */
export class TooManyWatches extends ProblemOfLimit {}

/** The execution would have more checkpoints than it may have. Nothing was saved. */
export class TooManyCheckpoints extends ProblemOfLimit {
  get executionId(): string {
    return this.text("executionId");
  }
}

/**
 * No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the same call with
 * the same `requestId` may be made again.
 */
export class Unavailable extends ExecutionProblem {}

/** The service cannot reach its store. */
export class StoreUnavailable extends Unavailable {}

/** The server is about to stop; another one answers. */
export class ServerDraining extends Unavailable {
  /** Set for a watch only. */
  get revision(): number {
    return this.number("revision");
  }
}

/** The call carries no credentials and needs some. */
export class CredentialsMissing extends ExecutionProblem {}

/** The call's credentials are unknown or have expired. */
export class CredentialsInvalid extends ExecutionProblem {}

/** The caller may not use this method. */
export class MethodForbidden extends ExecutionProblem {
  get method(): string {
    return this.text("method");
  }
}

/** A fault of the service. Its log has the cause under `incidentId`. */
export class Unexpected extends ExecutionProblem {
  get incidentId(): string {
    return this.text("incidentId");
  }
}

/** No answer came before the call's deadline, be it that the server cannot be reached. See `Unavailable`. */
export class DeadlineExceeded extends ExecutionProblem {}

/** The call was ended before its answer came. */
export class Cancelled extends ExecutionProblem {}

/** The client was closed. */
export class ClientClosed extends Cancelled {
  constructor() {
    super("The client is closed.", "CANCELLED");
  }
}
