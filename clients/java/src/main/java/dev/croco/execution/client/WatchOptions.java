package dev.croco.execution.client;

/** What {@code watch} may be told. */
public final class WatchOptions {
  private Long afterRevision;
  private boolean follow;
  private View view;

  /** Go on after the last message of an earlier watch, instead of beginning with a snapshot. */
  public WatchOptions afterRevision(long revision) {
    this.afterRevision = revision;
    return this;
  }

  /** Stay when the execution comes to rest: a retry may revive it. */
  public WatchOptions follow(boolean follow) {
    this.follow = follow;
    return this;
  }

  /** Say how much of the execution messages carry; else the basic view. */
  public WatchOptions view(View view) {
    this.view = view;
    return this;
  }

  WatchingOne watching(String id) {
    return new WatchingOne(id, afterRevision, follow, View.wire(view));
  }
}
