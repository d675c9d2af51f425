package dev.croco.execution.client.problems;

import io.grpc.Status;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What a problem says.
 *
 * @param message a sentence, for a person
 * @param code the canonical status code
 * @param reason the name in {@code ErrorReason} without its prefix; empty if the service gave none
 * @param metadata what the service says beside it
 * @param fieldViolations what is wrong with which field, for INVALID_ARGUMENT
 * @param retryDelay when to come back, where the service says so; else null
 * @param cause what it was made of; may be null
 */
public record ProblemDetails(
    String message,
    Status.Code code,
    String reason,
    Map<String, String> metadata,
    List<FieldViolation> fieldViolations,
    Duration retryDelay,
    Throwable cause)
    implements Serializable {

  public ProblemDetails {
    metadata = Map.copyOf(metadata);
    fieldViolations = List.copyOf(fieldViolations);
  }

  /** Make those of a problem of which no more is known. */
  public static ProblemDetails of(Status.Code code, String message) {
    return new ProblemDetails(message, code, "", Map.of(), List.of(), null, null);
  }

  /** Answer the same with another message. */
  public ProblemDetails withMessage(String message) {
    return new ProblemDetails(message, code, reason, metadata, fieldViolations, retryDelay, cause);
  }
}
