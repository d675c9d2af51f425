package dev.croco.execution.client;

import com.google.protobuf.FieldMask;
import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.v1.UpdateExecutionRequest;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What to change of an execution: what is said is replaced, and null clears it. */
public final class Update {
  private final dev.croco.execution.v1.Execution.Builder execution = dev.croco.execution.v1.Execution.newBuilder();
  private final Set<String> said = new LinkedHashSet<>();

  /** Replace the free data, JSON values. */
  public Update metadata(Map<String, ?> metadata) {
    said.add("metadata");
    execution.clearMetadata();
    if (metadata != null) {
      execution.setMetadata(JsonWire.toStruct(metadata, "metadata"));
    }
    return this;
  }

  /** Replace the labels. */
  public Update labels(Map<String, String> labels) {
    said.add("labels");
    execution.clearLabels().putAllLabels(labels == null ? Map.of() : labels);
    return this;
  }

  /** Say how many attempts may be started. */
  public Update maxAttempts(int maxAttempts) {
    said.add("max_attempts");
    execution.setMaxAttempts(maxAttempts);
    return this;
  }

  /** Limit how long one attempt may take. */
  public Update timeout(Duration timeout) {
    said.add("timeout");
    execution.clearTimeout();
    if (timeout != null) {
      execution.setTimeout(Times.toDuration(timeout));
    }
    return this;
  }

  /** Limit how long all attempts and the waiting between them may take. */
  public Update totalTimeout(Duration timeout) {
    said.add("total_timeout");
    execution.clearTotalTimeout();
    if (timeout != null) {
      execution.setTotalTimeout(Times.toDuration(timeout));
    }
    return this;
  }

  /** Say when the next attempt comes after a failure. */
  public Update retryPolicy(RetryPolicy policy) {
    said.add("retry_policy");
    execution.clearRetryPolicy();
    if (policy != null) {
      execution.setRetryPolicy(policy.wire());
    }
    return this;
  }

  UpdateExecutionRequest.Builder request(String id) {
    return UpdateExecutionRequest.newBuilder()
        .setExecution(execution.clone().setId(id))
        .setUpdateMask(FieldMask.newBuilder().addAllPaths(said));
  }
}
