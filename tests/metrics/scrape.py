"""Reading a server's metrics, as Prometheus does."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.service import Service

METRICS: Final = ("--metrics-listen", "127.0.0.1:0")
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sample(NamedTuple):
    """One series and its value."""

    name: str
    labels: Mapping[str, str]
    value: float


class Scraped:
    """Everything that one page told."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [
            Sample(one.name, one.labels, one.value)
            for family in self.families.values()
            for one in family.samples
        ]

    def __getitem__(self, name: str) -> float:
        """The sum of the series of that name."""
        return self.sum(name)

    def sum(self, name: str, **labels: str) -> float:
        """The sum of the series that have these labels."""
        return sum(one.value for one in self.of(name, **labels))

    def of(self, name: str, **labels: str) -> Iterator[Sample]:
        """The series that have these labels."""
        return (one for one in self.samples if one.name == name and labels.items() <= one.labels.items())


def addresses(server: Service, count: int = 1) -> list[str]:
    """Where the processes of a server tell their metrics."""

    def told() -> list[str]:
        lines = [line for line in server.log_lines() if line["message"] == "metrics"]
        return [line["address"] for line in lines]

    wait_until(lambda: len(told()) == count, "the log says where the metrics are")
    return told()


def get(address: str, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    """The status and the text of an answer."""
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with _DIRECT.open(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scrape(address: str) -> Scraped:
    """All metrics of a process."""
    status, text = get(address)
    assert status == 200, text
    return Scraped(text)
