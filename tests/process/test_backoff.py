"""A process that keeps ending is started again ever more rarely; one that has lived well is started again at once."""

from execution_server.backoff import FIRST_SECONDS, FORGIVEN_AFTER_SECONDS, LONGEST_SECONDS, Backoff


def test_the_wait_doubles_up_to_its_limit() -> None:
    """A crash loop must neither eat the machine nor end for good."""
    backoff = Backoff()

    waits = [backoff.after(lived_seconds=0) for _ in range(12)]

    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert waits[-1] == LONGEST_SECONDS


def test_a_long_life_is_forgiven() -> None:
    """One crash a day is no loop."""
    backoff = Backoff()
    for _ in range(12):
        backoff.after(lived_seconds=0)

    assert backoff.after(lived_seconds=FORGIVEN_AFTER_SECONDS) == FIRST_SECONDS
