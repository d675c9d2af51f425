"""What a process knows of what is ready: never less than the truth allows, in order, whatever notices and looks do."""

from __future__ import annotations

from typing import Final

from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import ids, leases
from execution_server.domain.status import PENDING, RETRYING, RUNNING
from execution_server.outlook import FEW, MANY, Outlook, Place
from execution_server.store.port import Change, Ready
from hypothesis import given, settings
from hypothesis import strategies as st

START_MS: Final = 1_700_000_000_000
PARTITIONS: Final = 2
TYPES: Final = ("a", "b")


class World:
    """The truth: every execution, the notices that are on their way, and a clock."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.records: dict[str, Execution] = {}
        self.notices: list[Change] = []
        self.answers: dict[Place, tuple[list[Ready], Ready | None]] = {}
        """To the look that is under way."""

    def create(self, type_: str, priority: int, delay_ms: int = 0, partition: int = 0) -> str:
        id_ = ids.new_id(self.now_ms, len(self.records), partition)
        record = Execution(id=id_, type=type_, priority=priority, status=PENDING)
        record.created_at.FromMilliseconds(self.now_ms)
        record.scheduled_at.FromMilliseconds(self.now_ms + delay_ms)
        self._put(record)
        return id_

    def claim(self, id_: str) -> bool:
        """Whether it could be had."""
        available_ms = leases.available_ms(self.records[id_])
        if available_ms is None or available_ms > self.now_ms:
            return False
        self._put(self._with_status(id_, RUNNING))
        return True

    def give_back(self, id_: str, delay_ms: int = 0) -> None:
        record = self._with_status(id_, RETRYING)
        record.next_attempt_at.FromMilliseconds(self.now_ms + delay_ms)
        self._put(record)

    def ready(self, place: Place) -> tuple[list[Ready], Ready | None]:
        """What a store answers to a look."""
        all_ = sorted(
            Ready(record.priority, available_ms, record.id, record.type)
            for record in self.records.values()
            if record.type == place.type
            and ids.partition_of(record.id, PARTITIONS) == place.partition
            and (available_ms := leases.available_ms(record)) is not None
        )
        later = [one for one in all_ if one.available_ms > self.now_ms]
        now = [one for one in all_ if one.available_ms <= self.now_ms]
        return now[:FEW], min(later, key=lambda one: one.available_ms, default=None)

    def first(self, *types: str) -> str | None:
        """What a worker should get next."""
        found = [one for type_ in types for place in places(type_) for one in self.ready(place)[0]]
        return min(found).id if found else None

    def end_look(self, outlook: Outlook) -> None:
        """Deliver what the look under way was answered, as of when it began."""
        for place, answer in self.answers.items():
            outlook.end_look(place, *answer, self.now_ms)
        self.answers = {}

    def _with_status(self, id_: str, status: int) -> Execution:
        record = Execution()
        record.CopyFrom(self.records[id_])
        record.status = status  # type: ignore[assignment]  # it is one
        return record

    def _put(self, record: Execution) -> None:
        self.records[record.id] = record
        self.notices.append(Change(record.id, 0, record, b"1"))


def places(type_: str) -> list[Place]:
    return [Place(type_, partition) for partition in range(PARTITIONS)]


def tell(world: World, outlook: Outlook) -> None:
    """Deliver all notices."""
    for change in world.notices:
        outlook.add(change, world.now_ms)
    world.notices.clear()


def look(world: World, outlook: Outlook, *types: str) -> int:
    """Look wherever it is needed; answers at how many places."""
    begun = outlook.begin_look(types)
    for place in begun:
        outlook.end_look(place, *world.ready(place), world.now_ms)
    return len(begun)


def take(outlook: Outlook, *types: str) -> str | None:
    found = outlook.take(types)
    return found[0].id if found else None


def test_a_type_is_looked_at_when_it_is_first_wanted_and_then_no_more() -> None:
    """Whoever wants it next finds it known."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    assert look(world, outlook, "a") == PARTITIONS
    outlook.want(["a"])
    assert look(world, outlook, "a") == 0
    outlook.want(["b"])
    assert look(world, outlook, "a", "b") == PARTITIONS


def test_what_a_notice_tells_of_needs_no_look() -> None:
    """An idle worker gets what is created at the price of a claim."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    look(world, outlook, "a")
    created = world.create("a", 5)
    assert outlook.is_exhausted(["a"])
    tell(world, outlook)
    assert not outlook.is_exhausted(["a"])
    assert (take(outlook, "a"), look(world, outlook, "a")) == (created, 0)


def test_a_notice_that_comes_during_a_look_is_not_lost() -> None:
    """The look may have been answered before what the notice tells of."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    answers = {place: world.ready(place) for place in outlook.begin_look(["a"])}
    created = world.create("a", 5)
    tell(world, outlook)
    for place, answer in answers.items():
        outlook.end_look(place, *answer, world.now_ms)
    assert take(outlook, "a") == created


