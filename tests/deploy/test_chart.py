"""The Helm chart makes what Kubernetes takes, in every version that it says it is for, and what the server needs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from execution_server.config_table import SETTINGS
from execution_server.rpc.health import LIVENESS, READINESS

from tests.test_project import ROOT, manifest
from tools.manifests import BASES, CHART, HEADER, OLDEST, STORE, rendered

pytestmark = pytest.mark.usefixtures("helm")

VERSIONS: Final = (OLDEST, "1.29", "1.31", "1.33", "1.35", "1.37")
MESH: Final = (STORE, "allowPlaintext=true")
TLS: Final = (STORE, "tls.existingSecret=execution-tls")
EVERYTHING: Final = (
    *TLS,
    "tls.clients=true,callers.existingSecret=execution-callers",
    "networkPolicy.clients[0].namespaceSelector.matchLabels.team=blue",
    "networkPolicy.store[0].ipBlock.cidr=10.0.0.0/8",
    "metrics.enabled=true,metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.labels.release=prometheus",
    "metrics.readers[0].namespaceSelector.matchLabels.team=monitoring",
    "settings.max_inflight=1000000,settings.retention=24h,settings.reflection=on",
    "imagePullSecrets[0].name=registry,image.tag=0.1.1",
    "podAnnotations.a=b,podLabels.c=d,nodeSelector.e=f,priorityClassName=high",
    "tolerations[0].key=g,tolerations[0].operator=Exists",
    "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1,"
    "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey=x",
    "serviceAccount.annotations.h=i,service.annotations.j=k",
)
LEAST: Final = (
    "store.url=redis://store:6379/0,allowPlaintext=true",
    "autoscaling.enabled=false,podDisruptionBudget.enabled=false,networkPolicy.enabled=false",
    "resources=null",
)
CUSTOM: Final = "ServiceMonitor"
"""Of the Prometheus operator: Kubernetes itself does not know it, and has no schema for it."""
BY_THE_CHART: Final = {
    *("store_url", "store_url_file", "drain_delay", "drain_grace"),  # from other values
    *("allow_plaintext", "tls_certificate", "tls_key", "tls_client_ca", "tokens_file"),
    "metrics_listen",
    *("require_store_url", "data_dir", "appendfsync"),  # of an embedded store, which no pod has
    "ready_file",  # its root cannot be written to
    "tracing",  # the image is without the extra that it needs
}
"""Settings that nobody gives the chart under ``settings``."""


def objects(*values: str, kubernetes: str = OLDEST) -> list[dict[str, Any]]:
    """What the chart makes."""
    return [one for one in yaml.safe_load_all(rendered(*values, kubernetes=kubernetes)) if one]


def of_kind(kind: str, *values: str) -> dict[str, Any]:
    """The one object of *kind* that the chart makes."""
    (found,) = [one for one in objects(*values) if one["kind"] == kind]
    return found


def pod(*values: str) -> dict[str, Any]:
    """The spec of its pods."""
    spec: dict[str, Any] = of_kind("Deployment", *values)["spec"]["template"]["spec"]
    return spec


def environment(*values: str) -> dict[str, str]:
    """The variables that the server is given."""
    return {one["name"]: one["value"] for one in pod(*values)["containers"][0]["env"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [TLS, MESH, EVERYTHING, LEAST], ids=["tls", "mesh", "everything", "least"])
def test_kubernetes_takes_every_manifest(values: tuple[str, ...], version: str) -> None:
    """Field by field, against the schema of that version: a field that it does not know is an error."""
    made = objects(*values, kubernetes=version)
    assert {"Deployment", "Service", "ServiceAccount"} <= {one["kind"] for one in made}
    for one in made:
        if one["kind"] != CUSTOM:
            kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_seen() -> None:
    """The test above is worth nothing if it takes everything."""
    deployment = of_kind("Deployment", *MESH)
    deployment["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["grpc"]["servce"] = "liveness"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, OLDEST, strict=True)


def test_helm_finds_nothing_to_complain_about(helm: Path) -> None:
    """What it calls a bad habit is an error here."""
    command = [str(helm), "lint", "--strict", "--kube-version", OLDEST, str(CHART), "--set", ",".join(MESH)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", BASES, ids=[file.parent.name for file in BASES])
def test_the_kustomize_bases_are_what_the_chart_makes(file: Path) -> None:
    """One place where the manifests are written; after a change of the chart, `make manifests`."""
    assert file.read_text() == HEADER + rendered(*BASES[file])
    assert yaml.safe_load((file.parent / "kustomization.yaml").read_text())["resources"] == [file.name]


def test_the_example_of_an_overlay_can_be_built(tmp_path: Path) -> None:
    """With the Secret that it makes where the pods look for it. It needs kubectl, in CI too."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is missing, which has kustomize in it")
    shutil.copytree(CHART.parents[1] / "kustomize", tmp_path, dirs_exist_ok=True)
    (tmp_path / "example/store-url").write_text("redis://:hunter2@store:6379/0")
    command = [kubectl, "kustomize", str(tmp_path / "example")]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    objects_by_kind = {one["kind"]: one for one in yaml.safe_load_all(made)}
    assert {one["metadata"]["namespace"] for one in objects_by_kind.values()} == {"execution"}
    secret = objects_by_kind["Secret"]["metadata"]["name"]
    volumes = objects_by_kind["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert [one["secret"]["secretName"] for one in volumes] == [secret, "execution-tls"]


def test_probes_ask_what_the_server_answers() -> None:
    """Live is the process alone: a store that is away would else have all pods started again."""
    (server,) = pod(*MESH)["containers"]
    (port,) = [one["containerPort"] for one in server["ports"] if one["name"] == "grpc"]
    probes = {name: server[f"{name}Probe"]["grpc"] for name in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"port": port, "service": LIVENESS},
        "liveness": {"port": port, "service": LIVENESS},
        "readiness": {"port": port, "service": "croco.execution.v1.ExecutionService"},
    }
    assert probes["readiness"]["service"] in READINESS
    assert f"EXPOSE {port}\n" in (ROOT / "Dockerfile").read_text()


