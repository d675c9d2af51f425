package dev.croco.execution.client.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.croco.execution.client.ExecutionStatus;
import dev.croco.execution.client.problems.AttemptFenced;
import dev.croco.execution.client.problems.DeadlineExceeded;
import dev.croco.execution.client.problems.ExecutionNotFound;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.client.problems.FieldViolation;
import dev.croco.execution.client.problems.InvalidField;
import dev.croco.execution.client.problems.InvalidStateTransition;
import dev.croco.execution.client.problems.PayloadTooLarge;
import dev.croco.execution.client.problems.StoreUnavailable;
import dev.croco.execution.client.problems.Unavailable;
import dev.croco.execution.v1.ErrorReason;
import dev.croco.execution.v1.Refusal;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RpcErrorsTest {
  @Test
  void everyReasonHasAClassOfItsOwn() {
    Set<Class<?>> kinds = new HashSet<>();
    for (ErrorReason reason : ErrorReason.values()) {
      String name = RpcErrors.nameOf(reason);
      if (!name.isEmpty()) {
        kinds.add(problem(Status.Code.UNKNOWN, info(name, Map.of())).getClass());
      }
    }
    assertEquals(ErrorReason.values().length - 2, kinds.size(), "all but the unspecified and the unrecognised");
    assertFalse(kinds.contains(ExecutionProblem.class));
  }

  @Test
  void theMetadataIsReadAsWhatItIs() {
    InvalidStateTransition refused =
        assertInstanceOf(
            InvalidStateTransition.class,
            problem(
                Status.Code.FAILED_PRECONDITION,
                info(
                    "INVALID_STATE_TRANSITION",
                    Map.of("from", "running", "to", "new_one", "allowed", "completed, timed_out"))));
    assertEquals(ExecutionStatus.RUNNING, refused.from());
    assertEquals(ExecutionStatus.UNKNOWN, refused.to());
    assertEquals(List.of(ExecutionStatus.COMPLETED, ExecutionStatus.TIMED_OUT), refused.allowed());
    AttemptFenced fenced =
        assertInstanceOf(
            AttemptFenced.class,
            problem(Status.Code.ABORTED, info("ATTEMPT_FENCED", Map.of("attempt", "1", "cause", "released"))));
    assertEquals(1, fenced.attempt());
    assertEquals(0, fenced.currentAttempt());
    assertEquals("released", fenced.cause());
  }

  @Test
  void allDetailsAreTold() {
    BadRequest fields =
        BadRequest.newBuilder()
            .addFieldViolations(BadRequest.FieldViolation.newBuilder().setField("payload").setDescription("large"))
            .build();
    RetryInfo retry = RetryInfo.newBuilder().setRetryDelay(Times.toDuration(Duration.ofMillis(1500))).build();
    ExecutionProblem problem =
        problem(Status.Code.INVALID_ARGUMENT, info("PAYLOAD_TOO_LARGE", Map.of("sizeBytes", "12")), fields, retry);
    assertEquals(12, assertInstanceOf(PayloadTooLarge.class, problem).sizeBytes());
    assertInstanceOf(InvalidField.class, problem);
    assertEquals(List.of(new FieldViolation("payload", "large")), problem.fieldViolations());
    assertEquals(Duration.ofMillis(1500), problem.retryDelay());
    assertEquals("message", problem.getMessage());
    assertEquals(Status.Code.INVALID_ARGUMENT, problem.code());
  }

  @Test
  void aReasonThatIsNotKnownSurvives() {
    ExecutionProblem problem = problem(Status.Code.UNAVAILABLE, info("MOON_IN_THE_WAY", Map.of("phase", "full")));
    assertInstanceOf(Unavailable.class, problem);
    assertEquals("MOON_IN_THE_WAY", problem.reason());
    assertEquals(Map.of("phase", "full"), problem.metadata());
  }

  @Test
  void reasonsOfOtherDomainsAreNotOurs() {
    ErrorInfo foreign = ErrorInfo.newBuilder().setReason("EXECUTION_NOT_FOUND").setDomain("proxy.example").build();
    ExecutionProblem problem = problem(Status.Code.NOT_FOUND, foreign);
    assertEquals("", problem.reason());
    assertEquals(ExecutionProblem.class, problem.getClass());
  }

  @Test
  void withoutDetailsTheCodeTells() {
    Status late = Status.DEADLINE_EXCEEDED;
    ExecutionProblem problem = RpcErrors.problemOf(new StatusRuntimeException(late));
    assertInstanceOf(DeadlineExceeded.class, problem);
    assertNull(problem.retryDelay());
    assertNotEquals("", problem.getMessage());
  }

  @Test
  void mangledDetailsHideNoProblem() {
    Metadata trailers = new Metadata();
    trailers.put(Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {1, 2, 3});
    ExecutionProblem problem = RpcErrors.problemOf(Status.UNAVAILABLE, trailers);
    assertInstanceOf(Unavailable.class, problem);
  }

  @Test
  void theRefusalOfAPartIsTheProblemOfACall() {
    Refusal refusal =
        Refusal.newBuilder()
            .setReason(ErrorReason.ERROR_REASON_EXECUTION_NOT_FOUND)
            .setCode(Status.Code.NOT_FOUND.value())
            .setMessage("No.")
            .putMetadata("executionId", "x")
            .build();
    ExecutionNotFound problem = assertInstanceOf(ExecutionNotFound.class, RpcErrors.problemOf(refusal));
    assertEquals("x", problem.executionId());
    assertEquals(Status.Code.NOT_FOUND, problem.code());
  }

  @Test
  void familiesAreKept() {
    assertInstanceOf(Unavailable.class, problem(Status.Code.UNAVAILABLE, info("STORE_UNAVAILABLE", Map.of())));
    assertInstanceOf(StoreUnavailable.class, problem(Status.Code.UNAVAILABLE, info("STORE_UNAVAILABLE", Map.of())));
  }

  private static ErrorInfo info(String reason, Map<String, String> metadata) {
    return ErrorInfo.newBuilder().setReason(reason).setDomain("execution.croco.dev").putAllMetadata(metadata).build();
  }

  private static ExecutionProblem problem(Status.Code code, Message... details) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage("message");
    for (Message detail : details) {
      status.addDetails(Any.pack(detail));
    }
    return RpcErrors.problemOf(StatusProto.toStatusRuntimeException(status.build()));
  }
}
