package dev.croco.execution.client;

import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.v1.CreateExecutionRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * An execution to create. What is not said is as the contract says.
 *
 * <p>Values that JSON cannot hold are refused with an IllegalArgumentException; see {@link Json}.
 */
public final class NewExecution {
  private final CreateExecutionRequest.Builder request;

  private NewExecution(String type) {
    request = CreateExecutionRequest.newBuilder().setType(type);
  }

  /** Begin with what kind of work it is. */
  public static NewExecution of(String type) {
    return new NewExecution(type);
  }

  /** Give the input, any JSON value. {@link Json#NULL} is JSON null; with null the execution has no payload. */
  public NewExecution payload(Object payload) {
    request.clearPayload();
    if (payload != null) {
      request.setPayload(JsonWire.toValue(payload, "payload"));
    }
    return this;
  }

  /** Say how many attempts may be started; else 3. */
  public NewExecution maxAttempts(int maxAttempts) {
    request.setMaxAttempts(maxAttempts);
    return this;
  }

  /** Limit how long one attempt may take. */
  public NewExecution timeout(Duration timeout) {
    request.setTimeout(Times.toDuration(timeout));
    return this;
  }

  /** Limit how long it may stay pending. */
  public NewExecution startTimeout(Duration timeout) {
    request.setStartTimeout(Times.toDuration(timeout));
    return this;
  }

  /** Limit how long all attempts and the waiting between them may take. */
  public NewExecution totalTimeout(Duration timeout) {
    request.setTotalTimeout(Times.toDuration(timeout));
    return this;
  }

  /** Say when the next attempt comes after a failure. */
  public NewExecution retryPolicy(RetryPolicy policy) {
    request.setRetryPolicy(policy.wire());
    return this;
  }

  /** Say how long the record is kept once it is at rest; else as the server is set. */
  public NewExecution retention(Retention retention) {
    request.setRetention(retention.wire());
    return this;
  }

  /** Say when workers may get it; else at once. */
  public NewExecution scheduledAt(Instant moment) {
    request.setScheduledAt(Times.toTimestamp(moment));
    return this;
  }

  /** Say how urgent it is: of what is ready, workers get the lowest first. 0 to 9; else 5. */
  public NewExecution priority(int priority) {
    request.setPriority(priority);
    return this;
  }

  /** Say how many workers may be lost with it before it fails; else 3. */
  public NewExecution maxCrashes(int maxCrashes) {
    request.setMaxCrashes(maxCrashes);
    return this;
  }

  /** Name it: with the same key it is not created again, but found. */
  public NewExecution idempotencyKey(String key) {
    request.setIdempotencyKey(key);
    return this;
  }

  /** Name the execution that it is a part of. */
  public NewExecution parentId(String id) {
    request.setParentId(id);
    return this;
  }

  /** Add free data, JSON values. */
  public NewExecution metadata(Map<String, ?> metadata) {
    request.setMetadata(JsonWire.toStruct(metadata, "metadata"));
    return this;
  }

  /** Add short texts. */
  public NewExecution labels(Map<String, String> labels) {
    request.clearLabels().putAllLabels(labels);
    return this;
  }

  /** Name the call so that it can be repeated; else the client makes a name up for each call. */
  public NewExecution requestId(String requestId) {
    request.setRequestId(requestId);
    return this;
  }

  CreateExecutionRequest request() {
    CreateExecutionRequest said = request.build();
    return said.getRequestId().isEmpty() ? said.toBuilder().setRequestId(ChangeOptions.newRequestId()).build() : said;
  }
}