def test_with_tls_probes_are_the_servers_own_command() -> None:
    """Those of Kubernetes speak none before version 1.37."""
    (server,) = pod(*TLS)["containers"]
    asked = {name: server[f"{name}Probe"]["exec"]["command"] for name in ("startup", "liveness", "readiness")}
    health = ["execution-server", "health", "--service"]
    assert asked["startup"] == asked["liveness"] == [*health, LIVENESS]
    assert asked["readiness"] == [*health, "croco.execution.v1.ExecutionService"]


def test_secrets_are_mounted_where_the_server_looks_for_them() -> None:
    """As files, which it reads again when they are replaced."""
    spec = pod(*EVERYTHING)
    mounts = {one["name"]: one["mountPath"] for one in spec["containers"][0]["volumeMounts"]}
    files = {
        f"{mounts[volume['name']]}/{item['path']}"
        for volume in spec["volumes"]
        for item in volume["secret"].get("items", [{"path": f"tls.{one}"} for one in ("crt", "key")])
    }
    given = environment(*EVERYTHING)
    names = ("STORE_URL_FILE", "TLS_CERTIFICATE", "TLS_KEY", "TOKENS_FILE")
    assert {given[f"EXECUTION_{name}"] for name in names} == files
    assert given["EXECUTION_TLS_CLIENT_CA"] == f"{mounts['tls']}/ca.crt"


@pytest.mark.parametrize("grace", [0, 20, 600])
def test_a_pod_is_given_the_time_that_its_server_takes_to_stop(grace: int) -> None:
    """Else it is killed in the middle of calls that it had promised to finish."""
    values = (
        *MESH,
        f"shutdown.preStopSeconds=7,shutdown.drainDelaySeconds=3,shutdown.drainGraceSeconds={grace}",
    )
    spec = pod(*values)
    assert spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "7"]
    given = environment(*values)
    assert (given["EXECUTION_DRAIN_DELAY"], given["EXECUTION_DRAIN_GRACE"]) == ("3s", f"{grace}s")
    assert spec["terminationGracePeriodSeconds"] == 7 + 3 + grace + 10


