package dev.croco.execution.client.internal;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.client.problems.FieldViolation;
import dev.croco.execution.client.problems.ProblemDetails;
import dev.croco.execution.client.problems.Problems;
import dev.croco.execution.client.problems.Unavailable;
import dev.croco.execution.v1.ErrorReason;
import dev.croco.execution.v1.Refusal;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** From what gRPC throws to problems. */
public final class RpcErrors {
  private static final String DOMAIN = "execution.croco.dev";

  private RpcErrors() {}

  /** Make the problem that an error stands for: by its reason, else by its code. */
  public static ExecutionProblem problemOf(StatusRuntimeException error) {
    return problemOf(error.getStatus(), error.getTrailers(), error);
  }

  /** Make the problem with which a stream has ended. */
  public static ExecutionProblem problemOf(Status status, Metadata trailers) {
    return problemOf(status.asRuntimeException(trailers));
  }

  /** Make what the error of a call of its own would have been for one part of a call. */
  public static ExecutionProblem problemOf(Refusal refusal) {
    Status.Code code = Status.fromCodeValue(refusal.getCode()).getCode();
    return problemOf(refusal.getReason(), code, refusal.getMessage(), refusal.getMetadataMap());
  }

  /** Make the problem of a reason that came in an answer. */
  public static ExecutionProblem problemOf(
      ErrorReason reason, Status.Code code, String message, Map<String, String> metadata) {
    String name = nameOf(reason);
    return Problems.of(new ProblemDetails(message, code, name, metadata, List.of(), null, null));
  }

  /** Answer a reason's name without its prefix; an empty text for one that the contract has no word for. */
  public static String nameOf(ErrorReason reason) {
    boolean named = reason != ErrorReason.ERROR_REASON_UNSPECIFIED && reason != ErrorReason.UNRECOGNIZED;
    return named ? reason.name().replaceFirst("^ERROR_REASON_", "") : "";
  }

  public static Unavailable unavailable(String message) {
    return new Unavailable(ProblemDetails.of(Status.Code.UNAVAILABLE, message));
  }

  private static ExecutionProblem problemOf(Status status, Metadata trailers, StatusRuntimeException error) {
    ErrorInfo info = ErrorInfo.getDefaultInstance();
    RetryInfo retry = RetryInfo.getDefaultInstance();
    BadRequest fields = BadRequest.getDefaultInstance();
    for (Any detail : details(status, trailers)) {
      try {
        if (detail.is(ErrorInfo.class)) {
          info = detail.unpack(ErrorInfo.class);
        } else if (detail.is(RetryInfo.class)) {
          retry = detail.unpack(RetryInfo.class);
        } else if (detail.is(BadRequest.class)) {
          fields = detail.unpack(BadRequest.class);
        }
      } catch (InvalidProtocolBufferException mangled) {
        continue; // Something on the way has mangled it: the code still tells.
      }
    }
    String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    String reason = info.getDomain().equals(DOMAIN) ? info.getReason() : "";
    List<FieldViolation> violations =
        fields.getFieldViolationsList().stream()
            .map(violation -> new FieldViolation(violation.getField(), violation.getDescription()))
            .toList();
    Duration delay = retry.hasRetryDelay() ? Times.fromDuration(retry.getRetryDelay()) : null;
    return Problems.of(
        new ProblemDetails(message, status.getCode(), reason, info.getMetadataMap(), violations, delay, error));
  }

  private static List<Any> details(Status status, Metadata trailers) {
    try {
      com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
      return details == null ? List.of() : details.getDetailsList();
    } catch (IllegalArgumentException mangled) {
      return List.of();
    }
  }
}
