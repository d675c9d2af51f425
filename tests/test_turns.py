"""Turns at a name are taken one after the other, whoever goes away meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from execution_server.turns import Turns

from tests.waiting import until


def soon() -> float:
    """A deadline that does not come during a test."""
    return asyncio.get_running_loop().time() + 60


async def test_turns_come_in_the_order_of_asking() -> None:
    """Whoever has waited longest is next, so nobody waits for ever."""
    turns, order = Turns(), list[int]()
    await turns.take("name", soon())

    async def wait(number: int) -> None:
        await turns.take("name", soon())
        order.append(number)
        turns.give_back("name")

    waiting = [asyncio.create_task(wait(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert order == []

    turns.give_back("name")
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3, 4]


async def test_names_do_not_wait_for_each_other() -> None:
    """Each has a turn of its own."""
    turns = Turns()
    await turns.take("one", soon())
    await turns.take("other", soon())


async def test_a_turn_that_does_not_come_in_time_is_none() -> None:
    """And the next one does not wait for whoever gave up."""
    turns = Turns()
    await turns.take("name", soon())
    with pytest.raises(TimeoutError):
        await turns.take("name", asyncio.get_running_loop().time() + 0.01)

    turns.give_back("name")
    await turns.take("name", soon())


async def test_a_turn_that_comes_as_its_taker_goes_away_goes_to_the_next() -> None:
    """Else everybody behind would wait for somebody who is gone."""
    turns, third_has_it = Turns(), asyncio.Event()
    await turns.take("name", soon())
    second = asyncio.create_task(turns.take("name", soon()))
    await asyncio.sleep(0)

    async def third() -> None:
        await turns.take("name", soon())
        third_has_it.set()

    waiting = asyncio.create_task(third())
    await asyncio.sleep(0)

    turns.give_back("name")  # it is the second's now, who has not run yet
    second.cancel()

    await until(third_has_it.is_set, "the third has the turn")
    await waiting
    assert second.cancelled()


async def test_nothing_is_kept_of_a_name_that_nobody_wants() -> None:
    """There are as many names as executions."""
    turns = Turns()
    await turns.take("name", soon())
    turns.give_back("name")
    assert not turns._waiting