def test_pods_have_no_privileges() -> None:
    """What the restricted Pod Security Standard asks for, and a root that cannot be written to."""
    spec = pod(*MESH)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_url_of_the_store_is_in_no_manifest_but_a_secret() -> None:
    """It holds a password, which a Deployment shows to whoever may list pods."""
    made = objects("store.url=redis://:hunter2@store:6379/0,allowPlaintext=true")
    assert [one["kind"] for one in made if "hunter2" in json.dumps(one)] == ["Secret"]
    (mount,) = pod(*MESH)["containers"][0]["volumeMounts"]
    assert environment(*MESH)["EXECUTION_STORE_URL_FILE"] == f"{mount['mountPath']}/url"


def test_prometheus_reads_each_pod_once() -> None:
    """Two Services lead to the same pods; what is read twice is counted twice."""
    selector = of_kind("ServiceMonitor", *EVERYTHING)["spec"]["selector"]["matchLabels"].items()
    services = [one for one in objects(*EVERYTHING) if one["kind"] == "Service"]
    found = [one for one in services if selector <= one["metadata"]["labels"].items()]
    assert [one["metadata"]["name"] for one in found] == ["execution-headless"]
    (port,) = [one["port"] for one in found[0]["spec"]["ports"] if one["name"] == "metrics"]
    assert environment(*EVERYTHING)["EXECUTION_METRICS_LISTEN"] == f"0.0.0.0:{port}"


def test_both_services_lead_to_the_pods() -> None:
    """One address for all; and all addresses, for clients that spread their calls."""
    made = objects(*MESH)
    services = {one["metadata"]["name"]: one["spec"] for one in made if one["kind"] == "Service"}
    labels = of_kind("Deployment", *MESH)["spec"]["template"]["metadata"]["labels"]
    assert [spec.get("clusterIP") for spec in services.values()] == [None, "None"]
    assert list(services) == ["execution", "execution-headless"]
    for spec in services.values():
        assert spec["selector"].items() <= labels.items()
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        spec = of_kind(kind, *MESH)["spec"]
        assert (spec.get("podSelector") or spec["selector"])["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (("allowPlaintext=true",), "store is not named"),
        ((STORE,), "would not be encrypted"),
        ((*MESH, "store.url=redis://store"), "both given"),
        ((*MESH, "settings.max_inflihgt=1"), "max_inflihgt"),
        ((*MESH, "settings.store_url=redis://store"), "store_url"),
        ((*MESH, "replica=3"), "replica"),
        ((*MESH, "metrics.serviceMonitor.enabled=true"), "nothing to read"),
    ],
)
def test_a_slip_is_refused_before_anything_is_installed(values: tuple[str, ...], why: str) -> None:
    """A setting with a slip in its name would else be one that has no effect."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        rendered(*values)
    assert why in refused.value.stderr


def test_every_setting_of_the_server_can_be_given() -> None:
    """A new one is added to values.schema.json, or to those that follow from other values."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    taken = schema["properties"]["settings"]["propertyNames"]["enum"]
    assert taken == [one.name for one in SETTINGS if not one.internal and one.name not in BY_THE_CHART]


def test_settings_become_variables() -> None:
    """As the server reads them."""
    assert (
        environment(*EVERYTHING).items()
        >= {
            "EXECUTION_MAX_INFLIGHT": "1000000",
            "EXECUTION_RETENTION": "24h",
            "EXECUTION_REFLECTION": "on",
        }.items()
    )
    known = {one.env for one in SETTINGS}
    assert set(environment(*EVERYTHING)) <= known


def test_the_chart_has_the_version_of_the_server() -> None:
    """They are released together, and the image of that version is the default."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == manifest(ROOT)["version"]
