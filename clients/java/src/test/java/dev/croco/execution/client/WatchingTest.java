package dev.croco.execution.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.v1.Execution;
import dev.croco.execution.v1.ExecutionFilter;
import dev.croco.execution.v1.ExecutionStatus;
import dev.croco.execution.v1.ExecutionView;
import dev.croco.execution.v1.HistoryEntry;
import dev.croco.execution.v1.WatchEvent;
import dev.croco.execution.v1.WatchExecutionResponse;
import dev.croco.execution.v1.WatchExecutionsResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchingTest {
  private static final ExecutionStatus PENDING = ExecutionStatus.EXECUTION_STATUS_PENDING;
  private static final ExecutionStatus RUNNING = ExecutionStatus.EXECUTION_STATUS_RUNNING;

  @Test
  void theCursorOfAWatchOfOneIsTheRevision() {
    WatchingOne watching = new WatchingOne("x", null, false, ExecutionView.EXECUTION_VIEW_BASIC);
    assertFalse(watching.request().hasAfterRevision());
    assertEquals(1, watching.take(snapshot(3, RUNNING)).size());
    assertEquals(3, watching.request().getAfterRevision());
    assertEquals(List.of(), watching.take(snapshot(3, RUNNING)), "it was told before");
    assertEquals(List.of(), watching.take(bookmark(4)));
    assertEquals(4, watching.request().getAfterRevision());
  }

  @Test
  void aWatchOfOneEndsAtRestAndIsCutOffBefore() {
    WatchingOne watching = new WatchingOne("x", null, false, ExecutionView.EXECUTION_VIEW_BASIC);
    watching.take(snapshot(1, PENDING));
    assertFalse(watching.ended());
    watching.take(change(2, ExecutionStatus.EXECUTION_STATUS_CANCELLED));
    assertTrue(watching.ended());
    assertTrue(new WatchingOne("x", 7L, false, ExecutionView.EXECUTION_VIEW_BASIC).ended(), "the server knows best");
    assertFalse(new WatchingOne("x", 7L, true, ExecutionView.EXECUTION_VIEW_BASIC).ended());
  }

  @Test
  void aSecondSnapshotTellsWhatIsNewAndWhatIsMissing() {
    WatchingAll watching = new WatchingAll(ExecutionFilter.getDefaultInstance(), true);
    assertTrue(watching.request().getSnapshot());
    assertEquals(List.of("a1 SNAPSHOT", "b1 SNAPSHOT", "0 BOOKMARK"), told(watching, of("a", 1), of("b", 1), mark()));
    assertEquals(List.of(), told(watching, mark()), "a bookmark that ends no snapshot");
    watching.request();
    assertEquals(
        List.of("c1 SNAPSHOT", "b1 MISSING", "0 BOOKMARK"), told(watching, of("a", 1), of("c", 1), mark()));
    watching.request();
    assertEquals(List.of("0 BOOKMARK"), told(watching, of("a", 1), of("c", 1), mark()), "missing is told once");
  }

  @Test
  void whatIsDeletedOrHasLeftTheFilterIsNotMissing() {
    ExecutionFilter filter = ExecutionFilter.newBuilder().addStatuses(PENDING).build();
    WatchingAll watching = new WatchingAll(filter, true);
    watching.request();
    told(watching, of("a", 1), of("b", 1), mark());
    WatchExecutionsResponse left = of("a", 2).toBuilder().setExecution(execution(RUNNING)).build();
    WatchExecutionsResponse gone =
        WatchExecutionsResponse.newBuilder().setId("b").setRevision(1).setEvent(WatchEvent.WATCH_EVENT_DELETED).build();
    assertEquals(List.of("a2 SNAPSHOT", "b1 DELETED"), told(watching, left, gone));
    watching.request();
    assertEquals(List.of("0 BOOKMARK"), told(watching, mark()));
  }

  @Test
  void withoutASnapshotTheFirstStreamHasNone() {
    WatchingAll watching = new WatchingAll(ExecutionFilter.getDefaultInstance(), false);
    assertFalse(watching.request().getSnapshot());
    assertTrue(watching.request().getSnapshot());
  }

  private static List<String> told(WatchingAll watching, WatchExecutionsResponse... messages) {
    List<String> told = new ArrayList<>();
    for (WatchExecutionsResponse message : messages) {
      watching.take(message).forEach(one -> told.add(one.id() + one.revision() + " " + one.event()));
    }
    return told;
  }

  private static WatchExecutionsResponse of(String id, long revision) {
    return WatchExecutionsResponse.newBuilder()
        .setId(id)
        .setRevision(revision)
        .setEvent(WatchEvent.WATCH_EVENT_SNAPSHOT)
        .setExecution(execution(PENDING))
        .build();
  }

  private static WatchExecutionsResponse mark() {
    return WatchExecutionsResponse.newBuilder().setEvent(WatchEvent.WATCH_EVENT_BOOKMARK).build();
  }

  private static Execution execution(ExecutionStatus status) {
    return Execution.newBuilder().setStatus(status).build();
  }

  private static WatchExecutionResponse snapshot(long revision, ExecutionStatus status) {
    return WatchExecutionResponse.newBuilder()
        .setRevision(revision)
        .setEvent(WatchEvent.WATCH_EVENT_SNAPSHOT)
        .setExecution(execution(status))
        .build();
  }

  private static WatchExecutionResponse change(long revision, ExecutionStatus status) {
    return WatchExecutionResponse.newBuilder()
        .setRevision(revision)
        .setEvent(WatchEvent.WATCH_EVENT_STATUS_CHANGED)
        .setChange(HistoryEntry.newBuilder().setTo(status))
        .build();
  }

  private static WatchExecutionResponse bookmark(long revision) {
    return WatchExecutionResponse.newBuilder()
        .setRevision(revision)
        .setEvent(WatchEvent.WATCH_EVENT_BOOKMARK)
        .build();
  }
}
