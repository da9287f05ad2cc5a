"""Import of third-party models: equal scores, and no code of a file runs."""

from __future__ import annotations

import importlib
import io
import json
import lzma
import operator
import os
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import AdaBoostClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    LabelEncoder,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from tests.waiting import LIMIT

from vigie import importer
from vigie.bundles import bundle
from vigie.errors import ForeignModelRefused, NotFound, UsageRefused
from vigie.importer import pickle_reader, pipeline_conversion, sandbox, sklearn_transformers
from vigie.importer.booster import from_bytes, from_fitted
from vigie.importer.decompression import Unreadable
from vigie.importer.landlock import LANDLOCK
from vigie.models import imported_pipeline

ROWS = 600


def _table(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1, ROWS)
    amount[rng.random(ROWS) < 0.1] = np.nan
    return pl.DataFrame(
        {
            "amount": amount,
            "hour": rng.integers(0, 24, ROWS),
            "country": rng.choice(["FR", "SN", "CI", "ML"], ROWS),
            "channel": rng.choice(["app", "ussd"], ROWS),
            "age": rng.normal(40, 10, ROWS),
        }
    )


@pytest.fixture(scope="module")
def label() -> np.ndarray:
    table = _table()
    score = (
        np.nan_to_num(np.log(table["amount"].to_numpy()), nan=5) + 2 * (table["country"] == "CI").to_numpy()
    )
    return (score + np.random.default_rng(1).normal(0, 1, ROWS) > 4.5).astype(int)


def _engineer() -> ColumnTransformer:
    numbers = Pipeline(
        [("fill", SimpleImputer(strategy="median", add_indicator=True)), ("scale", StandardScaler())]
    )
    return ColumnTransformer(
        [
            ("num", numbers, ["amount", "age"]),
            ("cat", OneHotEncoder(handle_unknown="ignore"), ["country"]),
            ("ord", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["channel"]),
        ],
        remainder="passthrough",
    )


def _classifier(**more: Any) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1, random_state=0, **more)


Made = tuple[Path, Callable[[pl.DataFrame], np.ndarray]]


@pytest.fixture(scope="module")
def seed_layout(tmp_path_factory: pytest.TempPathFactory, label: np.ndarray) -> Made:
    """The folder of a model of the first implementation."""
    folder, table = tmp_path_factory.mktemp("dataset1"), _table()
    engineer = _engineer().fit(table)
    selector = SelectKBest(f_classif, k=7).fit(engineer.transform(table), label)
    model = _classifier().fit(selector.transform(engineer.transform(table)), label)
    joblib.dump(model, folder / "xgboost_model.joblib")
    joblib.dump(engineer, folder / "feature_engineer.joblib", compress=3)
    joblib.dump(selector, folder / "feature_selector.joblib", compress=("lzma", 3))
    (folder / "performance.json").write_text(
        '{"training": {"roc_auc": 0.999}, "test": {"roc_auc": 0.91, "PR-AUC": 0.55, "f1": NaN, "auc": "high"}}'
    )
    (folder / "dataset_metadata.json").write_text(
        json.dumps({"domain": "mobile_money", "dataset": {"n_rows": ROWS, "fraud_rate": 0.3}})
    )
    return folder, lambda t: model.predict_proba(selector.transform(engineer.transform(t)))[:, 1]


def _score(made: bundle.Bundle, table: pl.DataFrame) -> np.ndarray:
    features = imported_pipeline.apply_steps(
        {name: table[name].to_numpy() for name in table.columns}, made.features
    )
    booster = xgboost.Booster(model_file=bytearray(made.booster))
    return np.asarray(booster.inplace_predict(features))


def test_the_layout_of_the_first_implementation(seed_layout: Made, tmp_path: Path) -> None:
    """The scores are equal on new rows with an unknown category; the protections are recorded."""
    folder, predict = seed_layout
    made = importer.convert(folder, name="dataset1")
    table = _table(7).with_columns(
        country=pl.Series(np.random.default_rng(3).choice(["FR", "XX", "CI"], ROWS))
    )
    np.testing.assert_allclose(_score(made, table), predict(table), rtol=1e-6)
    assert made.performance == {"roc_auc": 0.91, "average_precision": 0.55, "source": "declared"}
    assert made.profile["domain"] == "mobile_money"
    assert (made.profile["rows"], made.profile["prevalence"]) == (ROWS, 0.3)
    types = {column["name"]: column["type"] for column in made.profile["columns"]}
    assert types == {
        "amount": "number",
        "hour": "number",
        "country": "text",
        "channel": "text",
        "age": "number",
    }
    assert bundle.unpack(bundle.pack(made, created="2026-11-01")) == made
    origin = made.profile["provenance"]
    if sys.platform == "linux" and os.uname().machine == "x86_64":
        assert sandbox.FILTER in origin["walls"]
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert origin["files"] == files
    assert str(folder) not in json.dumps(made.profile)
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    assert made == importer.convert(tmp_path, name="dataset1"), "the same files give the same bundle"


