# Made from ../_async/client.py by tools/unasync_client.py. Do not edit.
"""The client."""

from .batches import SyncBatches
from .leases import SyncLeases
from .owner import SyncOwner
from .watches import SyncWatches
from .worker import SyncWorker


class ExecutionClient(SyncOwner, SyncWorker, SyncLeases, SyncBatches, SyncWatches):
    """
    Speaks to the execution service.

    What the arguments that many verbs have mean:

    * ``attempt``: the attempt that the caller runs, as ``start`` answered it. If it is not the current one any more the
      call raises AttemptFenced, and nothing of it is taken.
    * ``expected_revision``: the revision that the execution must have, else the call raises RevisionMismatch.
    * ``request_id``: names the call so that it can be repeated. The client makes one up for each call and keeps it
      over its automatic repeats; give one to repeat a call yourself.
    * ``deadline``: how long the call may take, its repeats included, as seconds or a timedelta. None: the client's.
    * ``view``: how much of the execution to answer. None: what the verb says.

    Every verb may raise ``ExecutionProblem``; its docstring names those that a program may want to tell apart. Besides,
    TypeError and ValueError mean that an argument cannot be sent.
    """
