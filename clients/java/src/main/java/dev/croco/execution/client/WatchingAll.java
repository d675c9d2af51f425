package dev.croco.execution.client;

import dev.croco.execution.v1.ExecutionFilter;
import dev.croco.execution.v1.WatchExecutionsRequest;
import dev.croco.execution.v1.WatchExecutionsResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A watch of all executions that match a filter. Has no cursor: it knows the revision of each execution instead.
 *
 * <p>A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not
 * changed is not told again, and what is not in it any more is told as MISSING.
 */
final class WatchingAll implements Watching<WatchExecutionsRequest, WatchExecutionsResponse> {
  private final ExecutionFilter filter;
  private final Map<String, Long> known = new HashMap<>();
  private boolean snapshot;

  /** What a snapshot under way has not told of yet; null outside of one. */
  private Map<String, Long> unseen;

  WatchingAll(ExecutionFilter filter, boolean snapshot) {
    this.filter = filter;
    this.snapshot = snapshot;
  }

  /** Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on. */
  @Override
  public WatchExecutionsRequest request() {
    boolean wanted = snapshot;
    snapshot = true;
    unseen = wanted ? new HashMap<>(known) : null;
    return WatchExecutionsRequest.newBuilder().setFilter(filter).setSnapshot(wanted).build();
  }

  /** Answer the message, unless it was told before, or is a bookmark that does not end a snapshot. */
  @Override
  public List<WatchMessage> take(WatchExecutionsResponse message) {
    WatchEvent event = WatchEvent.of(message.getEvent());
    if (event == WatchEvent.BOOKMARK) {
      return endOfSnapshot(message);
    }
    if (unseen != null) {
      unseen.remove(message.getId());
    }
    if (event == WatchEvent.DELETED) {
      known.remove(message.getId());
    } else if (message.getRevision() <= known.getOrDefault(message.getId(), 0L)) {
      return List.of();
    } else if (hasLeftFilter(message)) {
      known.remove(message.getId()); // No snapshot will hold it.
    } else {
      known.put(message.getId(), message.getRevision());
    }
    return List.of(told(message, event));
  }

  /** Such a watch never ends by itself. */
  @Override
  public boolean ended() {
    return false;
  }

  /** The status is the only part of a filter that an execution can leave. */
  private boolean hasLeftFilter(WatchExecutionsResponse message) {
    int status =
        message.hasExecution() ? message.getExecution().getStatusValue() : message.getChange().getToValue();
    return filter.getStatusesCount() > 0 && status != 0 && !filter.getStatusesValueList().contains(status);
  }

  private List<WatchMessage> endOfSnapshot(WatchExecutionsResponse message) {
    if (unseen == null) {
      return List.of();
    }
    List<WatchMessage> messages = new ArrayList<>();
    unseen.forEach((id, revision) -> messages.add(new WatchMessage(id, revision, WatchEvent.MISSING, null, null)));
    known.keySet().removeAll(unseen.keySet());
    unseen = null;
    messages.add(told(message, WatchEvent.BOOKMARK));
    return messages;
  }

  private static WatchMessage told(WatchExecutionsResponse message, WatchEvent event) {
    HistoryEntry change = message.hasChange() ? new HistoryEntry(message.getChange()) : null;
    Execution execution = message.hasExecution() ? new Execution(message.getExecution()) : null;
    return new WatchMessage(message.getId(), message.getRevision(), event, change, execution);
  }
}
