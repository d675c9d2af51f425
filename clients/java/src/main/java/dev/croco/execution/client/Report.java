package dev.croco.execution.client;

import com.google.protobuf.Value;
import dev.croco.execution.client.internal.JsonWire;
import java.util.Map;

/** What an attempt keeps in one change: checkpoints, JSON values of which null removes one, and how far it is. */
public final class Report {
  private Map<String, Value> checkpoints = Map.of();
  private Progress progress;

  /** Give the checkpoints to merge. */
  public Report checkpoints(Map<String, ?> checkpoints) {
    this.checkpoints = JsonWire.toValues(checkpoints, "checkpoints");
    return this;
  }

  /** Say how far it is; else that stays as it was. */
  public Report progress(Progress progress) {
    this.progress = progress;
    return this;
  }

  Map<String, Value> checkpoints() {
    return checkpoints;
  }

  dev.croco.execution.v1.Progress progress() {
    return progress == null ? null : progress.wire();
  }
}
