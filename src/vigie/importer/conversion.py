"""Imports third-party models from joblib and pickle files, which this process never opens.

`convert` passes a folder to a process of its own (`worker`) and validates its response, a line of JSON and the bytes of a
booster:

    xgboost_model.joblib      a fitted classifier (`booster.CLASSES`), or a Pipeline that ends in one; also .pkl, and
                              boosters of XGBoost as .ubj or .json, of LightGBM as .txt
    feature_engineer.joblib   optional: a fitted ColumnTransformer, Pipeline, FeatureUnion, one transformer,
                              a list of columns, or a dict of encoders, imputer and scaler
    feature_selector.joblib   optional: a fitted selector, or a list of names to keep
    performance.json          optional, read by `metadata`
    dataset_metadata.json     optional, read by `metadata`

Protection against hostile files:

1.  Nothing in a file is called (`pickle_reader`): names are compared with an allow list, objects become records, and a file
    with any other name is refused.
2.  The process has its own network namespace, a list of the system calls that it may make, read access to the libraries and the
    model's files alone, limits on memory, CPU and time, an empty folder and an empty environment (`sandbox`). The protections that were in force are in the
    bundle's provenance.
3.  The response is refused unless it has the expected shape (`worker_response`).

With `trust` the operator vouches for a file by its SHA-256. Only then is a file that step 1 refused loaded by the full
unpickler, from the bytes that were hashed, still in the sandbox; where the kernel lacks a part of it, `trust` is refused.

The bundle's features are the JSON steps that `vigie.models.imported_pipeline` applies. Engineers of classes outside
scikit-learn are refused, trusted or not, because their code cannot be converted.
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
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any

from vigie.bundles.bundle import Bundle
from vigie.errors import ForeignModelRefused, NotFound, UsageRefused
from vigie.extras import require
from vigie.importer.metadata import Metadata, read_metadata
from vigie.importer.worker_response import WorkerOutput, WorkerResponse, parse_response

_STEMS = {"model": "xgboost_model", "engineer": "feature_engineer", "selector": "feature_selector"}
_PICKLES = (".joblib", ".pkl", ".pickle")
_BOOSTERS = (".ubj", ".json", ".txt")
_CONVERSION = 4
"""Part of every version: raised when the same files give other bytes, since a registered version never changes."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from vigie.importer.worker import main; main()"
)


@dataclass(frozen=True)
class Limits:
    """Limits of an import; sizes in bytes, times in seconds."""

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
    """Convert the model in `directory` to a bundle; on one machine the same files give the same bundle.

    Args:
        directory: a folder in the layout of the module docstring.
        name: name of the bundle.
        version: its version; by default made of the files' digests.
        trust: SHA-256 of files that may be loaded by the full unpickler, in lower-case hexadecimal.
        limits: limits of the conversion.

    Raises:
        ForeignModelRefused: a file is damaged, uses a name that is not allowed, or cannot be converted exactly.
        NotFound: there is no model in the folder.
        UsageRefused: `trust` has something other than a SHA-256.
    """
    limits = limits or Limits()
    if any(not _DIGEST.fullmatch(digest) for digest in trust):
        raise UsageRefused("trust: expected sha256 digests, 64 lower-case hexadecimal digits each")
    if trust:
        require("joblib", "loading a trusted file")
    files = _find_files(directory)
    digests = {path.name: _digest(path, limits) for path in files.values()}
    metadata = read_metadata(directory)
    output = _run_worker(_request(files, metadata, trust, limits), limits)
    response = parse_response(output, model=files["model"].name, trust=trust)
    for file, digest in digests.items():
        if response.digests.get(file) != digest:
            found = "bytes that changed while they were read"
            raise ForeignModelRefused(
                file, found=found, hint="import again when nothing writes to the folder"
            )
    return _bundle(name, version, response, metadata, {**digests, **metadata.digests})


def _bundle(
    name: str,
    version: str,
    response: WorkerResponse,
    metadata: Metadata,
    digests: dict[str, str],
) -> Bundle:
    listed = "".join(f"{file}:{digests[file]}\n" for file in sorted(digests))
    fingerprint = sha256(f"{_CONVERSION}\n{listed}".encode())
    provenance = {
        "source": "import",
        "files": digests,
        "trusted": response.trusted,
        "walls": response.protections,
        "libraries": {"xgboost": response.xgboost},
    }
    return Bundle(
        name=name,
        version=version or f"import-{fingerprint.hexdigest()[:16]}",
        booster=response.booster,
        features=response.features,
        calibration={"format": 1, "kind": "none"},
        performance=metadata.performance,
        profile={**metadata.profile(response.features), "provenance": provenance},
    )


def _request(
    files: dict[str, Path], metadata: Metadata, trust: frozenset[str], limits: Limits
) -> dict[str, Any]:
    return {
        "files": {role: str(path.absolute()) for role, path in files.items()},  # links keep their own names
        "trust": sorted(trust),
        "columns": metadata.columns,
        "fraud_class": metadata.fraud_class,
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "output_bytes": limits.output_bytes,
        },
    }


def holds_model(names: Iterable[str]) -> bool:
    """Return whether a folder with files of these names may hold a third-party model."""
    return any(map(_may_be_model, names))


def _may_be_model(name: str) -> bool:
    """Return whether a file may be the model of its folder: by its name, or as a pickle that is no other part."""
    path = Path(name)
    if path.stem in _STEMS.values():
        return path.stem == _STEMS["model"]
    return path.suffix in {*_PICKLES, ".ubj"} or name in {"model.json", "model.txt"}


def _find_files(directory: Path) -> dict[str, Path]:
    """Return role -> file: by the usual names, or for the model the only file that can be one."""
    if not directory.is_dir():
        raise NotFound("folder", directory.name)
    found: dict[str, Path] = {}
    for role, stem in _STEMS.items():
        named = [
            directory / f"{stem}{suffix}" for suffix in _PICKLES + (_BOOSTERS if role == "model" else ())
        ]
        present = [path for path in named if path.is_file()]
        if present:
            found[role] = present[0]
    if "model" not in found:
        others = [path for path in sorted(directory.iterdir()) if path.is_file() and _may_be_model(path.name)]
        if len(others) != 1:
            listed = ", ".join(path.name for path in others[:5]) or "nothing that can be a model"
            raise NotFound(
                "model", directory.name, hint=f"name it xgboost_model.joblib; the folder has {listed}"
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
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _run_worker(request: dict[str, Any], limits: Limits) -> WorkerOutput:
    """Run the worker in an empty folder with an empty environment; kill it after the time limit."""
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
        timed_out = False
        try:
            process.communicate(json.dumps(request).encode(), timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            if process.returncode is None:
                _kill(process)
        return WorkerOutput(_read(output, limits.output_bytes), process.returncode, timed_out)


def _environment(folder: str) -> dict[str, str]:
    """Return the worker's environment, which has no variable of this process."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", **one}


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(output: IO[bytes], limit: int) -> bytes:
    output.seek(0)
    data = output.read(limit + 1)
    return data if len(data) <= limit else b""
