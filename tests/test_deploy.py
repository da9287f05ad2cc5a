"""What is deployed: the image's own steps run as a user without rights, and files that say what the program knows.

No container engine is needed or used; `make check-deploy` also runs linters over these files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.waiting import LIMIT

from vigie import __version__
from vigie.cli.commands import cli

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
STARTERS = [ROOT / "Procfile", ROOT / "railway.json", ROOT / "deploy" / "image" / "start.sh", *UNITS]
Image = tuple[Path, Path, dict[str, str], int | None]
"""The folder that is copied, the one around it, the environment and the user of what runs there."""

IMAGE_LIMIT_MB = 475
"""Of the folder that is copied: the base image takes another 125 of the 600."""


@pytest.mark.parametrize("file", STARTERS, ids=lambda path: path.name)
def test_every_command_and_option_exists(file: Path) -> None:
    """What a platform starts is a command of this program, with options it has."""
    calls = re.findall(
        r"(?:^|[\s\"/])vigie ((?:[a-z]+ ?)+)((?:--[a-z-]+[ =]?[^\s\"-]*\s?)*)", file.read_text()
    )
    assert calls
    for words, options in calls:
        command: Any = cli
        for word in words.split():
            assert word in command.commands, f"{file.name}: vigie {words}"
            command = command.commands[word]
        known = {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        assert set(re.findall(r"--[a-z-]+", options)) <= known, f"{file.name}: vigie {words}{options}"


def test_every_setting_exists() -> None:
    """A variable without a reader would be set in vain."""
    read = "".join(path.read_text() for path in (ROOT / "src" / "vigie").rglob("*.py"))
    read += (ROOT / "deploy" / "image" / "start.sh").read_text()
    files = [ROOT / "compose.yaml", ROOT / "Dockerfile", *MANIFESTS, *(ROOT / "deploy" / "systemd").iterdir()]
    named = {name for file in files for name in re.findall(r"\bVIGIE_[A-Z_]+\b", file.read_text())}
    unknown = {name for name in named if name not in read} - {"VIGIE_STORE_KEY"}  # of the compose file itself
    assert not unknown


def test_compose_starts_in_order() -> None:
    """Web and worker wait for the setup, the setup for database and store; one image, no port to the outside."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
        assert services[name]["read_only"] is True
    assert set(services["setup"]["depends_on"]) == {"database", "store"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]
    served = services["store"]["command"]
    endpoint = services["web"]["environment"]["AWS_ENDPOINT_URL_S3"]
    assert f"-s3.port={endpoint.rpartition(':')[2]}" in served


@pytest.mark.parametrize("name", ["railway.json", "deploy/railway.worker.json"])
def test_railway_builds_the_image_and_starts_it(name: str) -> None:
    """Both services are built of one file and started by the script in the image."""
    found = json.loads((ROOT / name).read_text())
    assert found["build"] == {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}
    program = found["deploy"]["startCommand"].split()[1]
    assert re.search(
        rf"COPY .*{Path(program).name}.* {Path(program).parent}/", (ROOT / "Dockerfile").read_text()
    )


def test_a_change_of_the_code_rebuilds_no_dependency() -> None:
    """The dependencies are installed before the code is copied, and the image takes them as a layer of their own."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    installed = lines.index("RUN sh deploy/image/install.sh /opt/vigie dependencies")
    assert (
        installed
        < lines.index("COPY . .")
        < lines.index("RUN sh deploy/image/install.sh /opt/vigie vigie /code")
    )
    copied = [line for line in lines if line.startswith("COPY --from=")]
    assert copied == ["COPY --from=dependencies /opt/vigie /opt/vigie", "COPY --from=code /code /opt/vigie"]


def test_the_setup_job_can_be_applied_again() -> None:
    """A Job never changes: its name and its image have the version of the program."""
    job = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "setup.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert job["metadata"]["name"] == f"vigie-setup-{__version__}"
    assert container["image"] == f"vigie:{__version__}"


def test_every_container_has_a_limit_and_a_probe() -> None:
    """Of memory in Compose; of life in Kubernetes, also for the worker."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert all(service.get("mem_limit") for service in services.values())
    assert all("size=" in mount for name in ("web", "worker", "setup") for mount in services[name]["tmpfs"])
    documents = [document for file in MANIFESTS for document in yaml.safe_load_all(file.read_text())]
    pods = [one["spec"]["template"]["spec"] for one in documents if one["kind"] == "Deployment"]
    assert all("livenessProbe" in pod["containers"][0] for pod in pods)


