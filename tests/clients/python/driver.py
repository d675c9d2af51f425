"""The driver of the Python client: performs the commands of ../scenario.md with AsyncExecutionClient."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

from execution_client import (
    OMITTED,
    AsyncExecutionClient,
    AsyncJob,
    ExecutionProblem,
    NewExecution,
    Permanent,
    Progress,
    Retention,
    Retryable,
    RetryPolicy,
    Tls,
    Worker,
)

Json = Any
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NAMES: Final = {"from_status": "from", "to_status": "to"}
LARGEST_LINE: Final = 1 << 24
CALLS_PER_LIFE: Final = 6


def plain(value: object) -> Json:
    """What the client answered, as ../scenario.md writes it."""
    if is_dataclass(value):
        return {
            NAMES.get(field.name, field.name): plain(getattr(value, field.name)) for field in fields(value)
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return round((value - EPOCH).total_seconds() * 1000)
    if isinstance(value, timedelta):
        return round(value.total_seconds() * 1000)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def told(problem: BaseException) -> Json:
    """The problem, as ../scenario.md writes it."""
    if isinstance(problem, ExecutionProblem):
        return {
            "code": problem.code.name,
            "reason": problem.reason,
            "metadata": problem.metadata,
            "fields": [violation.field for violation in problem.field_violations],
            "type": type(problem).__name__,
            "message": problem.message,
        }
    refused = {"code": "INVALID_ARGUMENT", "reason": "", "metadata": {}, "fields": [], "local": True}
    return refused | {"type": type(problem).__name__, "message": str(problem)}


def outcome(one: object) -> Json:
    """What became of one entry of a batch."""
    if isinstance(one, ExecutionProblem):
        return {"problem": told(one)}
    execution = plain(one)
    created = {"created": execution.pop("created")} if "created" in execution else {}
    return {"execution": execution} | created


def native(value: Json) -> Any:
    """A JSON value with the numbers that JSON cannot write."""
    if isinstance(value, list):
        return [native(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$integer"}:
            return int(value["$integer"])
        if set(value) == {"$double"}:
            return float(value["$double"])
        return {key: native(item) for key, item in value.items()}
    return value


def arguments(given: dict[str, Json]) -> dict[str, Any]:
    """What the client calls the arguments, in its own types."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        match name:
            case "retry_policy" if value is not None:
                made[name] = RetryPolicy(**arguments(value))
            case "retention":
                made[name] = Retention(**arguments(value))
            case "progress":
                made[name] = Progress(**value)
            case "payload" | "result" | "checkpoints" | "metadata" | "details":
                made[name] = native(value)
            case "oldest_first":
                made["newest_first"] = not value
            case "deadline_ms" | "wait_ms":
                made[name.removesuffix("_ms")] = value / 1000
            case "scheduled_at_ms" | "created_from_ms" | "created_before_ms":
                made[name.removesuffix("_ms")] = EPOCH + timedelta(milliseconds=value)
            case _ if name.endswith("_ms"):
                made[name.removesuffix("_ms")] = None if value is None else timedelta(milliseconds=value)
            case _:
                made[name] = value
    return made


