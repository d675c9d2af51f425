"""The project's own files keep their promises: what the wheels hold, what `make` prints, what the tree must not."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "clients" / "python"


def wheel_files(project: Path, to: Path) -> set[str]:
    """The names of all files in the wheel of the distribution in folder *project*."""
    (wheel,) = WheelBuilder(str(project)).build(directory=str(to), versions=["standard"])
    with ZipFile(wheel) as opened:
        return set(opened.namelist())


def source_files(folder: Path, base: Path) -> set[str]:
    """All files under *folder* that Python did not make, as they are named relative to *base*."""
    return {
        path.relative_to(base).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def project_files() -> list[Path]:
    """All files of the repository: those in git and those that nothing keeps from being added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def manifest(project: Path) -> dict[str, Any]:
    """What the distribution in folder *project* says of itself."""
    return dict(tomllib.loads((project / "pyproject.toml").read_text())["project"])


def test_the_server_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    """A script or a type marker that is left out is only missed by those who install the wheel."""
    expected = source_files(ROOT / "server" / "execution_server", ROOT / "server")

    packed = wheel_files(ROOT, tmp_path)

    assert expected <= packed
    assert "execution_server/py.typed" in packed
    assert any(name.endswith(".lua") for name in packed)
    assert not any(name.startswith("croco/") for name in packed), "generated code has one owner, the client"


def test_the_client_wheel_holds_the_generated_code_and_the_client(tmp_path: Path) -> None:
    """Two distributions install from it: users who want stubs, and the server."""
    expected = source_files(CLIENT / "croco", CLIENT) | source_files(CLIENT / "execution_client", CLIENT)

    packed = wheel_files(CLIENT, tmp_path)

    assert expected <= packed
    assert {"croco/execution/v1/py.typed", "croco/execution/v1/execution_service_pb2_grpc.py"} <= packed
    assert "execution_client/py.typed" in packed
    assert not packed & {"croco/__init__.py", "croco/execution/__init__.py"}, "others may add to it"


def test_both_distributions_have_one_version() -> None:
    """They are released together, and the server asks for the client of its own release."""
    server, client = manifest(ROOT), manifest(CLIENT)

    assert server["version"] == client["version"]
    assert f"croco-execution-client=={client['version']}" in server["dependencies"]


def test_make_alone_describes_every_target() -> None:
    """A target that `make` does not print is one that nobody finds."""
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))

    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, check=True, text=True).stdout

    described = dict(re.findall(r"^  make (\S+) +(\S.*)$", printed, re.MULTILINE))
    assert described.keys() == targets
    assert {"setup", "serve", "test", "check", "generate"} <= targets


# In two parts each, so that this file does not name them.
MACHINE_PATHS = "|".join(("/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/"))
REGISTRY_HOSTS = "|".join(
    re.escape(host)
    for host in (
        "files.python" + "hosted.org",
        "pypi.org/" + "simple",
        "registry." + "npmjs.org",
        "registry." + "yarnpkg.com",
        "static." + "crates.io",
        "proxy." + "golang.org",
        "repo.maven." + "apache.org",
        "repo1." + "maven.org",
    )
)


@pytest.mark.parametrize(
    ("found_by", "why"),
    [
        (rf"(?<![\w.}}$-])(?:{MACHINE_PATHS})", "works on one machine only"),
        (REGISTRY_HOSTS, "fails behind a mirror: the ecosystem's own settings say where packages come from"),
    ],
    ids=["machine paths", "registry hosts"],
)
def test_no_file_names_one_machine_or_one_registry(found_by: str, why: str) -> None:
    """What is in the tree must work for everyone who clones it."""
    pattern = re.compile(found_by.encode())

    found = [str(path) for path in project_files() if pattern.search(path.read_bytes())]

    assert not found, why
