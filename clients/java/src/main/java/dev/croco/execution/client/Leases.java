package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.ClaimExecutionsRequest;
import dev.croco.execution.v1.HeartbeatRequest;
import dev.croco.execution.v1.HeldAttempt;
import dev.croco.execution.v1.ReleaseExecutionRequest;
import dev.croco.execution.v1.WorkDirective;
import dev.croco.execution.v1.WorkerServiceGrpc;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The verbs of workers that cannot stream. Those that can need none of them: see Worker. */
abstract class Leases extends Attempts {
  Leases(String target, ClientOptions options) {
    super(target, options);
  }

  /** As {@link #claim(String, Collection, ClaimOptions)}, of one. */
  public List<Execution> claim(String workerId, Collection<String> types) {
    return claim(workerId, types, new ClaimOptions());
  }

  /**
   * Start executions that are ready, each under a lease, and answer them in full; none if none came in time.
   *
   * @param workerId how the worker names itself
   * @param types which types it takes, 1 to 20
   * @throws ExecutionProblem Unavailable if there is no answer. It is not repeated: what it was given comes back when
   *     the lease runs out
   */
  public List<Execution> claim(String workerId, Collection<String> types, ClaimOptions options) {
    ClaimExecutionsRequest request = options.request().setWorkerId(workerId).addAllTypes(types).build();
    Duration deadline = options.waitFor().plus(GRACE);
    return Noun.all(
        caller
            .longCall(WorkerServiceGrpc.getClaimExecutionsMethod(), request, deadline, false)
            .getExecutionsList(),
        Execution::new);
  }

  /** As {@link #heartbeat(Map, Duration)}. */
  public List<Directive> heartbeat(Map<String, Integer> held) {
    return heartbeat(held, null);
  }

  /**
   * Let leases begin anew, and answer what to do about those that are not simply to go on.
   *
   * @param held the attempt that the worker runs of each execution, by its id; at most 1,000
   */
  public List<Directive> heartbeat(Map<String, Integer> held, Duration deadline) {
    HeartbeatRequest.Builder request = HeartbeatRequest.newBuilder();
    held.forEach((id, attempt) -> request.addHeld(HeldAttempt.newBuilder().setId(id).setAttempt(attempt)));
    return Noun.all(
        caller.call(WorkerServiceGrpc.getHeartbeatMethod(), request.build(), deadline).getDirectivesList(),
        Leases::directive);
  }

  /** As {@link #release(String, Duration, AttemptOptions)}, at once. */
  public Execution release(String id, AttemptOptions options) {
    return release(id, null, options);
  }

  /**
   * Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.
   *
   * @param delay when others may get it; null is at once
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is not running; AttemptFenced if the
   *     attempt is over
   */
  public Execution release(String id, Duration delay, AttemptOptions options) {
    ReleaseExecutionRequest.Builder request = ReleaseExecutionRequest.newBuilder().setId(id);
    if (delay != null) {
      request.setDelay(Times.toDuration(delay));
    }
    return new Execution(
        caller
            .call(WorkerServiceGrpc.getReleaseExecutionMethod(), options.on(request).build(), options.deadline())
            .getExecution());
  }

  private static Directive directive(WorkDirective wire) {
    return switch (wire.getDirectiveCase()) {
      case CANCEL_REQUESTED ->
          new Directive(
              wire.getId(),
              wire.getAttempt(),
              Directive.Kind.CANCEL_REQUESTED,
              wire.getCancelRequested().getReason(),
              Times.fromTimestamp(wire.getCancelRequested().getForcedAt()));
      case LEASE_LOST ->
          new Directive(
              wire.getId(), wire.getAttempt(), Directive.Kind.LEASE_LOST, wire.getLeaseLost().getCause(), null);
      default -> new Directive(wire.getId(), wire.getAttempt(), Directive.Kind.UNKNOWN, "", null);
    };
  }
}
