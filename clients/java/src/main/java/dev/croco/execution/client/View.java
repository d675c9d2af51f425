package dev.croco.execution.client;

import dev.croco.execution.v1.ExecutionView;

/** How much of an execution an answer carries. */
public enum View {
  /** Without payload, result, checkpoints, history and the error's stack. */
  BASIC(ExecutionView.EXECUTION_VIEW_BASIC),
  FULL(ExecutionView.EXECUTION_VIEW_FULL);

  private final ExecutionView wire;

  View(ExecutionView wire) {
    this.wire = wire;
  }

  /** Convert a view; null leaves it to the call. */
  static ExecutionView wire(View view) {
    return view == null ? ExecutionView.EXECUTION_VIEW_UNSPECIFIED : view.wire;
  }
}