def test_what_is_behind_the_few_that_are_known_is_found_in_order() -> None:
    """Also where newer things of the same place have come meanwhile, urgent ones and others."""
    world, outlook = World(), Outlook(PARTITIONS)
    for _ in range(FEW + 5):
        world.create("a", 5)
    world.notices.clear()
    outlook.want(["a"])
    look(world, outlook, "a")
    urgent, patient = world.create("a", 0), world.create("a", 9)
    tell(world, outlook)
    expected = [urgent, *sorted(id_ for id_ in world.records if id_ not in (urgent, patient)), patient]
    found = []
    for _ in range(2 * len(expected)):
        if (id_ := take(outlook, "a")) is not None:
            assert world.claim(id_)
            found.append(id_)
        look(world, outlook, "a")
        tell(world, outlook)
    assert found == expected


def test_what_is_behind_the_few_is_found_when_others_have_had_those() -> None:
    """Also if nothing was ever taken here."""
    world, outlook = World(), Outlook(PARTITIONS)
    ids_ = [world.create("a", 5) for _ in range(FEW + 1)]
    world.notices.clear()
    outlook.want(["a"])
    look(world, outlook, "a")
    for id_ in sorted(ids_)[:FEW]:
        assert world.claim(id_)
    tell(world, outlook)
    assert not outlook.is_exhausted(["a"])
    look(world, outlook, "a")
    assert take(outlook, "a") == max(ids_)


def test_of_what_waits_in_a_place_the_earliest_counts() -> None:
    """In whatever order it is told of."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    look(world, outlook, "a")
    for delay_ms in (20, 10, 30):
        world.create("a", 5, delay_ms)
    tell(world, outlook)
    assert outlook.pass_time(world.now_ms) == START_MS + 10


def test_what_becomes_ready_later_is_found_whatever_its_type() -> None:
    """Two types may both have something that was scheduled before anybody wanted it."""
    world, outlook = World(), Outlook(PARTITIONS)
    created = [world.create("a", 5, 1_000), world.create("b", 5, 2_000), world.create("a", 5, 3_000)]
    world.notices.clear()
    outlook.want(TYPES)
    for id_ in created:
        look(world, outlook, *TYPES)
        assert take(outlook, *TYPES) is None
        next_ms = outlook.pass_time(world.now_ms)
        assert next_ms is not None
        world.now_ms = next_ms
        outlook.pass_time(world.now_ms)
        look(world, outlook, *TYPES)
        assert take(outlook, *TYPES) == id_
        assert world.claim(id_)
        tell(world, outlook)
    assert world.now_ms == START_MS + 3_000


def test_nothing_is_given_while_what_comes_first_is_not_known() -> None:
    """Else something less urgent would overtake it."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    look(world, outlook, "a")
    world.create("a", 5, partition=0)
    tell(world, outlook)
    outlook.miss(1)
    assert take(outlook, "a") is None
    look(world, outlook, "a")
    assert take(outlook, "a") is not None


def test_what_cannot_be_looked_at_holds_up_nothing_else() -> None:
    """A primary of a cluster is away: what is ready at the others is given out, in order."""
    world, outlook = World(), Outlook(PARTITIONS)
    lost, later, sooner = world.create("a", 0, partition=1), world.create("a", 9), world.create("a", 5)
    world.notices.clear()
    outlook.want(["a"])
    outlook.begin_look(["a"])
    outlook.leave_out(1)
    assert outlook.begin_look(["a"]) == [], "it is not looked at again and again"
    outlook.end_look(Place("a", 0), *world.ready(Place("a", 0)), world.now_ms)
    outlook.end_look(Place("a", 1), *world.ready(Place("a", 1)), world.now_ms)
    assert [take(outlook, "a") for _ in range(3)] == [sooner, later, None]
    assert outlook.is_exhausted(["a"])
    assert not outlook.is_empty(["a"]), "nobody knows that"
    outlook.take_in(1)
    assert take(outlook, "a") is None
    assert look(world, outlook, "a") == 1
    assert take(outlook, "a") == lost
    assert outlook.is_empty(["a"])


