"""Fixtures that several folders of tests share. Each is a line or two around code in a module of its own."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests import servers, wrong_clocks

# Here for all folders: once a module is imported it is too late, and tests import helpers of other folders.
pytest.register_assert_rewrite(
    "execution_server.store.contract",
    "tests.raw_worker",
    "tests.rpc.edges",
    "tests.rpc.refusals",
    "tests.rpc.subjects",
    "tests.store.checker",
    "tests.waiting",
    "tests.work.calls",
)

# What a shell without job control starts in the background ignores SIGINT, and so does all that is started from
# there. The programs that tests stop by Ctrl-C must not.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    return [servers.report(), wrong_clocks.report()]


@pytest.fixture(scope="session", params=servers.KINDS)
def shared_server(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """A server of each kind that all tests share: leave it as it was."""
    with servers.running(request.param) as server:
        yield server


@pytest.fixture(params=servers.KINDS)
def start_server(request: pytest.FixtureRequest) -> Iterator[Callable[..., servers.Server]]:
    """Starts servers of each kind that belong to the test: kill, pause and restart them."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(partial(servers.running, request.param)(**options))
