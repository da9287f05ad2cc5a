"""Models made elsewhere: the only way in for joblib and pickle files. This process never opens one.

`convert` hands a folder in the seed's layout to a process of its own (`worker`) and takes back one line of
JSON and the bytes of a booster, both checked here:

    xgboost_model.joblib      an XGBClassifier, a Booster, or a Pipeline that ends in an XGBClassifier;
                              also .pkl, and boosters as .ubj or .json
    feature_engineer.joblib   optional: a fitted ColumnTransformer, Pipeline, FeatureUnion, one transformer,
                              a list of columns, or a dict of encoders, imputer and scaler
    feature_selector.joblib   optional: a fitted selector, or a list of names to keep
    performance.json          optional, read by `metadata`
    dataset_metadata.json     optional, read by `metadata`

What stands between a hostile file and the machine, in this order:

1.  Nothing of the stream is ever called (`pickles`): names are compared with an allow list of exact pairs,
    objects become records, and whatever is not on the list is told by its name and refused.
2.  The process has its own network namespace, a system call filter without sockets, new processes and writing,
    limits on memory, CPU and time, an empty folder, and none of our environment (`walls`, which says
    where each one holds; those that stood are in the bundle's provenance).
3.  Its answer is data of a known shape, or it is refused.

With `trust` the operator vouches for a file by its sha256. Only then may a file that step 1 refused be loaded by
the full unpickler, from the very bytes that were hashed, still behind step 2.

The features that come out are `{"format": 1, "kind": "native", …}`: the recipe that `vigie.models.imported_pipeline`
describes and applies. Engineers of classes that are not in scikit-learn stay refused, trusted or not, because
nothing can say in JSON what their code does.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from vigie.bundles.bundle import Bundle
from vigie.errors import ForeignModelRefused, NotFound, UsageRefused
from vigie.extras import require
from vigie.importer import metadata as legacy_metadata
from vigie.importer import worker_response

_ROLES = {"model": "xgboost_model", "engineer": "feature_engineer", "selector": "feature_selector"}
_PICKLES = (".joblib", ".pkl", ".pickle")
_BOOSTERS = (".ubj", ".json")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from vigie.importer.worker import main; main()"
)


@dataclass(frozen=True)
class Limits:
    """What opening a foreign model may cost; sizes in bytes, times in seconds."""

    file_bytes: int = 512 * 1024**2
    memory_bytes: int = 3 * 1024**3
    output_bytes: int = 288 * 1024**2
    cpu_seconds: int = 120
    wall_seconds: float = 180.0


def convert(
    directory: Path,
    *,
    name: str,
    version: str = "",
    trust: frozenset[str] = frozenset(),
    limits: Limits | None = None,
) -> Bundle:
    """A bundle of the model in `directory`; on one machine the same files always give the same bundle.

    Args:
        directory: a folder in the layout of the module docstring.
        name: what the bundle will be called.
        version: its version; by default made of the files' digests.
        trust: sha256 of files that may be loaded by the full unpickler, in lower-case hexadecimal.
        limits: what the conversion may cost.

    Raises:
        ForeignModelRefused: a file that is damaged, names what is not on the list, or cannot be expressed.
        NotFound: no model in the folder.
        UsageRefused: something in `trust` is not a sha256.
    """
    limits = limits or Limits()
    if any(not _DIGEST.fullmatch(digest) for digest in trust):
        raise UsageRefused("trust: expected sha256 digests, 64 lower-case hexadecimal digits each")
    if trust:
        require("joblib", "loading a trusted file")
    files = _files(directory)
    digests = {path.name: _digest(path, limits) for path in files.values()}
    metadata = legacy_metadata.read(directory)
    raw = _run(_request(files, metadata.columns, trust, limits), limits)
    answer = worker_response.read(raw, model=files["model"].name, trust=trust)
    for file, digest in digests.items():
        if answer.digests.get(file) != digest:
            found = "bytes that changed while they were read"
            raise ForeignModelRefused(
                file, found=found, hint="import again when nothing writes to the folder"
            )
    return _bundle(name, version, answer, metadata, {**digests, **metadata.digests})


def _bundle(
    name: str,
    version: str,
    answer: worker_response.Answer,
    metadata: legacy_metadata.Metadata,
    digests: dict[str, str],
) -> Bundle:
    fingerprint = sha256("".join(f"{file}:{digests[file]}\n" for file in sorted(digests)).encode())
    provenance = {
        "source": "import",
        "files": digests,
        "trusted": answer.trusted,
        "walls": answer.walls,
        "libraries": {"xgboost": answer.xgboost},
    }
    return Bundle(
        name=name,
        version=version or f"import-{fingerprint.hexdigest()[:16]}",
        booster=answer.booster,
        features=answer.recipe,
        calibration={"format": 1, "kind": "none"},
        performance=metadata.performance,
        profile={**metadata.profile(answer.recipe), "provenance": provenance},
    )


def _request(
    files: dict[str, Path], columns: list[str] | None, trust: frozenset[str], limits: Limits
) -> dict[str, Any]:
    return {
        "files": {role: str(path.absolute()) for role, path in files.items()},  # links keep their own names
        "trust": sorted(trust),
        "columns": columns,
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "output_bytes": limits.output_bytes,
        },
    }


def _files(directory: Path) -> dict[str, Path]:
    """Role -> file; the seed's names first, then the only file that can be a model."""
    if not directory.is_dir():
        raise NotFound("folder", directory.name)
    found: dict[str, Path] = {}
    for role, stem in _ROLES.items():
        named = [
            directory / f"{stem}{suffix}" for suffix in _PICKLES + (_BOOSTERS if role == "model" else ())
        ]
        present = [path for path in named if path.is_file()]
        if present:
            found[role] = present[0]
    if "model" not in found:
        others = [
            path
            for path in sorted(directory.iterdir())
            if path.is_file()
            and (path.suffix in {*_PICKLES, ".ubj"} or path.name == "model.json")
            and path.stem not in _ROLES.values()
        ]
        if len(others) != 1:
            told = ", ".join(path.name for path in others[:5]) or "nothing that can be a model"
            raise NotFound(
                "model", directory.name, hint=f"name it xgboost_model.joblib; the folder has {told}"
            )
        found["model"] = others[0]
    return found


def _digest(path: Path, limits: Limits) -> str:
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise ForeignModelRefused(
            path.name,
            found=f"{size:,} bytes",
            expected=f"at most {limits.file_bytes:,}",
            hint="save it smaller",
        )
    hashed = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            hashed.update(chunk)
    return hashed.hexdigest()


def _run(request: dict[str, Any], limits: Limits) -> worker_response.Raw:
    """Starts the worker in an empty folder with a clean environment, and waits no longer than allowed."""
    paths = json.dumps([path for path in sys.path if os.path.isabs(path)])
    with tempfile.TemporaryDirectory(prefix="vigie-import-") as empty, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
            [sys.executable, "-I", "-B", "-W", "ignore", "-c", _START, paths],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env=_environment(empty),
            start_new_session=True,
        )
        late = False
        try:
            process.communicate(json.dumps(request).encode(), timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            if process.returncode is None:
                _end(process)
        return worker_response.Raw(_read(output, limits.output_bytes), process.returncode, late)


def _environment(folder: str) -> dict[str, str]:
    """No variable of ours is handed on: no credential, no proxy, no path of a home."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", **one}


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(output: IO[bytes], most: int) -> bytes:
    output.seek(0)
    data = output.read(most + 1)
    return data if len(data) <= most else b""