def _folder(tmp_path: Path, label: np.ndarray, what: str) -> Callable[[pl.DataFrame], np.ndarray]:
    """Write another layout to `tmp_path` and return its scores."""
    table, numbers = _table(), ["age", "amount", "hour"]
    if what == "sparse pipeline":  # zeros of a sparse matrix are missing values to XGBoost
        sparse = ColumnTransformer([("cat", OneHotEncoder(), ["country", "channel", "hour"])])
        both = Pipeline([("engineer", sparse), ("model", _classifier())]).fit(table, label)
        joblib.dump(both, tmp_path / "pipeline.joblib")
        return lambda t: both.predict_proba(t)[:, 1]
    if what == "label encoders":
        encoders = {name: LabelEncoder().fit(table[name].to_numpy()) for name in ("country", "channel")}
        names = ["age", "country", "channel"]

        def matrix(t: pl.DataFrame) -> np.ndarray:
            coded = [encoders[n].transform(t[n].to_numpy()) for n in names[1:]]
            return np.column_stack([t["age"].to_numpy(), *coded])

        scaler = StandardScaler().fit(matrix(table))
        coded = _classifier().fit(scaler.transform(matrix(table)), label)
        saved = {"label_encoders": encoders, "scaler": scaler, "feature_names": names}
        joblib.dump(saved, tmp_path / "feature_engineer.joblib")
        joblib.dump({"model": coded}, tmp_path / "xgboost_model.pkl")
        return lambda t: coded.predict_proba(scaler.transform(matrix(t)))[:, 1]
    values = table.select(numbers).to_numpy()
    model = _classifier(early_stopping_rounds=2, missing=-1.0)
    filled = np.nan_to_num(values, nan=-1.0)
    model.fit(filled[:300], label[:300], eval_set=[(filled[300:], label[300:])], verbose=False)
    if what == "early stopping":
        joblib.dump(model, tmp_path / "xgboost_model.joblib")
        metadata = {"columns": [{"name": name} for name in [*numbers, "is_fraud"]], "target": "is_fraud"}
        (tmp_path / "dataset_metadata.json").write_text(json.dumps(metadata))
        return lambda t: model.predict_proba(np.nan_to_num(t.select(numbers).to_numpy(), nan=-1.0))[:, 1]
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1},
        xgboost.DMatrix(values, label, feature_names=numbers),
        num_boost_round=5,
    )
    if what == "booster in joblib":
        joblib.dump(booster, tmp_path / "xgboost_model.joblib")
    else:
        booster.save_model(tmp_path / f"xgboost_model.{what}")
    return lambda t: booster.predict(xgboost.DMatrix(t.select(numbers).to_numpy(), feature_names=numbers))


@pytest.mark.parametrize(
    "what", ["sparse pipeline", "label encoders", "early stopping", "booster in joblib", "ubj", "json"]
)
def test_other_layouts(tmp_path: Path, label: np.ndarray, what: str) -> None:
    """Pipelines, dicts of encoders, classifiers and single boosters give equal scores."""
    predict = _folder(tmp_path, label, what)
    fresh = _table(5)
    fresh = fresh.with_columns(amount=fresh["amount"].fill_nan(-1.0)) if what == "early stopping" else fresh
    made = importer.convert(tmp_path, name="m")
    np.testing.assert_allclose(_score(made, fresh), predict(fresh), rtol=1e-6)


