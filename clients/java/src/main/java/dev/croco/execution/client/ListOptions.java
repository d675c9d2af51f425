package dev.croco.execution.client;

import java.time.Duration;

/** What {@code list} and {@code listPage} may be told. */
public final class ListOptions {
  private boolean oldestFirst;
  private int pageSize;
  private View view;
  private Duration deadline;

  /** Turn the order around, which is newest first. */
  public ListOptions oldestFirst(boolean oldestFirst) {
    this.oldestFirst = oldestFirst;
    return this;
  }

  /** Say how many to ask for at a time; 0 leaves it to the server. */
  public ListOptions pageSize(int pageSize) {
    this.pageSize = pageSize;
    return this;
  }

  /** Say how much to answer; else the basic view. */
  public ListOptions view(View view) {
    this.view = view;
    return this;
  }

  /** Say how long the call for one page may take. Else it is as the client was told. */
  public ListOptions deadline(Duration deadline) {
    this.deadline = deadline;
    return this;
  }

  String orderBy() {
    return oldestFirst ? "created_at" : "created_at desc";
  }

  int pageSize() {
    return pageSize;
  }

  View view() {
    return view;
  }

  Duration deadline() {
    return deadline;
  }
}
