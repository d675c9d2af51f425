"""One execution is handed through all languages, and all of them watch it: they must have seen the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.scenario.languages import CHOSEN, Driver, driving
from tests.clients.scenario.matching import told_status
from tests.clients.scenario.world import World, world

RUNNERS: Final = ("python", "go", "rust", "java", "cpp", "ruby", "typescript")
"""In the order in which they take the baton."""
STATUSES: Final = ["pending", "running", "failed", "retrying", "running", "completed"]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


class Team:
    """The drivers, of which each does its leg, or the next one where a language is not there."""

    def __init__(self, options: tuple[str, ...], stack: ExitStack) -> None:
        present = [language for language in RUNNERS if language in CHOSEN]
        self.drivers = [stack.enter_context(driving(language, *options)) for language in present]

    def runner(self, language: str) -> Driver:
        named = [driver for driver in self.drivers if driver.language == language]
        return (named or self.drivers)[0]

    def do(self, language: str, verb: str, **arguments: Any) -> Any:
        answer = self.runner(language).ask(verb, arguments)
        assert "ok" in answer, f"{language} {verb}: {answer}"
        return answer["ok"]


def test_an_execution_is_handed_through_all_languages(servers: World) -> None:
    """Services in different languages work on the same executions: that is what the service is for."""
    with ExitStack() as stack:
        team = Team(servers.options("main"), stack)
        id = team.do("python", "create", type="relay", payload={"Grüße": [1, 2.5, None]}, max_attempts=1)[
            "id"
        ]
        for driver in team.drivers:
            assert "ok" in driver.ask("watch", {"as": "relay", "id": id, "follow": True})
            driver.ask("watched_until", {"as": "relay", "revision": 1})

        started = team.do("go", "start", id=id)
        assert started["payload"] == {"Grüße": [1, 2.5, None]}
        team.do("rust", "update_progress", id=id, current=1, total=2, message="half", attempt=1)
        team.do("java", "save_checkpoints", id=id, checkpoints={"at": {"page": 2}}, attempt=1)
        error = {"message": "out of paper", "code": "paper", "retryable": True}
        assert team.do("cpp", "fail", id=id, error=error, attempt=1)["status"] == "failed"
        team.do("ruby", "retry", id=id, additional_attempts=1)
        resumed = team.do("typescript", "start", id=id)
        assert resumed["checkpoints"] == {"at": {"page": 2}}
        assert resumed["progress"]["message"] == "half"
        team.do("typescript", "complete", id=id, result=resumed["checkpoints"], attempt=2)

        for driver in team.drivers:
            told = driver.ask("watched_until", {"as": "relay", "status": "completed"})["ok"]["messages"]
            telling = [one for one in told if one["event"] in ("snapshot", "status_changed")]
            assert [told_status(one) for one in telling] == STATUSES, driver.language
            assert [one["revision"] for one in telling] == [1, 2, 5, 6, 7, 8], driver.language
            driver.ask("unwatch", {"as": "relay"})
            assert driver.ask("get", {"id": id})["ok"]["result"] == {"at": {"page": 2}}
    print(f"relay: {', '.join(driver.language for driver in team.drivers)}")
