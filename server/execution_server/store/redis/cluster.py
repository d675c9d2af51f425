"""
The connections to a cluster's primaries, used as one link.

Every command belongs to the slot of its key, and each primary has one ``ServerLink``. Which has what is read from any
node that answers (CLUSTER SLOTS), and again whenever something goes wrong. Then commands are tried again, those that
were answered excepted, until the call's deadline:

* MOVED: the slot is elsewhere now. That is noted, and the map is read again.
* ASK: the slot is on its way and this key is there already. The command is sent after it at once.
* TRYAGAIN: the slot is on its way and the keys of one script are on both sides. It is over when the slot has arrived.
* The connection is lost, CLUSTERDOWN: its primary has failed; sooner or later the map names another.

redis-py's RedisCluster is not used: it puts each command on a connection of a pool, and while slots move it closes
connections on which others wait, and sends ASKING on another connection than the command.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import hiredis

from ...counts import Traffic
from ...domain.problems import StoreUnavailable
from . import link
from .connect import LinkLost, ask, connect, through
from .fence import Fence
from .link import ServerLink
from .slots import SlotMap, key_of
from .subscription import OnMessage, Subscription
from .tries import Tries, code_of, means_not_now
from .url import Node, StoreUrl
from .wire import Argument, Command

log = logging.getLogger(__name__)


class _Batch:
    """Commands on their way: those that are left, and the replies to the others."""

    def __init__(self, commands: list[Command]) -> None:
        self.commands = commands
        self.keys = [key_of(command) for command in commands]
        self.replies: list[Any] = [None] * len(commands)
        self.left = dict.fromkeys(range(len(commands)))

    def take(self, number: int, reply: Any) -> None:
        """Keep a reply. Of those to a command that went to several nodes an error is the one that counts."""
        if not isinstance(self.replies[number], hiredis.ReplyError):
            self.replies[number] = reply
        self.left.pop(number, None)


class ClusterLink:
    """A ``Link`` to the primaries of a cluster."""

    def __init__(self, url: StoreUrl, fence_key: str, replicas: int) -> None:
        """
        Args:
            fence_key: what the keys begin with that fences write.
            replicas: how many of each primary every reply waits for, see ``fence.py``; 0: none.
        """
        self._url, self._fence_key, self._replicas = url, fence_key, replicas
        self.traffic = Traffic()
        self._map = SlotMap()
        self._links: dict[Node, tuple[ServerLink, Fence]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._unread: BaseException | None = None  # why the map could not be read
        self._closed = False

    def owner(self, key: str) -> Node | None:
        """Where a key is, as far as is known."""
        return self._map.owner(key)

    async def open_subscription(self, node: Node, on_message: OnMessage) -> Subscription:
        """See ``ServerLink.open_subscription``: at one node."""
        return await self._link(node).open_subscription(on_message)

    async def call(self, *command: Argument, deadline: float) -> Any:
        """See ``Link.call``."""
        return (await self.call_all([command], deadline=deadline))[0]

    async def call_all(self, commands: list[Command], *, deadline: float) -> list[Any]:
        """See ``Link.call_all``. A command without a key goes to every node that the others go to."""
        batch = _Batch(commands)
        tries = Tries(deadline)
        while True:
            try:
                trouble = await self._send(batch, deadline)
                if not batch.left:
                    return batch.replies
                if trouble is not None:
                    tries.failed(trouble, is_final=self._closed)
                    await self._read_map(deadline)
            except LinkLost as lost:
                tries.failed(lost, is_final=self._closed)
            except StoreUnavailable as too_late:
                raise too_late from tries.trouble
            self.traffic.retries += 1
            await tries.pause()

    async def call_each(self, *command: Argument, deadline: float) -> dict[str, Any]:
        """See ``Link.call_each``."""
        tries = Tries(deadline)
        while True:
            nodes = [*self._map.primaries]
            replies = await asyncio.gather(*(self._ask_for_one(node, command, deadline) for node in nodes))
            lost = [reply for reply in replies if isinstance(reply, LinkLost)]
            if lost or not nodes:
                self._read_map_soon()
            if len(lost) < len(nodes):
                return {f"{host}:{port}": reply for (host, port), reply in zip(nodes, replies, strict=True)}
            tries.failed(lost[0] if lost else self._unread or LinkLost(), is_final=self._closed)
            self.traffic.retries += 1
            await tries.pause()

    async def close(self) -> None:
        """See ``Link.close``."""
        self._closed = True
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        for server, _ in self._links.values():
            await server.close()

    async def _send(self, batch: _Batch, deadline: float) -> BaseException | None:
        """Send what is left, once. Answers what kept it from being answered, None if slots were elsewhere."""
        nodes = self._by_node(batch)
        asked = [self._ask(node, numbers, batch, deadline) for node, numbers in nodes.items()]
        troubles = [await asked[0]] if len(asked) == 1 else await asyncio.gather(*asked)
        return next((trouble for trouble in troubles if trouble is not None), None)

    def _by_node(self, batch: _Batch) -> dict[Node, list[int]]:
        nodes: dict[Node | None, list[int]] = {}
        for number in batch.left:
            if (key := batch.keys[number]) is not None:
                nodes.setdefault(self._map.owner(key), []).append(number)
        anywhere = nodes or {next(iter(self._map.primaries), None): []}
        keyless = [number for number in batch.left if batch.keys[number] is None]
        known = {node: keyless + numbers for node, numbers in anywhere.items() if node is not None}
        if len(known) < len(anywhere):
            self._read_map_soon()
            raise LinkLost("the cluster has no primary for a key") from self._unread
        return known

    async def _ask(
        self, node: Node, numbers: list[int], batch: _Batch, deadline: float
    ) -> BaseException | None:
        """Send some commands to one node. Answers what kept any of them from being answered."""
        trouble: BaseException | None = None
        try:
            replies = await self._link(node).attempt([batch.commands[n] for n in numbers], deadline=deadline)
            for number, reply in zip(numbers, replies, strict=True):
                if code_of(reply) == "ASK":
                    reply = await self._ask_after(node, number, reply, batch, deadline)
                if code_of(reply) == "MOVED":
                    self._learn(node, reply)
                elif means_not_now(reply):
                    trouble = reply
                else:
                    batch.take(number, reply)
        except LinkLost as lost:
            trouble = lost
        return trouble

    async def _ask_for_one(self, node: Node, command: Command, deadline: float) -> Any:
        """The reply of one node, or as a value that there is none."""
        try:
            (reply,) = await self._link(node).attempt([command], deadline=deadline)
        except LinkLost as lost:
            return lost
        except StoreUnavailable:
            return LinkLost("no answer in time")
        return reply

    async def _ask_after(self, node: Node, number: int, reply: Any, batch: _Batch, deadline: float) -> Any:
        """The reply of the node that a key has moved to ahead of its slot."""
        _, target = _redirection(reply, node)
        keyless = [command for command, key in zip(batch.commands, batch.keys, strict=True) if key is None]
        commands = [*keyless, ("ASKING",), batch.commands[number]]
        return (await self._link(target).attempt(commands, deadline=deadline))[-1]

    def _learn(self, node: Node, moved: Any) -> None:
        self._map.learn(*_redirection(moved, node))
        self._read_map_soon()

    def _link(self, node: Node) -> ServerLink:
        if self._closed:
            raise LinkLost
        if node not in self._links:
            fence = Fence(self._map.key_at(node, self._fence_key) or self._fence_key, self._replicas)
            server = ServerLink(
                through(self._url.pool(node)), fence if self._replicas else None, self.traffic
            )
            self._links[node] = server, fence
        return self._links[node][0]

    async def _read_map(self, deadline: float) -> None:
        """Read again which primary has which slot; wait for it until *deadline*."""
        self._read_map_soon()
        if self._reading is not None:
            left_seconds = deadline - asyncio.get_running_loop().time()
            await asyncio.wait([self._reading], timeout=max(0, left_seconds))

    def _read_map_soon(self) -> None:
        if self._reading is None and not self._closed:
            self._reading = asyncio.create_task(self._read_map_from_any())
            self._reading.add_done_callback(self._read)

    def _read(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the cluster's map could not be read", exc_info=error)

    async def _read_map_from_any(self) -> None:
        known = list({*self._url.nodes, *self._links})
        for node in random.sample(known, len(known)):
            try:
                async with asyncio.timeout(link.TRY_SECONDS):
                    connection = await connect(self._url.pool(node))
                    reply = await ask(connection, "CLUSTER", "SLOTS")
                    await connection.disconnect(nowait=True)
            except (LinkLost, TimeoutError) as error:
                self._unread = error.__cause__ or error
                continue
            self._unread = None
            await self._use(SlotMap.read(reply, node))
            return

    async def _use(self, map_: SlotMap) -> None:
        """Go by another map."""
        if not map_.primaries:
            return
        self._map = map_
        for node, (server, fence) in [*self._links.items()]:
            if (key := map_.key_at(node, self._fence_key)) is None:
                del self._links[node]
                await server.close()
            else:
                fence.key = key


def _redirection(reply: Any, asked: Node) -> tuple[int, Node]:
    """The slot and the node that MOVED or ASK names; a node without a name is where it was asked."""
    _, slot, where = str(reply).split(" ")[:3]
    host, _, port = where.rpartition(":")
    return int(slot), (asked[0] if host in ("", "?") else host, int(port))
