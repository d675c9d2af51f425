"""What workers do with the attempts that they hold, and what they are told of them, whatever way they were given."""

from __future__ import annotations

from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution

from ..domain import leases, transitions
from ..domain.problems import Problem
from ..store.port import Part
from ..terms import Done, Mutation, Terms
from .values import kept_error


def keeping(held: messages.HeldAttempt, deadline: float, done: Done, lease_ms: int | None = None) -> Mutation:
    """
    What lets the lease of an attempt begin anew; *done* is told the record's head, or AttemptFenced if it is lost.

    Args:
        lease_ms: how long it lasts from now on; None: as long as before.
    """

    def decide(record: Execution, now_ms: int) -> Execution:
        return leases.keep(record, lease_ms, now_ms=now_ms)

    terms = Terms(
        method="Heartbeat", deadline=deadline, attempt=held.attempt, from_worker=True, remembered=False
    )
    return Mutation(held.id, decide, terms, Part.HEAD, done)


def reported(
    report: messages.WorkReport, max_checkpoints: int, deadline: float, actor: str, done: Done
) -> Mutation:
    """What a report of *actor* says; *done* is told the record's head, or why the report is refused."""
    progress = report.progress if report.HasField("progress") else None
    saved = report.checkpoints

    def decide(record: Execution, now_ms: int) -> Execution:
        match report.WhichOneof("end"):
            case "complete":
                result = report.complete.result if report.complete.HasField("result") else None
                return transitions.complete(
                    record, result, progress, saved, max_checkpoints=max_checkpoints, now_ms=now_ms
                )
            case "fail":
                error = kept_error(report.fail)
                return transitions.fail(
                    record, error, progress, saved, max_checkpoints=max_checkpoints, now_ms=now_ms
                )
        if progress is not None or saved:
            record = transitions.save_checkpoint(
                record, saved, progress, max_checkpoints=max_checkpoints, now_ms=now_ms
            )
        elif not report.HasField("release"):
            return leases.keep(record, now_ms=now_ms)
        if report.HasField("release"):
            return leases.release(record, report.release.delay.ToMilliseconds(), now_ms=now_ms)
        return record

    terms = Terms(
        method="Work",
        deadline=deadline,
        request_id=report.request_id,
        attempt=report.attempt,
        from_worker=True,
        actor=actor,
    )
    return Mutation(report.id, decide, terms, Part.HEAD, done)


def cancellation(record: Execution) -> messages.WorkDirective | None:
    """What to tell the worker if somebody asked for the cancellation of what it runs."""
    if not record.HasField("cancellation_requested_at"):
        return None
    requested = messages.CancelRequested(
        reason=record.cancellation_reason, forced_at=record.cancellation_forced_at
    )
    return messages.WorkDirective(id=record.id, attempt=record.attempts, cancel_requested=requested)


def lost(held: messages.HeldAttempt, problem: Problem) -> messages.WorkDirective:
    """What to tell the worker whose attempt is over."""
    cause = messages.LeaseLost(cause=problem.metadata.get("cause", ""))
    return messages.WorkDirective(id=held.id, attempt=held.attempt, lease_lost=cause)


def refusal(problem: Problem) -> messages.WorkRefusal:
    """A problem as an acknowledgement carries it."""
    reason = f"ERROR_REASON_{problem.reason}"
    return messages.WorkRefusal(reason=reason, message=problem.message, metadata=problem.metadata)