class _Evil:
    """An object whose pickle calls `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def _dumped(value: Any) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


@pytest.mark.parametrize(
    "file", ["xgboost_model.joblib", "feature_engineer.joblib", "feature_selector.joblib"]
)
def test_a_hostile_file_is_refused(tmp_path: Path, seed_layout: Made, file: str) -> None:
    """In any role, behind an array and behind compression; the error has its name and digest."""
    canary, folder = tmp_path / "canary", tmp_path / "m"
    folder.mkdir()
    for path in seed_layout[0].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    data = lzma.compress(_dumped([np.arange(99.0), _Evil(os.system, f"touch {canary}")]))
    (folder / file).write_bytes(data)
    with pytest.raises(ForeignModelRefused, match=f"posix.system in {file}") as refused:
        importer.convert(folder, name="m")
    assert refused.value.names == ("posix.system",)
    assert "trusted or not" in refused.value.hint, "its class has no place in a pipeline"
    assert not canary.exists()


_SMALL = importer.Limits(cpu_seconds=1, wall_seconds=LIMIT)


def _convert_alone(
    tmp_path: Path, data: bytes, limits: importer.Limits, trust: bool = False
) -> ForeignModelRefused:
    (tmp_path / "xgboost_model.joblib").write_bytes(data)
    digests = frozenset({sha256(data).hexdigest()}) if trust else frozenset()
    with pytest.raises(ForeignModelRefused) as refused:
        importer.convert(tmp_path, name="m", limits=limits, trust=digests)
    return refused.value


def test_the_memory_limit(tmp_path: Path) -> None:
    """A megabyte that decompresses to two hundred."""
    zeros = b"B" + struct.pack("<I", 48 << 20) + bytes(48 << 20)
    small = importer.Limits(memory_bytes=200 * 1024**2)
    refused = _convert_alone(tmp_path, zlib.compress(b"\x80\x03(" + zeros * 4 + b"l.", 1), small)
    assert "memory" in refused.message or "more bytes" in refused.message


def test_the_cpu_limit(tmp_path: Path) -> None:
    """A tuple of tuples whose hash takes two to the power of sixty steps, without any call."""
    nested = b"\x80\x02)" + b"2\x86" * 60
    refused = _convert_alone(tmp_path, nested + b"0}" + nested[2:] + b"K\x01s.", _SMALL)
    assert "more time" in refused.message


def test_the_time_limit(tmp_path: Path) -> None:
    """A trusted file that sleeps."""
    sleepy = importer.Limits(wall_seconds=2.0)
    assert (
        "more time"
        in _convert_alone(tmp_path, _dumped(_Evil(time.sleep, 10 * LIMIT)), sleepy, trust=True).message
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of the kernel needs Linux")
@pytest.mark.parametrize("attempt", ["shell", "exec", "write", "remove", "connect", "signal"])
def test_trusted_code_runs_in_the_sandbox(tmp_path: Path, attempt: str) -> None:
    """It can use no process, file or network."""
    canary, kept = tmp_path / "canary", tmp_path / "kept"
    kept.write_text("here")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        evil = {
            "shell": _Evil(os.system, f"touch {canary}"),
            "exec": _Evil(subprocess.check_call, ["touch", str(canary)]),
            "write": _Evil(open, str(canary), "w"),
            "remove": _Evil(os.unlink, str(kept)),
            "connect": _Evil(socket.create_connection, server.getsockname()),
            "signal": _Evil(os.kill, os.getpid(), 0),
        }[attempt]
        refused = _convert_alone(tmp_path, _dumped(evil), importer.Limits(), trust=True)
        with pytest.raises(TimeoutError):
            server.accept()
    assert "PermissionError" in refused.message or attempt == "shell"
    assert not canary.exists()
    assert kept.read_text() == "here"


ESCAPES = """
import builtins, ctypes, fcntl, os, resource, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    if libc.syscall(*numbers) < 0:
        raise OSError(ctypes.get_errno(), "denied")
def signal_by_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(reader, 8, VICTIM); fcntl.fcntl(reader, 10, 9); fcntl.fcntl(reader, 4, 0o20000 | 0o4000)
def flags():
    file, kept = os.open(KEPT, os.O_RDONLY), bytearray(8)
    fcntl.ioctl(file, 0x80086601, kept); fcntl.ioctl(file, 0x40086602, bytes(kept))
def parent(name):
    return open(f"/proc/{os.getppid()}/{name}", "rb").read(1)
