"""Stored scorers made by an attacker: refused in words, never a crash, never a score read beyond its row."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.predict.conftest import opener

from vigie import table as tables
from vigie.boosting import ubjson, xgboost_import
from vigie.boosting.tree_check import NotTrees, check_trees
from vigie.catalog import Catalog
from vigie.db import database
from vigie.engine import pipeline, scorer_io
from vigie.engine.options import ScoringContext
from vigie.engine.scorer import Scorer
from vigie.engine.scorer_files import read_scorer
from vigie.errors import InputRefused, VigieError
from vigie.simulator import generate
from vigie.starter_models import registry

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """A small scorer as bytes."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    registry.register(catalog)
    table = tables.from_frame(generate("card_not_present", 3, 400).frame)
    scorer, _ = pipeline.fit(table, ScoringContext(catalog, opener))
    yield scorer.to_bytes()
    engine.dispose()


@pytest.fixture(scope="module")
def booster() -> bytes:
    """Three trees over four features."""
    vendor = xgboost_import.load()
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(200, 4))
    trained = vendor.train(
        {"max_depth": 3, "objective": "binary:logistic"}, vendor.DMatrix(inputs, inputs[:, 0] > 0), 3
    )
    return bytes(trained.save_raw("json"))


def parts_of(stored: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the arrays of a scorer."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(arrays["head"].tobytes()), arrays


def packed(head: Any, arrays: dict[str, Any]) -> bytes:
    changed = {**arrays, "head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    return scorer_io._archive(changed)


def model(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["learner"]["gradient_booster"]["model"]
    return found


def tree(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = model(document)["trees"][0]
    return found


CHANGES: dict[str, Change] = {
    "a cycle": lambda d: tree(d)["left_children"].__setitem__(0, 0),
    "a child beyond the end": lambda d: tree(d)["left_children"].__setitem__(0, 2_000_000_000),
    "a negative child": lambda d: tree(d)["left_children"].__setitem__(0, -7),
    "children apart": lambda d: tree(d)["right_children"].__setitem__(0, 1),
    "two parents": lambda d: tree(d)["left_children"].__setitem__(1, 1),
    "a feature beyond the row": lambda d: tree(d)["split_indices"].__setitem__(0, 5000),
    "a negative feature": lambda d: tree(d)["split_indices"].__setitem__(0, -1),
    "fewer conditions": lambda d: tree(d)["split_conditions"].pop(),
    "fewer parents": lambda d: tree(d)["parents"].pop(),
    "a parent beyond the end": lambda d: tree(d)["parents"].__setitem__(1, 3_538_944),
    "another parent": lambda d: tree(d)["parents"].__setitem__(1, 2),
    "no nodes": lambda d: tree(d).update(
        {name: [] for name in ("left_children", "right_children", "split_indices")}
    ),
    "another number of nodes": lambda d: tree(d)["tree_param"].__setitem__("num_nodes", "2000000000"),
    "splits by category": lambda d: tree(d).__setitem__("split_type", [1] * len(tree(d)["split_type"])),
    "categories beyond the end": lambda d: tree(d).update(
        categories=[1], categories_nodes=[0], categories_segments=[0], categories_sizes=[2_000_000]
    ),
    "a class that is not there": lambda d: model(d).__setitem__("tree_info", [77_777_777] * 3),
    "fewer classes": lambda d: model(d)["tree_info"].pop(),
    "rounds beyond the end": lambda d: model(d).__setitem__("iteration_indptr", [0, 999_999_999]),
    "another number of trees": lambda d: model(d)["gbtree_model_param"].__setitem__("num_trees", "9"),
    "another number of the tree": lambda d: tree(d).__setitem__("id", 5),
    "many features": lambda d: d["learner"]["learner_model_param"].__setitem__("num_feature", "2000000000"),
    "many classes": lambda d: d["learner"]["learner_model_param"].__setitem__("num_class", "2000000000"),
    "vectors in leaves": lambda d: tree(d)["tree_param"].__setitem__("size_leaf_vector", "9"),
    "a linear model": lambda d: d["learner"]["gradient_booster"].__setitem__("name", "gblinear"),
    "no trees": lambda d: d["learner"].pop("gradient_booster"),
    "text for numbers": lambda d: tree(d).__setitem__("left_children", ["x"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_tree_that_is_no_tree_is_refused_before_xgboost_reads_it(booster: bytes, change: str) -> None:
    """In JSON and as XGBoost's UBJSON; the unchanged one passes."""
    assert check_trees(booster) == 4
    document = json.loads(booster)
    CHANGES[change](document)
    with pytest.raises(NotTrees), xgboost_import.checking_trees():
        xgboost_import.open_trees(json.dumps(document).encode())


def test_ubjson_is_read_as_xgboost_wrote_it(booster: bytes) -> None:
    """The same document as in JSON; cut or changed anywhere, an error of ours."""
    binary = bytes(xgboost_import.open_trees(booster).save_raw("ubj"))
    document, plain = ubjson.read(binary), json.loads(booster)
    assert check_trees(binary) == 4
    assert tree(document)["left_children"].tolist() == tree(plain)["left_children"]
    assert document["learner"]["objective"] == plain["learner"]["objective"]
    generator = random.Random(2)
    for _ in range(300):
        data = bytearray(binary[: generator.randrange(len(binary))] if generator.random() < 0.3 else binary)
        for _ in range(generator.choice((0, 1, 3))):
            if data:
                data[generator.randrange(len(data))] = generator.randrange(256)
        try:
            check_trees(bytes(data))
        except NotTrees:
            continue
    for data in (
        b"",
        b"{",
        b"[" * 5000,
        b"{" + b"L" + b"\x7f" * 8,
        b"[$d#L" + b"\x7f" * 8,
        b"[$Z#i\x05",
        b"\xff",
    ):
        with pytest.raises(NotTrees):
            check_trees(data)


def test_every_shipped_model_passes() -> None:
    """What training writes is what the check expects."""
    import zstandard

    files = sorted(registry.MODELS.glob("*/booster*.ubj.zst"))[:6]
    assert files
    for file in files:
        data = zstandard.ZstdDecompressor().decompress(file.read_bytes(), max_output_size=2**30)
        assert check_trees(data) > 0


def test_a_head_without_its_parts_is_one_refusal(stored: bytes) -> None:
    """Each part missing, null, of another type, and in the records of the members."""
    head, arrays = parts_of(stored)
    accepted = []
    for name in head:
        for value in ("missing", None, [], 9, "x", {"a": 1}):
            changed = {key: one for key, one in head.items() if key != name}
            if value != "missing":
                changed[name] = value
            try:
                Scorer.from_bytes(packed(changed, arrays))
                accepted.append((name, value))
            except VigieError:
                continue
    # Nothing depends on the version that wrote it, and a scorer may have no member and no calibration.
    assert {name for name, _ in accepted} <= {
        "vigie",
        "members",
        "calibration",
        "answers",
        "schema",
        "roles",
        "options",
    }
    for whole in ([], None, 5, "x", {}):
        with pytest.raises(InputRefused):
            Scorer.from_bytes(packed(whole, arrays))


def test_a_scorer_with_hostile_trees_is_refused(stored: bytes) -> None:
    """Those of its members, and those fitted to its table."""
    head, arrays = parts_of(stored)
    trees = [name for name in arrays if arrays[name].dtype == np.uint8 and name != "head"]
    assert trees
    for name in trees:
        data = bytearray(arrays[name].tobytes())
        at = data.find(b"left_children")
        if at < 0:
            continue
        data[at + 25 : at + 45] = b"\x7f" * 20
        with pytest.raises(InputRefused):
            Scorer.from_bytes(packed(head, {**arrays, name: np.frombuffer(bytes(data), dtype=np.uint8)}))


def test_archives_that_declare_more_than_they_hold_are_refused() -> None:
    """2^60 bytes, objects, another length, a gigabyte of zeros."""
    made = []
    for shape, descr in (((1 << 60,), "|u1"), ((3,), "|O"), ((50,), "<f8")):
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
        made.append(header.getvalue() + b"\0" * 24)
    for content in made:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("head.npy", content)
        with pytest.raises(InputRefused):
            Scorer.from_bytes(out.getvalue())
    for data in (b"", b"PK", b"PK\x05\x06" + b"\0" * 18):
        with pytest.raises(InputRefused):
            Scorer.from_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_file_with_changed_arrays_scores_or_is_refused(stored: bytes, tmp_path: Path, seed: int) -> None:
    """What no check sees happens in a child process: this process goes on."""
    head, arrays = parts_of(stored)
    generator = random.Random(seed)
    names = sorted(name for name in arrays if name != "head")
    for name in generator.sample(names, 3):
        array = arrays[name]
        if array.dtype.kind in "iu":
            arrays[name] = np.full_like(array, np.iinfo(array.dtype).max)
        elif array.dtype.kind == "f":
            arrays[name] = array.ravel()[: array.size // 2]
    path = tmp_path / "t.scorer"
    path.write_bytes(packed(head, arrays))
    try:
        read_scorer(path)
    except VigieError:
        return


def test_a_good_file_is_read(stored: bytes, tmp_path: Path) -> None:
    """Through the child, with the same bytes."""
    path = tmp_path / "t.scorer"
    path.write_bytes(stored)
    assert read_scorer(path).to_bytes() == stored
