package dev.croco.execution.client.problems;

import dev.croco.execution.client.ExecutionStatus;
import io.grpc.Status;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A call was refused, or has no answer. There is a class for each {@code ErrorReason} of error_reason.proto:
 *
 * <pre>
 * ExecutionProblem
 * ├── InvalidField             INVALID_ARGUMENT
 * │   ├── PayloadTooLarge
 * │   └── InvalidPageToken
 * ├── ExecutionNotFound        NOT_FOUND
 * ├── IdempotencyKeyReused     ALREADY_EXISTS
 * ├── InvalidStateTransition   FAILED_PRECONDITION
 * ├── MaxRetriesExceeded
 * ├── ExecutionNotRunning
 * ├── ExecutionActive
 * ├── AttemptFenced            ABORTED
 * ├── RevisionMismatch
 * ├── Contention
 * ├── WatchRevisionCompacted   OUT_OF_RANGE
 * ├── QuotaExceeded            RESOURCE_EXHAUSTED
 * ├── TooManyWatches
 * ├── TooManyCheckpoints
 * ├── Unavailable              UNAVAILABLE           also of the connection itself
 * │   ├── StoreUnavailable
 * │   └── ServerDraining
 * ├── CredentialsMissing       UNAUTHENTICATED
 * ├── CredentialsInvalid
 * ├── MethodForbidden          PERMISSION_DENIED
 * ├── Unexpected               INTERNAL
 * ├── DeadlineExceeded         DEADLINE_EXCEEDED     no reason: made by gRPC
 * └── Cancelled                CANCELLED             no reason: made by gRPC
 *     └── ClientClosed                               made by this client
 * </pre>
 *
 * A reason that a newer server has added is thrown as the class of its code, or as a plain ExecutionProblem. Branch on
 * the class or the reason, never on the message.
 */
public class ExecutionProblem extends RuntimeException {
  private final ProblemDetails details;

  public ExecutionProblem(ProblemDetails details) {
    super(details.message(), details.cause());
    this.details = details;
  }

  /** All that the problem says. */
  public final ProblemDetails details() {
    return details;
  }

  /** The canonical status code. */
  public final Status.Code code() {
    return details.code();
  }

  /** The name in {@code ErrorReason} without its prefix; empty if the service gave none. */
  public final String reason() {
    return details.reason();
  }

  /** What the service says beside the reason. */
  public final Map<String, String> metadata() {
    return details.metadata();
  }

  /** What is wrong with which field, for INVALID_ARGUMENT. */
  public final List<FieldViolation> fieldViolations() {
    return details.fieldViolations();
  }

  /** When to come back, where the service says so; else null. */
  public final Duration retryDelay() {
    return details.retryDelay();
  }

  final String text(String key) {
    return metadata().getOrDefault(key, "");
  }

  /** A number of the metadata; 0 if it is not there. */
  final long number(String key) {
    String text = text(key);
    return text.matches("-?\\d{1,18}") ? Long.parseLong(text) : 0;
  }

  final ExecutionStatus status(String key) {
    return named(text(key));
  }

  final List<ExecutionStatus> statuses(String key) {
    return Arrays.stream(text(key).split(","))
        .filter(name -> !name.isBlank())
        .map(name -> named(name.strip()))
        .toList();
  }

  private static ExecutionStatus named(String name) {
    return ExecutionStatus.named(name.toUpperCase(Locale.ROOT));
  }
}
