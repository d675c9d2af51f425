package dev.croco.execution.client;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.UUID;

/** What the verbs that change an execution may be told. May be used for any number of calls. */
public class ChangeOptions {
  private Duration deadline;
  private Long expectedRevision;
  private String requestId;

  /** Say how long the call may take, its repeats included. Else it is as the client was told. */
  public ChangeOptions deadline(Duration deadline) {
    this.deadline = deadline;
    return this;
  }

  /** Say which revision the execution must have, else the call throws RevisionMismatch. */
  public ChangeOptions expectedRevision(long revision) {
    this.expectedRevision = revision;
    return this;
  }

  /**
   * Name the call so that it can be repeated. The client makes a name up for each call and keeps it over its automatic
   * repeats; give one to repeat a call yourself.
   */
  public ChangeOptions requestId(String requestId) {
    this.requestId = requestId;
    return this;
  }

  final Duration deadline() {
    return deadline;
  }

  /** Put what was said into a request, and answer that. */
  <B extends Message.Builder> B on(B request) {
    set(request, "request_id", requestId == null ? newRequestId() : requestId);
    set(request, "expected_revision", expectedRevision);
    return request;
  }

  static void set(Message.Builder request, String field, Object value) {
    if (value != null) {
      request.setField(request.getDescriptorForType().findFieldByName(field), value);
    }
  }

  static String newRequestId() {
    return UUID.randomUUID().toString();
  }
}