attempts = [
    signal_by_pipe, flags, lambda: parent("environ"), lambda: parent("mem"), lambda: parent("maps"),
    lambda: os.setpriority(os.PRIO_PROCESS, VICTIM, 5), lambda: os.sched_setaffinity(VICTIM, {0}),
    lambda: call(251, 1, VICTIM, 0x6000), lambda: call(159, ctypes.create_string_buffer(300)), lambda: call(171, b"x", 1),
    lambda: call(294, 0), lambda: call(300, 0, 0), lambda: call(444, None, 0, 1), lambda: call(425, 4, ctypes.create_string_buffer(200)),
    lambda: socket.socketpair(), lambda: os.memfd_create("x"), lambda: os.open(KEPT, os.O_RDWR), lambda: os.open(SECRET, os.O_RDONLY),
    lambda: os.listdir("/proc"), lambda: open("/etc/passwd").read(1), lambda: os.kill(VICTIM, 0), lambda: os.fork(),
    lambda: resource.setrlimit(resource.RLIMIT_CPU, (50, 50)), lambda: call(157, 4, 1), lambda: call(101, 16, VICTIM, 0, 0),
    lambda: os.chmod(KEPT, 0o777), lambda: os.symlink("/x", KEPT + "2"), lambda: call(272, 0x20000),
]
kinds = sorted(name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, ArithmeticError | LookupError | OSError | ValueError | RuntimeError))
for number, attempt in enumerate(attempts):
    try:
        attempt()
    except (OSError, ValueError):
        continue
    raise type(f"attempt {number} of " + "x" * 50, (AssertionError,), {})
raise StopIteration
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of the kernel needs Linux")
def test_trusted_code_reaches_no_other_process_and_no_other_file(tmp_path: Path) -> None:
    """28 ways out, each of which must be denied; the error's name is one of Python's own, whatever the code calls it."""
    kept, elsewhere = tmp_path / "kept", tmp_path / "elsewhere"
    kept.write_text("here")
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("hush")
    with subprocess.Popen(["sleep", "600"]) as victim:
        names = {"VICTIM": victim.pid, "KEPT": str(kept), "SECRET": str(elsewhere / "secret")}
        refused = _convert_alone(
            tmp_path, _dumped(_Evil(exec, ESCAPES, names)), importer.Limits(), trust=True
        )
        assert victim.poll() is None
        victim.kill()
    assert "loading failed (StopIteration)" in refused.message, refused.message
    evil = _Evil(exec, "raise type('HUSH' * 9, (KeyError,), {})", {})
    refused = _convert_alone(tmp_path, _dumped(evil), importer.Limits(), trust=True)
    assert "loading failed (KeyError)" in refused.message


