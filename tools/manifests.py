"""
Writes what the Helm chart makes into ``deploy/kustomize``, for those who use kustomize.

The chart is the one place where the manifests are written. ``make manifests`` runs this.
"""

from __future__ import annotations

import subprocess
from typing import Final

from tools.go_tools import ROOT, built

CHART: Final = ROOT / "deploy/helm/execution"
OLDEST: Final = "1.27"
"""The oldest Kubernetes that the chart takes: what it gets, every later one takes too."""
STORE: Final = "store.existingSecret=execution-store"
BASES: Final = {
    ROOT / "deploy/kustomize/base/execution.yaml": (STORE, "tls.existingSecret=execution-tls"),
    ROOT / "deploy/kustomize/base-in-a-mesh/execution.yaml": (STORE, "allowPlaintext=true"),
}
"""Each file with the values that it is made of. The Secrets are the overlay's."""
HEADER: Final = "# Made of deploy/helm/execution by `make manifests`.\n"


def rendered(*values: str, kubernetes: str = OLDEST) -> str:
    """
    What the chart makes of *values* (``key=value``) for a version of Kubernetes.

    Raises:
        FileNotFoundError: there is no Go on this machine, to build Helm with.
        CalledProcessError: the chart refuses the values; its ``stderr`` says why.
    """
    given = [word for value in values for word in ("--set", value)]
    command = [str(built("helm")), "template", "execution", str(CHART), "--kube-version", kubernetes, *given]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    for file, made_of in BASES.items():
        file.write_text(HEADER + rendered(*made_of))