def test_what_was_known_of_a_partition_that_is_left_out_is_not_given() -> None:
    """Of any type: each claim would wait in vain for its primary. What is told after that may be had again."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(TYPES)
    for type_ in TYPES:
        world.create(type_, 5, partition=1)
    world.notices.clear()
    look(world, outlook, *TYPES)
    outlook.leave_out(1)
    assert take(outlook, *TYPES) is None
    told = world.create("b", 9, partition=1)
    tell(world, outlook)
    assert take(outlook, *TYPES) == told


def test_memory_is_bounded_however_much_is_ready() -> None:
    """A type may have a backlog of millions while all its workers are busy."""
    world, outlook = World(), Outlook(PARTITIONS)
    outlook.want(["a"])
    look(world, outlook, "a")
    for _ in range(3 * MANY):
        world.create("a", 5)
        tell(world, outlook)
    assert len(outlook._known[Place("a", 0)]) <= MANY
    assert take(outlook, "a") == world.first("a")


def test_a_type_that_nobody_wants_any_more_leaves_nothing_behind() -> None:
    """Types are the callers' words: there may be any number of them, each for a moment."""
    world, outlook = World(), Outlook(PARTITIONS)
    world.create("a", 5)
    world.create("a", 5, 60_000)
    before = {name: len(value) for name, value in vars(outlook).items() if not isinstance(value, int)}
    outlook.want(["a"])
    begun = outlook.begin_look(["a"])
    tell(world, outlook)
    outlook.forget(["a"])
    for place in begun:
        outlook.end_look(place, *world.ready(place), world.now_ms)
    outlook.miss(0)
    outlook.leave_out(0)
    outlook.take_in(0)
    tell(world, outlook)
    assert {name: len(value) for name, value in vars(outlook).items() if not isinstance(value, int)} == before


STEPS: Final = st.one_of(
    st.tuples(
        st.just("create"),
        st.sampled_from(TYPES),
        st.integers(0, 2),
        st.integers(0, 30),
        st.integers(0, PARTITIONS - 1),
    ),
    st.tuples(st.just("others claim"), st.integers(0, 99)),
    st.tuples(st.just("give back"), st.integers(0, 99), st.integers(0, 30)),
    st.tuples(st.just("tell one")),
    st.tuples(st.just("lose all"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("leave out"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("take in"), st.integers(0, PARTITIONS - 1)),
    st.tuples(st.just("wait"), st.integers(0, 20)),
    st.tuples(st.just("begin look")),
    st.tuples(st.just("end look")),
    st.tuples(st.just("take")),
)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(STEPS, max_size=60), crowd=st.integers(0, 2 * FEW))
def test_whatever_happens_nothing_is_forgotten_and_the_first_comes_first(
    steps: list[tuple[str, int]], crowd: int
) -> None:
    """Notices late, lost or in the middle of a look; others; outages; time. In the end all was given, in order."""
    world, outlook = World(), Outlook(PARTITIONS)
    for number in range(crowd):
        world.create(TYPES[number % 2], number % 3)
    world.notices.clear()
    outlook.want(TYPES)
    for step in steps:
        _do(world, outlook, *step)

    tell(world, outlook)
    world.end_look(outlook)
    for partition in range(PARTITIONS):
        outlook.take_in(partition)
    world.now_ms += 1_000
    outlook.pass_time(world.now_ms)
    for _ in range(10 * len(world.records) + 10):
        look(world, outlook, *TYPES)
        expected = world.first(*TYPES)
        if expected is None:
            break
        found = take(outlook, *TYPES)
        if found is not None:
            assert found == expected
            assert world.claim(found)
            tell(world, outlook)
    assert world.first(*TYPES) is None
    assert all(record.status == RUNNING for record in world.records.values())


def _do(world: World, outlook: Outlook, what: str, *rest: int) -> None:
    known = [*world.records]
    match what:
        case "create":
            world.create(*rest)  # type: ignore[arg-type]  # a type, then numbers
        case "others claim" if known:
            world.claim(known[rest[0] % len(known)])
        case "give back" if known and world.records[id_ := known[rest[0] % len(known)]].status == RUNNING:
            world.give_back(id_, rest[1])
        case "tell one" if world.notices:
            outlook.add(world.notices.pop(0), world.now_ms)
        case "lose all":
            kept = [one for one in world.notices if ids.partition_of(one.id, PARTITIONS) != rest[0]]
            world.notices[:] = kept
            outlook.miss(rest[0])
        case "leave out":
            outlook.leave_out(rest[0])
        case "take in":
            outlook.take_in(rest[0])
        case "wait":
            world.now_ms += rest[0]
            outlook.pass_time(world.now_ms)
        case "begin look" if not world.answers:
            world.answers = {place: world.ready(place) for place in outlook.begin_look(TYPES)}
        case "end look":
            world.end_look(outlook)
        case "take" if not world.answers and (found := outlook.take(TYPES)) is not None:
            world.claim(found[0].id)
