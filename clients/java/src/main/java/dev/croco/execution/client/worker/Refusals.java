package dev.croco.execution.client.worker;

import dev.croco.execution.client.internal.RpcErrors;
import dev.croco.execution.client.problems.AttemptFenced;
import dev.croco.execution.client.problems.Contention;
import dev.croco.execution.client.problems.ExecutionNotFound;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.client.problems.InvalidField;
import dev.croco.execution.client.problems.QuotaExceeded;
import dev.croco.execution.client.problems.TooManyCheckpoints;
import dev.croco.execution.client.problems.Unavailable;
import dev.croco.execution.v1.ErrorReason;
import dev.croco.execution.v1.WorkRefusal;
import io.grpc.Status;

/** From what a stream answers about a report to problems. */
final class Refusals {
  private Refusals() {}

  /** Make the problem that a refusal stands for; of a reason that is not known here, a plain ExecutionProblem. */
  static ExecutionProblem problemOf(WorkRefusal refusal) {
    Status.Code code = codeOf(refusal.getReason());
    return RpcErrors.problemOf(refusal.getReason(), code, refusal.getMessage(), refusal.getMetadataMap());
  }

  /** Whether a refusal says that the attempt is over. */
  static boolean isOver(ExecutionProblem problem) {
    return problem instanceof AttemptFenced || problem instanceof ExecutionNotFound;
  }

  /** Whether the same report may be taken when it is repeated. */
  static boolean mayPass(ExecutionProblem problem) {
    return problem instanceof Unavailable || problem instanceof Contention || problem instanceof QuotaExceeded;
  }

  /** Whether a result was refused that every attempt would have. */
  static boolean isInVain(ExecutionProblem problem) {
    return problem instanceof InvalidField || problem instanceof TooManyCheckpoints;
  }

  /** Answer why an attempt is over, in a few words. */
  static String causeOf(ExecutionProblem problem) {
    String cause = problem instanceof AttemptFenced fenced ? fenced.cause() : "";
    return cause.isEmpty() ? problem.getMessage() : cause;
  }

  /** A refusal carries no code, as its reason implies one. */
  private static Status.Code codeOf(ErrorReason reason) {
    return switch (reason) {
      case ERROR_REASON_INVALID_FIELD, ERROR_REASON_PAYLOAD_TOO_LARGE -> Status.Code.INVALID_ARGUMENT;
      case ERROR_REASON_EXECUTION_NOT_FOUND -> Status.Code.NOT_FOUND;
      case ERROR_REASON_ATTEMPT_FENCED, ERROR_REASON_CONTENTION -> Status.Code.ABORTED;
      case ERROR_REASON_QUOTA_EXCEEDED, ERROR_REASON_TOO_MANY_CHECKPOINTS -> Status.Code.RESOURCE_EXHAUSTED;
      case ERROR_REASON_STORE_UNAVAILABLE, ERROR_REASON_SERVER_DRAINING -> Status.Code.UNAVAILABLE;
      case ERROR_REASON_UNEXPECTED -> Status.Code.INTERNAL;
      default -> Status.Code.UNKNOWN;
    };
  }
}
