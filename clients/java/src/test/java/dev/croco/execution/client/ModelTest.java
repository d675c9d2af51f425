package dev.croco.execution.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.v1.CreateExecutionRequest;
import dev.croco.execution.v1.UpdateExecutionRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class ModelTest {
  @Test
  void everyWordOfTheContractIsKnown() {
    assertKnown(dev.croco.execution.v1.ExecutionStatus.values(), ExecutionStatus::of, ExecutionStatus.UNKNOWN);
    assertKnown(dev.croco.execution.v1.StatusReason.values(), StatusReason::of, StatusReason.UNKNOWN);
    assertKnown(dev.croco.execution.v1.WatchEvent.values(), WatchEvent::of, WatchEvent.UNKNOWN);
    assertKnown(dev.croco.execution.v1.StoreKind.values(), StoreKind::of, StoreKind.UNKNOWN);
    assertKnown(dev.croco.execution.v1.DurabilityClass.values(), DurabilityClass::of, DurabilityClass.UNKNOWN);
  }

  /** All but the unspecified, which is first, and the unrecognised, which is last. */
  private static <W, M> void assertKnown(W[] wire, Function<W, M> of, M unknown) {
    Set<M> known = new HashSet<>();
    for (int at = 1; at < wire.length - 1; at++) {
      known.add(of.apply(wire[at]));
    }
    assertFalse(known.contains(unknown), "one of " + Arrays.toString(wire));
    assertEquals(wire.length - 2, known.size());
    assertEquals(unknown, of.apply(wire[wire.length - 1]));
  }

  @Test
  void anExecutionHasAnAccessorForEveryField() throws NoSuchMethodException {
    Set<String> hidden = Set.of("applied_requests");
    for (FieldDescriptor field : dev.croco.execution.v1.Execution.getDescriptor().getFields()) {
      if (!hidden.contains(field.getName())) {
        Execution.class.getMethod(field.getJsonName());
      }
    }
  }

  @Test
  void whatIsNotThereIsNull() {
    Execution empty = new Execution(dev.croco.execution.v1.Execution.getDefaultInstance());
    assertNull(empty.payload());
    assertFalse(empty.hasPayload());
    assertNull(empty.timeout());
    assertNull(empty.createdAt());
    assertNull(empty.error());
    assertNull(empty.progress());
    assertEquals(ExecutionStatus.UNKNOWN, empty.status());
    assertEquals(Map.of(), empty.checkpoints());
  }

  @Test
  void valuesAreEqualIfTheirMessagesAre() {
    assertEquals(Progress.of(1, 2), Progress.of(1, 2));
    assertNotEquals(Progress.of(1, 2), Progress.of(1, 3));
    assertNotEquals(RetryPolicy.usual(), Retention.usual());
  }

  @Test
  void lengthsOfTimeComeBackAsTheyWere() {
    for (Duration span :
        List.of(Duration.ZERO, Duration.ofMillis(1500), Duration.ofMillis(-1500), Duration.ofNanos(-1))) {
      com.google.protobuf.Duration wire = Times.toDuration(span);
      assertTrue(wire.getSeconds() * wire.getNanos() >= 0, "the signs differ: " + wire);
      assertEquals(span, Times.fromDuration(wire));
    }
  }

  @Test
  void aPayloadThatIsNullIsNone() {
    assertFalse(NewExecution.of("x").payload(1).payload(null).request().hasPayload());
    assertTrue(NewExecution.of("x").payload(Json.NULL).request().getPayload().hasNullValue());
  }

  @Test
  void whatIsCreatedHasANameForItsCallThatIsNotGivenTwice() {
    NewExecution created = NewExecution.of("x");
    CreateExecutionRequest first = created.request();
    assertFalse(first.getRequestId().isEmpty());
    assertNotEquals(first.getRequestId(), created.request().getRequestId());
    assertEquals("mine", created.requestId("mine").request().getRequestId());
  }

  @Test
  void anUpdateNamesWhatItSaysAndClearsWhatIsNull() {
    UpdateExecutionRequest request = new Update().timeout(null).metadata(Map.of("a", 1)).request("x").build();
    assertEquals(List.of("timeout", "metadata"), request.getUpdateMask().getPathsList());
    assertFalse(request.getExecution().hasTimeout());
    assertEquals("x", request.getExecution().getId());
  }
}