def test_pods_have_no_rights() -> None:
    """Not root, nothing writable but two folders, no capabilities, and probes of the paths that exist."""
    documents = [document for file in MANIFESTS for document in yaml.safe_load_all(file.read_text())]
    pods = [one["spec"]["template"]["spec"] for one in documents if one["kind"] in {"Deployment", "Job"}]
    assert len(pods) == 3
    for pod in pods:
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}


def run(command: list[object], *, cwd: Path, env: dict[str, str], user: int | None = None) -> str:
    """Its stdout; shows stderr where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        user=user,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def unprivileged_user() -> tuple[int | None, str]:
    """A user without rights, and a Python that they may start; where none can be had, ourselves."""
    if os.getuid():
        return None, sys.executable
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        with suppress(OSError):
            probe = [python, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(probe, user=65534, capture_output=True, cwd="/").returncode == 0:
                return 65534, python
    print("\nno Python that others may start: the image's steps run as root", file=sys.__stderr__)
    return None, sys.executable


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The folder the image copies, made by the image's own step in a copy of what it copies, by a user without rights."""
    # Not pytest's own folder, which others may not enter
    place = Path(tempfile.mkdtemp(prefix="vigie-image-"))
    place.chmod(0o755)
    source = place / "src"
    for name in ("src/vigie", "deploy"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "requirements").mkdir()
    for name in (
        "requirements/run.txt",
        "LICENSE",
        "NOTICE",
        "README.md",
        "pyproject.toml",
        "hatch_build.py",
    ):
        shutil.copy(ROOT / name, source / name)
    user, interpreter = unprivileged_user()
    if user is not None:
        for path in (place, *place.rglob("*")):
            os.chown(path, user, user)
    keep = ("PATH", "LANG", "http_proxy", "https_proxy", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "SSL_CERT_FILE")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    env |= {"HOME": str(place), "PYTHON": interpreter, "VIGIE_HOME": str(place / "data"), "COLUMNS": "100"}
    run(["sh", "deploy/image/install.sh", place / "opt"], cwd=source, env=env, user=user)
    yield place / "opt", place, env, user
    shutil.rmtree(place)


@pytest.mark.slow
def test_the_images_own_steps(image: Image, tmp_path: Path) -> None:
    """One test, so that the folder, which takes a minute, is made once however many processes run the tests."""
    scores_and_is_in_order(image)
    serves(image)
    wheel_and_sdist_install_alone(image, tmp_path)


def scores_and_is_in_order(image: Image) -> None:
    """Small enough, and it scores the example and finds itself in order, as a user without rights."""
    opt, place, env, user = image
    megabytes = sum(path.lstat().st_size for path in opt.rglob("*") if not path.is_symlink()) / 1e6
    assert megabytes < IMAGE_LIMIT_MB
    assert not list(opt.glob("lib/*/site-packages/pip"))
    example = ROOT / "examples" / "mobile_money_fr.csv"
    shutil.copy(example, place / "example.csv")
    (place / "example.csv").chmod(0o644)
    run([opt / "bin/vigie", "predict", "example.csv", "-o", "out.csv"], cwd=place, env=env, user=user)
    assert len((place / "out.csv").read_text().splitlines()) == len(example.read_text().splitlines())
    found = json.loads(run([opt / "bin/vigie", "doctor", "--json"], cwd=place, env=env, user=user))
    assert {one["state"] for one in found} == {"good"}


