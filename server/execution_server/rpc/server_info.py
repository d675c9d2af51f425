"""What the server tells of itself."""

from __future__ import annotations

from dataclasses import dataclass

from croco.execution.v1 import execution_service_pb2 as messages

from ..store.port import ExecutionStore


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the server is and takes."""

    version: str
    limits: messages.ServerLimits
    store: ExecutionStore

    def as_message(self) -> messages.GetServerInfoResponse:
        """As the contract tells it, with what the store says of itself at this moment."""
        facts = self.store.facts
        return messages.GetServerInfoResponse(
            version=self.version,
            store_kind=facts.kind,
            durability=facts.durability,
            partitions=self.store.partitions,
            limits=self.limits,
        )
