package dev.croco.execution.client;

/** What a message of a watch is about. */
public enum WatchEvent {
  /** The execution as it is. */
  SNAPSHOT,
  /** One status change. */
  STATUS_CHANGED,
  /** Anything else changed. Several changes may be one message. */
  UPDATED,
  /** Of {@code watchAll} only: the snapshot is complete. */
  BOOKMARK,
  /** Of {@code watchAll} only: the execution was removed. */
  DELETED,
  /**
   * Of {@code watchAll} only, and made by the client: while the connection was lost the execution was deleted, or came
   * to a status that the watch does not ask for.
   */
  MISSING,
  /** An event that this version of the client does not know. */
  UNKNOWN;

  /** Convert that of the contract; one that is not known here is UNKNOWN. */
  public static WatchEvent of(dev.croco.execution.v1.WatchEvent wire) {
    return named(wire.name().replaceFirst("^WATCH_EVENT_", ""));
  }

  private static WatchEvent named(String name) {
    for (WatchEvent one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return UNKNOWN;
  }
}
