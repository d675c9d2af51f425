"""The dashboard and the alert rules speak of metrics that a running server tells, and the runbook of every alert."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import promql_parser
import pytest
import yaml
from promql_parser import MatchOp, MatrixSelector, VectorSelector

from tests import servers, service
from tests.metrics.scrape import METRICS, Scraped, addresses, scrape
from tests.metrics.traffic import live, lose_worker, refuse

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy/observability"
OPERATIONS: Final = (ROOT / "docs/operations.md").read_text()
RULES: Final = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS: Final = [
    panel
    for panel in json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]
    if panel["type"] != "row"
]
SCRAPED_BY_PROMETHEUS: Final = {"instance", "job"}
"""Labels that Prometheus adds."""


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, with where it stands."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
            yield f"panel {panel['title']}", expression


def selectors(expression: str) -> list[VectorSelector]:
    """What an expression reads; fails if it is none."""
    found: list[VectorSelector] = []

    def visit(node: object) -> None:
        if isinstance(node, MatrixSelector):
            found.append(node.vector_selector)
        elif isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Scraped:
    """All that a server tells after a little of everything."""

    async def traffic(address: str) -> None:
        async with service.aio_channel(address) as channel:
            await live(channel, "mail")
            await refuse(channel)
            await lose_worker(channel, "lost")

    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path_factory.mktemp("told"), "--store-url", store.url, *METRICS) as server,
    ):
        (address,) = addresses(server)
        asyncio.run(traffic(server.address))
        return scrape(address)


@pytest.mark.parametrize(("where", "expression"), [pytest.param(*one, id=one[0]) for one in expressions()])
def test_an_expression_reads_what_a_running_server_tells(where: str, expression: str, told: Scraped) -> None:
    """An alert on a metric of another name never fires, and nobody notices until it should have."""
    assert selectors(expression)
    for selector in selectors(expression):
        series = [one for one in told.samples if one.name == selector.name]
        assert series, f"{where}: no server tells {selector.name}"
        for matcher in selector.matchers.matchers:
            if matcher.name in SCRAPED_BY_PROMETHEUS:
                continue
            assert all(matcher.name in one.labels for one in series), f"{where}: no label {matcher.name}"
            if matcher.op in (MatchOp.Equal, MatchOp.Re) and matcher.name != "code":
                pattern = matcher.value if matcher.op == MatchOp.Re else re.escape(matcher.value)
                values = {one.labels[matcher.name] for one in series}
                assert any(re.fullmatch(pattern, value) for value in values), f"{where}: {matcher.value}"


def test_every_alert_is_complete_and_has_its_page_in_the_runbook() -> None:
    """Whoever is woken up needs to know what it means and what to do."""
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    headings = re.findall(r"^### (Execution\w+)$", OPERATIONS, re.MULTILINE)
    assert headings == names
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_every_metric_is_in_the_docs_and_the_other_way_round(told: Scraped) -> None:
    """The table of metrics is what people search for."""
    rows = re.findall(r"^\| `((?:execution|grpc_server)_\w+)` \| (\w+) \|([^|]*)\|", OPERATIONS, re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    exposed: dict[str, tuple[str, set[str]]] = {}
    for name, family in told.families.items():
        if not name.startswith("process_"):
            labels = {label for one in family.samples for label in one.labels} - {"le"}
            exposed[name + "_total" * (family.type == "counter")] = (family.type, labels)
    assert documented == exposed


def test_every_metric_is_on_the_dashboard(told: Scraped) -> None:
    """One that nobody looks at need not be counted."""
    shown = {selector.name for where, expression in expressions() for selector in selectors(expression)}
    bare = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in shown if name}
    assert {name for name in told.families if not name.startswith("process_")} == {
        name for name in bare if not name.startswith("process_")
    }