class Watch:
    """A watch in the background, and what it has told."""

    def __init__(self, messages: AsyncIterator[Any]) -> None:
        self.messages: list[Json] = []
        self.problem: Json = None
        self._more = asyncio.Condition()
        self.task = asyncio.create_task(self._read(messages))

    async def _read(self, messages: AsyncIterator[Any]) -> None:
        try:
            async for message in messages:
                self.messages.append(plain(message))
                await self._notify()
        except ExecutionProblem as problem:
            self.problem = told(problem)
        finally:
            await self._notify()

    async def _notify(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def until(self, **wanted: Json) -> None:
        async with self._more:
            await self._more.wait_for(lambda: self._has(**wanted) or self.problem or self.task.done())

    def _has(self, revision: int = 0, status: str = "", events: int = 0, bookmarks: int = 0) -> bool:
        marks = sum(message["event"] == "bookmark" for message in self.messages)
        newest = max((message["revision"] for message in self.messages), default=0)
        statuses = [told_status(message) for message in self.messages] or [""]
        return (
            newest >= revision
            and (not status or status in statuses)
            and len(self.messages) >= events
            and marks >= bookmarks
        )


def told_status(message: Json) -> str:
    """The status that a message of a watch tells."""
    if message["change"]:
        return str(message["change"]["to"])
    return str((message["execution"] or {}).get("status", ""))


class Working:
    """A worker in the background, and what became of the jobs that it was given."""

    def __init__(self, worker: Worker, types: list[str]) -> None:
        self.handled: list[Json] = []
        self._worker = worker
        for type_ in types:
            worker.task(type_)(self._handle)
        self._task = asyncio.create_task(worker.run())

    async def stop(self) -> None:
        self._worker.stop()
        await self._task

    async def _handle(self, job: AsyncJob) -> object:
        ended = "failed"
        try:
            result = await self._perform(job)
            ended = "completed"
            return result
        except asyncio.CancelledError:
            ended = "cancelled"
            raise
        finally:
            self.handled.append({"id": job.id, "attempt": job.attempt, "ended": ended})

    async def _perform(self, job: AsyncJob) -> object:
        for step in job.payload["do"]:
            ((what, value),) = step.items()
            if what == "checkpoint":
                await job.checkpoint(value["key"], value["value"])
            elif what == "progress":
                job.progress(value["current"], value["total"])
            elif what == "fail" or (what == "fail_once" and job.attempt == 1):
                kind = Retryable if value["retryable"] else Permanent
                raise kind(value["message"], code=value.get("code", ""))
            elif what == "wait":
                await job.cancelled.wait()
                await asyncio.sleep(60)
            elif what == "complete":
                return dict(job.execution.checkpoints) if value == "checkpoints" else value
        return None


class Driver:
    """Performs commands, one after the other."""

    def __init__(self, target: str, token: str | None, tls: Tls | None) -> None:
        self._connection: dict[str, Any] = {"target": target, "token": token, "tls": tls}
        self.client = AsyncExecutionClient(**self._connection)
        self._watches: dict[str, Watch] = {}
        self._begun: dict[str, asyncio.Task[Json]] = {}
        self._workers: dict[str, Working] = {}

    async def perform(self, do: str, given: dict[str, Json]) -> Json:
        """Answer what stands in the third column of ../scenario.md."""
        special: Callable[..., Awaitable[Json]] | None = getattr(self, f"_{do}", None)
        if special is not None:
            return await special(**given)
        return plain(await getattr(self.client, do)(**arguments(given)))

    async def _list(self, **given: Json) -> Json:
        return {"executions": [plain(one) async for one in self.client.list(**arguments(given))]}

    async def _fail(self, error: Json, **given: Json) -> Json:
        error = {"message": "", "retryable": False} | error
        return plain(await self.client.fail(**arguments(given | error)))

    async def _wait(self, timeout_ms: int | None = None, **given: Json) -> Json:
        timeout = None if timeout_ms is None else timeout_ms / 1000
        return plain(await self.client.wait(**arguments(given), timeout=timeout))

    async def _update(self, **given: Json) -> Json:
        made = arguments(given)
        return plain(await self.client.update(made.pop("id"), **({"metadata": OMITTED} | made)))

    async def _claim(self, **given: Json) -> Json:
        return {"executions": plain(await self.client.claim(**arguments(given)))}

    async def _heartbeat(self, held: Json) -> Json:
        directives = await self.client.heartbeat({one["id"]: one["attempt"] for one in held})
        return {"directives": plain(directives)}

    async def _batch_create(self, requests: Json) -> Json:
        new = [NewExecution(**arguments(request)) for request in requests]
        return {"results": [outcome(one) for one in await self.client.batch_create(new)]}

    async def _batch_get(self, **given: Json) -> Json:
        return {"results": [outcome(one) for one in await self.client.batch_get(**arguments(given))]}

    async def _server_info(self) -> Json:
        info = await self.client.server_info()
        facts = {"version": info.version, "partitions": info.partitions}
        return facts | {"store": info.store_kind.value, "durability": info.durability.value}

    async def _bench(self, type: str, payload: Json, lifecycles: int, concurrency: int) -> Json:
        left = iter(range(lifecycles))

        async def live() -> None:
            for _ in left:
                await self._life(type, native(payload))

        async with asyncio.TaskGroup() as loops:
            for _ in range(concurrency):
                loops.create_task(live())
        return {"calls": lifecycles * CALLS_PER_LIFE}

    async def _life(self, type: str, payload: Json) -> None:
        created = await self.client.create(type, payload)
        attempt = (await self.client.start(created.id)).attempts
        for page in (1, 2, 3):
            await self.client.update_progress(created.id, page, 3, message="Rendering", attempt=attempt)
        await self.client.complete(created.id, {"pages": 3}, attempt=attempt)

    async def _watch(self, **given: Json) -> None:
        name = given.pop("as")
        self._watches[name] = Watch(self.client.watch(**arguments(given)))

    async def _watch_all(self, **given: Json) -> None:
        name = given.pop("as")
        self._watches[name] = Watch(self.client.watch_all(**arguments(given)))

    async def _watched_until(self, **given: Json) -> Json:
        watch = self._watches[given.pop("as")]
        await watch.until(**given)
        return {"messages": watch.messages}

    async def _watched(self, **given: Json) -> Json:
        watch = self._watches.pop(given["as"])
        await watch.task
        return {"messages": watch.messages, "problem": watch.problem}

    async def _unwatch(self, **given: Json) -> Json:
        watch = self._watches.pop(given["as"])
        watch.task.cancel()
        await asyncio.wait((watch.task,))
        return {"messages": watch.messages}

    async def _begin(self, **given: Json) -> None:
        self._begun[given["as"]] = asyncio.create_task(self.perform(given["do"], given["with"]))

    async def _finish(self, **given: Json) -> Json:
        return await self._begun.pop(given["as"])

    async def _abandon(self, **given: Json) -> None:
        task = self._begun.pop(given["as"])
        task.cancel()
        await asyncio.wait((task,))

    async def _work(self, **given: Json) -> None:
        lease = timedelta(milliseconds=given.get("lease_duration_ms", 30_000))
        worker = Worker(**self._connection, concurrency=given["slots"], lease=lease, drain=1)
        self._workers[given["as"]] = Working(worker, given["types"])

    async def _stop_work(self, **given: Json) -> Json:
        working = self._workers.pop(given["as"])
        await working.stop()
        return {"handled": working.handled}


async def main(target: str, token: str | None, tls: Tls | None) -> None:
    """Read, perform, answer."""
    reader = asyncio.StreamReader(LARGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    driver = Driver(target, token, tls)
    async with driver.client:
        while line := await reader.readline():
            command = json.loads(line)
            answer: Json = {"n": command["n"]}
            try:
                answer["ok"] = await driver.perform(command["do"], command.get("with", {}))
            except (ExecutionProblem, ValueError, TypeError) as problem:
                answer["problem"] = told(problem)
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--token")
    parser.add_argument("--ca")
    options = parser.parse_args()
    trusted = Tls(root_certificates=Path(options.ca).read_bytes()) if options.ca else None
    asyncio.run(main(options.target, options.token, trusted))
