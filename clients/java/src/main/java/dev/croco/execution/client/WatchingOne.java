package dev.croco.execution.client;

import dev.croco.execution.v1.ExecutionView;
import dev.croco.execution.v1.WatchExecutionRequest;
import dev.croco.execution.v1.WatchExecutionResponse;
import java.util.List;

/** A watch of one execution. Its cursor is the revision. */
final class WatchingOne implements Watching<WatchExecutionRequest, WatchExecutionResponse> {
  private final String id;
  private final boolean follow;
  private final ExecutionView view;
  private Long revision;
  private ExecutionStatus status;

  WatchingOne(String id, Long afterRevision, boolean follow, ExecutionView view) {
    this.id = id;
    this.revision = afterRevision;
    this.follow = follow;
    this.view = view;
  }

  @Override
  public WatchExecutionRequest request() {
    WatchExecutionRequest.Builder request =
        WatchExecutionRequest.newBuilder().setId(id).setFollow(follow).setView(view);
    if (revision != null) {
      request.setAfterRevision(revision);
    }
    return request.build();
  }

  /** Answer the message, unless it is a bookmark or was told before. */
  @Override
  public List<WatchMessage> take(WatchExecutionResponse message) {
    if (message.hasExecution()) {
      status = ExecutionStatus.of(message.getExecution().getStatus());
    } else if (message.hasChange()) {
      status = ExecutionStatus.of(message.getChange().getTo());
    }
    if (revision != null && message.getRevision() <= revision) {
      return List.of();
    }
    revision = message.getRevision();
    WatchEvent event = WatchEvent.of(message.getEvent());
    if (event == WatchEvent.BOOKMARK) {
      return List.of();
    }
    HistoryEntry change = message.hasChange() ? new HistoryEntry(message.getChange()) : null;
    Execution execution = message.hasExecution() ? new Execution(message.getExecution()) : null;
    return List.of(new WatchMessage(id, revision, event, change, execution));
  }

  /**
   * The server knows best: after a revision no message may have told the status, and a newer server may have final
   * statuses that are unknown here. Only what is known to be active was cut off.
   */
  @Override
  public boolean ended() {
    return !follow && (status == null || !status.isActive());
  }
}