def test_code_is_refused_where_it_cannot_be_confined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without one part of the sandbox: nothing is weakened."""
    from vigie.importer import worker

    data = _dumped(_Evil(os.getpid))
    digest = sha256(data).hexdigest()
    request = {"trust": [digest], "limits": {"memory_bytes": 2**30}}
    for protections in ([sandbox.FILTER], [LANDLOCK, sandbox.NAMESPACE], []):
        with pytest.raises(worker._ConversionFailed) as refused:
            worker._open_file("m.joblib", data, request, protections, [])
        assert refused.value.report["kind"] == "sandbox"


def test_the_worker_has_an_empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted file fails if it finds a credential."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    evil = _Evil(
        operator.getitem,
        _Evil(getattr, _Evil(importlib.import_module, "os"), "environ"),
        "AWS_SECRET_ACCESS_KEY",
    )
    refused = _convert_alone(tmp_path, _dumped(evil), importer.Limits(), trust=True)
    assert "KeyError" in refused.message


def test_a_trusted_file_is_loaded(tmp_path: Path, label: np.ndarray) -> None:
    """Only a file with a given digest, which is recorded."""
    table, names = _table(), ["age", "hour"]
    stop = xgboost.callback.EarlyStopping(rounds=3)
    model = _classifier(callbacks=[stop])
    values = table.select(names).to_numpy()
    model.fit(values, label, eval_set=[(values, label)], verbose=False)
    data = _dumped(model)
    (tmp_path / "xgboost_model.joblib").write_bytes(data)
    (tmp_path / "dataset_metadata.json").write_text(json.dumps({"feature_columns": names}))
    with pytest.raises(
        ForeignModelRefused, match=r"xgboost.callback.EarlyStopping in xgboost_model.joblib"
    ) as refused:
        importer.convert(tmp_path, name="m")
    assert f"--trust {sha256(data).hexdigest()}" in refused.value.hint
    digest = sha256(data).hexdigest()
    made = importer.convert(tmp_path, name="m", trust=frozenset({digest}))
    assert made.profile["provenance"]["trusted"] == [digest]
    np.testing.assert_allclose(_score(made, table), model.predict_proba(values)[:, 1], rtol=1e-6)
    (tmp_path / "xgboost_model.joblib").write_bytes(_dumped({"model": model}))
    with pytest.raises(
        ForeignModelRefused, match=r"no digest given with --trust is that of xgboost_model.joblib"
    ):
        importer.convert(tmp_path, name="m", trust=frozenset({digest}))
    with pytest.raises(UsageRefused):
        importer.convert(tmp_path, name="m", trust=frozenset({"yes"}))


def _chained(fitted: Any, names: list[str] | None = None) -> sklearn_transformers.ConvertedPipeline:
    read = [pickle_reader.read(_dumped(one), max_bytes=1 << 24) for one in fitted]
    return pipeline_conversion.convert(read, names=names, width=2, columns=None)


def test_unsupported_objects_are_refused(label: np.ndarray) -> None:
    """Other classifiers, functions, objectives, categorical splits, columns without names."""
    values = _table().select("age", "hour").to_numpy()
    boosted = AdaBoostClassifier(n_estimators=2).fit(values, label)
    with pytest.raises(pickle_reader.NamesRefused, match="AdaBoostClassifier"):
        pickle_reader.read(_dumped(boosted), max_bytes=1 << 24)
    with pytest.raises(pickle_reader.NamesRefused, match="cbrt"):
        _chained([FunctionTransformer(np.cbrt).fit(values)])
    with pytest.raises(pipeline_conversion.ColumnNamesUnknown):
        _chained([StandardScaler().fit(values)])
    union = FeatureUnion([("s", StandardScaler())], transformer_weights={"s": 2.0})
    union.fit(_table().select("age", "hour"))
    with pytest.raises(sklearn_transformers.Unsupported, match="transformer_weights"):
        _chained([union])
    three = _classifier().fit(values, np.arange(ROWS) % 3)
    counts = xgboost.train({"objective": "count:poisson"}, xgboost.DMatrix(values, label), 1)
    linear = xgboost.train(
        {"objective": "binary:logistic", "booster": "gblinear"}, xgboost.DMatrix(values, label), 1
    )
    for model, message in (
        (three, "3 classes"),
        (counts, "poisson"),
        (linear, "gblinear"),
    ):
        with pytest.raises(sklearn_transformers.Unsupported, match=message):
            from_fitted(pickle_reader.read(_dumped(model), max_bytes=1 << 24))


def test_refusals_have_hints(tmp_path: Path, label: np.ndarray) -> None:
    """The error names the file, what was found, and what to do."""
    values = _table().select("age", "hour").to_numpy()
    joblib.dump(_classifier().fit(values, label), tmp_path / "xgboost_model.joblib")
    (tmp_path / "dataset_metadata.json").write_text('{"columns": ["a", "b", "c"]}')
    with pytest.raises(ForeignModelRefused, match="3 columns in the metadata, where 2 are taken") as refused:
        importer.convert(tmp_path, name="m")
    assert "feature_columns" in refused.value.hint
    (tmp_path / "dataset_metadata.json").write_text("[1]")
    with pytest.raises(ForeignModelRefused, match="expected an object"):
        importer.convert(tmp_path, name="m")


def test_a_booster_with_invalid_trees_is_refused(label: np.ndarray) -> None:
    """XGBoost does not check child indices."""
    booster = _classifier().fit(_table().select("age", "hour").to_numpy(), label).get_booster()
    from_bytes(bytes(booster.save_raw("json")))
    for child in (10_000_000, 0, -7):
        document = json.loads(bytes(booster.save_raw("json")))
        document["learner"]["gradient_booster"]["model"]["trees"][3]["left_children"][0] = child
        with pytest.raises(Unreadable):
            from_bytes(json.dumps(document).encode())


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    """The error lists its files; two candidates are refused as well."""
    with pytest.raises(NotFound, match=r"xgboost_model.joblib"):
        importer.convert(tmp_path, name="m")
    for name in ("a.joblib", "b.joblib"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(NotFound, match=r"a.joblib, b.joblib"):
        importer.convert(tmp_path, name="m")
