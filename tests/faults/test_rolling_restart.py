"""A new version is rolled out: every server is drained and started again, one after the other, under traffic."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from tests.faults.fleet import running_servers
from tests.faults.lives import Lives
from tests.service import Service

SERVERS: Final = 3


def sent_away(server: Service) -> int:
    """How many watches were told by *server*, so far, to go on elsewhere."""
    lines = [line for line in server.log_lines() if line.get("reason") == "SERVER_DRAINING"]
    return sum(line.get("method") == "WatchExecution" for line in lines)


async def test_a_rolling_restart_fails_no_call_and_leaves_no_gap_in_a_watch(tmp_path: Path) -> None:
    """With what our clients do by themselves, and no more: round_robin, the standard retry, watches that resume."""
    with running_servers(tmp_path, SERVERS, "--drain-delay", "1s") as (_, servers):
        target = "ipv4:" + ",".join(server.address for server in servers)
        async with Lives(target) as lives:
            await lives.go_on()
            for server in servers:
                server.terminate()
                assert await asyncio.to_thread(server.ended) == 0, server.log_text()
                await lives.go_on()
                await asyncio.to_thread(server.start)
                await lives.go_on()
        gaps = await lives.gaps(servers[0].address)
        moved = [sent_away(server) for server in servers]

    watches = [watch for several in lives.watches.values() for watch in several]
    messages = sum(len(watch.streams[0].messages) for watch in watches)
    print(
        f"\n{SERVERS} servers restarted: {lives.answered} calls answered, {lives.failed.total()} failed; "
        f"{len(watches)} watches with {messages} messages, {len(gaps)} gaps; "
        f"watches that moved, by the server that sent them away: {moved}"
    )
    assert not lives.failed
    assert gaps == []
    assert all(watch.complete for watch in watches)
    assert any(moved), "where nobody watched there was nothing to miss"