def serves(image: Image) -> None:
    """Started by its own script: first the setup, which makes a secret, then the web app, alive and ready."""
    opt, place, env, user = image
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = ["sh", str(place / "src" / "deploy" / "image" / "start.sh")]
    env = {
        **env,
        "PATH": f"{opt}/bin:{env['PATH']}",
        "VIGIE_HOME": str(place / "served"),
        "VIGIE_SECRET_FILE": str(place / "secret"),
        "VIGIE_MODELS_URL": str(place / "bucket"),
        "VIGIE_PRODUCTION": "yes",
        "VIGIE_PROCESSES": "1",
        "PORT": str(port),
    }
    reported = run([*start, "setup"], cwd=place, env=env, user=user)
    assert "✓ models" in reported
    assert (place / "secret").stat().st_mode & 0o077 == 0
    server = subprocess.Popen(
        [*start, "web"],
        cwd=place,
        env=env,
        user=user,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert answer(port, "/healthz", server) == {"status": "ok"}
        assert answer(port, "/readyz", server) == {"status": "ready"}
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.communicate(timeout=LIMIT)


def answer(port: int, path: str, server: subprocess.Popen[str]) -> Any:
    """What the server says there, once it says anything."""
    deadline = time.monotonic() + LIMIT
    while True:
        assert server.poll() is None, server.communicate()[1]
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=LIMIT)) as connection:
                connection.request("GET", path)
                return json.loads(connection.getresponse().read())
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def wheel_and_sdist_install_alone(image: Image, tmp_path: Path) -> None:
    """Both are built, hold what they should and no more; the wheel scores the example beside nothing but its dependencies."""
    opt, _, env, _ = image
    run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", ROOT],
        cwd=tmp_path,
        env={**env, "HOME": str(tmp_path)},
    )
    (wheel,), (sdist,) = (tmp_path / "dist").glob("*.whl"), (tmp_path / "dist").glob("*.tar.gz")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {"vigie/py.typed", "vigie/costs/prices.json", "vigie/starter_models/models/index.json"} <= packed
    assert not [name for name in packed if not name.startswith(("vigie/", "vigie-"))]
    assert "vigie/cli/example/mobile_money_fr.csv" in packed
    name = next(name for name in packed if name.endswith(".dist-info/METADATA"))
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    assert not re.search(r"\]\((?!https?:|#)", metadata), (
        "a relative link or image, which an index cannot show"
    )
    assert "Author: the Vigie developers" in metadata
    assert "Project-URL" not in metadata
    assert 'pip install "vigie[all]"' in metadata
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert tops <= {
        "src",
        "tests",
        "docs",
        "examples",
        "LICENSE",
        "NOTICE",
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
        "hatch_build.py",
        "PKG-INFO",
        ".gitignore",
    }
    clean = tmp_path / "clean"
    # With the Python of the image, whose dependencies are used
    run([unprivileged_user()[1], "-m", "venv", "--without-pip", clean], cwd=tmp_path, env=env)
    site = next(clean.glob("lib/*/site-packages"))
    pip = [sys.executable, "-m", "pip", "--python", clean / "bin/python", "install", "--quiet", "--no-deps"]
    run([*pip, "--no-index", wheel], cwd=tmp_path, env=env)
    # Its dependencies, as installed by hash beside; its own files come first, and are looked for
    (site / "dependencies.pth").write_text(str(next(opt.glob("lib/*/site-packages"))))
    env = {**env, "VIGIE_HOME": str(tmp_path / "home")}
    where = run([clean / "bin/python", "-c", "import vigie; print(vigie.__file__)"], cwd=tmp_path, env=env)
    assert Path(where.strip()).is_relative_to(clean)
    example = ROOT / "examples" / "mobile_money_fr.csv"
    run([clean / "bin/vigie", "predict", example, "-o", "out.csv"], cwd=tmp_path, env=env)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == len(example.read_text().splitlines())
