"""Every client behaves as scenario.json says, against a live server of two processes that is restarted meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.clients.scenario.languages import CHOSEN, LANGUAGES, Driver, driving
from tests.clients.scenario.matching import filled, mismatches
from tests.clients.scenario.world import World, world

SCENARIO: Final = json.loads((Path(__file__).parents[1] / "scenario.json").read_text())
STEPS: Final = SCENARIO["steps"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("scenario")) as made:
        yield made


class Player:
    """A language that plays the scenario."""

    def __init__(self, language: str, world: World, stack: ExitStack) -> None:
        self._language = language
        self._world = world
        self._stack = stack
        self._drivers: dict[tuple[str, ...], Driver] = {}
        self._names: dict[str, Any] = {"run": uuid4().hex[:12]}

    def step(self, step: dict[str, Any]) -> None:
        """Play one step, or fail the test with what differs."""
        options = self._world.options(step.get("at", "main"), step.get("token"))
        self._commands(step["commands"], options, f"step {step['n']}, {step['name']}")

    def _commands(self, commands: list[dict[str, Any]], options: tuple[str, ...], where: str) -> None:
        for command in commands:
            for _ in range(command.get("repeat", 0)):
                self._commands(command["commands"], options, where)
            if happening := command.get("server") or command.get("store"):
                self._world.happen(happening)
            if "do" in command:
                self._command(command, options, where)

    def _command(self, command: dict[str, Any], options: tuple[str, ...], where: str) -> None:
        given = filled(command.get("with", {}), self._names)
        answer = self._driver(options).ask(command["do"], given)
        kind = "problem" if "problem" in command else "ok"
        if kind not in answer:
            pytest.fail(f"{where}: {command['do']} is answered with {answer}")
        expected = filled(command.get("problem", command.get("expect", {})), self._names)
        if kind == "ok" and "expect" not in command:
            expected = {"$equals": answer["ok"]}
        if wrong := mismatches(expected, answer[kind]):
            pytest.fail(f"{where}: {command['do']}: {'; '.join(wrong)}")
        for name, key in command.get("save", {}).items():
            self._names[name] = answer["ok"][key]

    def _driver(self, options: tuple[str, ...]) -> Driver:
        if options not in self._drivers:
            self._drivers[options] = self._stack.enter_context(driving(self._language, *options))
        return self._drivers[options]


@pytest.mark.parametrize("language", CHOSEN)
def test_a_client_plays_the_whole_scenario(language: str, servers: World) -> None:
    """A caller must be able to move from one language to another and find the same service."""
    played = 0
    with ExitStack() as stack:
        player = Player(language, servers, stack)
        for step in STEPS:
            if "needs" in step and language in SCENARIO[f"without_{step['needs']}"]:
                continue
            player.step(step)
            played += 1
    print(f"{language}: {played} of {len(STEPS)} steps")


def test_the_steps_are_numbered_and_every_language_is_known() -> None:
    """A number names a step in conversation; a misspelt language would be left out in silence."""
    assert [step["n"] for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert set(CHOSEN) <= set(LANGUAGES)
