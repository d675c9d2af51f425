package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import dev.croco.execution.v1.ExecutionFilter;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/** Says which executions: those that match all that is said. */
public final class Filter {
  private final ExecutionFilter.Builder filter = ExecutionFilter.newBuilder();

  private Filter() {}

  /** Begin with all there are. */
  public static Filter all() {
    return new Filter();
  }

  /** Only those with one of these statuses; none is any. */
  public Filter statuses(Collection<ExecutionStatus> statuses) {
    filter.clearStatuses();
    statuses.forEach(status -> filter.addStatuses(status.wire()));
    return this;
  }

  /** Only those with one of these statuses. */
  public Filter statuses(ExecutionStatus... statuses) {
    return statuses(List.of(statuses));
  }

  /** Only those of one of these types; none is any. */
  public Filter types(Collection<String> types) {
    filter.clearTypes().addAllTypes(types);
    return this;
  }

  /** Only those of one of these types. */
  public Filter types(String... types) {
    return types(List.of(types));
  }

  /** Only the parts of this execution. */
  public Filter parentId(String id) {
    filter.setParentId(id);
    return this;
  }

  /** Only those created then or later. Not for watches. */
  public Filter createdFrom(Instant moment) {
    filter.setCreatedFrom(Times.toTimestamp(moment));
    return this;
  }

  /** Only those created before. Not for watches. */
  public Filter createdBefore(Instant moment) {
    filter.setCreatedBefore(Times.toTimestamp(moment));
    return this;
  }

  ExecutionFilter wire() {
    return filter.build();
  }
}
