# Made from ../_async/batches.py by tools/unasync_client.py. Do not edit.
"""The verbs that do in one call what others do for one execution."""

from __future__ import annotations

from collections.abc import Sequence

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs

from .._checked import checked
from .._from_wire import from_created, from_execution
from .._model import CreatedExecution, Execution, NewExecution, View
from .._problems import ExecutionProblem
from .._rpc_errors import problem_of_refusal
from .._to_wire import TimeSpan, no_text, to_creation, to_view
from .queries import SyncQueries


class SyncBatches(SyncQueries):
    """The verbs that do in one call what others do for one execution. They answer the BASIC view by default."""

    def batch_create(
        self, new: Sequence[NewExecution], *, view: View | None = None, deadline: TimeSpan | None = None
    ) -> list[CreatedExecution | ExecutionProblem]:
        """
        Create up to 500 executions, many times cheaper than by as many calls.

        Each is created, found or refused by itself, as ``create`` does it: in its place stands what ``create`` would
        have answered or raised. Where the answer has no room for all, the rest is fetched by ``get``.

        Args:
            new: what to create, together up to 4 MiB.

        Raises:
            InvalidField: there are none, or too many.
            Unavailable: there is an answer for none of them.
        """
        request = verbs.BatchCreateExecutionsRequest(
            requests=[to_creation(one, f"requests[{at}].") for at, one in enumerate(no_text(new, "new"))],
            view=to_view(view),
        )
        response = self._call(self._stub.BatchCreateExecutions, request, deadline)
        answers: list[CreatedExecution | ExecutionProblem] = []
        for outcome in response.outcomes:
            try:
                found = self._found(outcome, view, deadline)
                answers.append(from_created(found, outcome.created))
            except ExecutionProblem as problem:
                answers.append(problem)
        return answers

    def batch_get(
        self, ids: Sequence[str], *, view: View | None = None, deadline: TimeSpan | None = None
    ) -> list[Execution | ExecutionProblem]:
        """
        Answer up to 500 executions, each as last committed, in the order of ``ids``.

        In the place of one that is not there stands an ExecutionNotFound. Where the answer has no room for all, the
        rest is fetched by ``get``.

        Raises:
            InvalidField: there are no ids, or too many.
            Unavailable: there is an answer for none of them.
        """
        request = checked(verbs.BatchGetExecutionsRequest)(ids=no_text(ids, "ids"), view=to_view(view))
        response = self._call(self._stub.BatchGetExecutions, request, deadline)
        answers: list[Execution | ExecutionProblem] = []
        for outcome in response.outcomes:
            try:
                found = self._found(outcome, view, deadline)
                answers.append(from_execution(found))
            except ExecutionProblem as problem:
                answers.append(problem)
        return answers

    def _found(
        self,
        outcome: verbs.BatchCreateOutcome | verbs.BatchGetOutcome,
        view: View | None,
        deadline: TimeSpan | None,
    ) -> nouns.Execution:
        """Answer the execution of an outcome with all that the view has; raise what it was refused for."""
        if outcome.HasField("refusal"):
            raise problem_of_refusal(outcome.refusal)
        if outcome.cut:
            return self._get(outcome.execution.id, view or View.BASIC, deadline)
        return outcome.execution
