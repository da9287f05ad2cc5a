"""Attacks of `bench/attack.py` on what is stored of models: added bundles, signatures, swapped bundles, rows of the catalog."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from vigie.bundles import signing
from vigie.bundles.bundle import DOCUMENTS, Bundle, pack, unpack
from vigie.bundles.cache import Cache
from vigie.bundles.verification import SignaturePolicy, open_bundle
from vigie.catalog import Catalog, ModelVersion
from vigie.catalog.tables import reference_models
from vigie.cli import publish
from vigie.db import database
from vigie.engine import pipeline
from vigie.engine.options import Options, ScoringContext
from vigie.errors import DamagedBundle, VigieError
from vigie.starter_models.registry import MODELS
from vigie.stores.open import connect
from vigie.table import Table, from_frame

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, -1e308, 10**30, "", "x", "é" * 1000, "\0", [], {}, [[]], [None], {"": {}}),
    *({"roc_auc": "high"}, [1] * 1000, "1e999", -0.0, 0.5),
)
"""Values that take the place of a part of a document."""


@cache
def table() -> Table:
    """A small table that the models of mobile money fit."""
    rows = range(60)
    frame = pl.DataFrame(
        {
            "step": [row // 4 for row in rows],
            "type": ["CASH_OUT" if row % 3 else "TRANSFER" for row in rows],
            "amount": [10.5 + row * 37 % 400 for row in rows],
            "nameOrig": [f"C{row % 9}" for row in rows],
            "nameDest": [f"M{row % 7}" for row in rows],
            "oldbalanceOrg": [1000.0 + row for row in rows],
        }
    )
    return from_frame(frame, source="t.csv")


@cache
def model() -> Bundle:
    """A model that comes with Vigie."""
    found = publish.find((MODELS / "mobile_money_bare").as_uri())
    return unpack(found.files)


def mutated(data: bytes, generator: random.Random, share: float = 0.9) -> bytes:
    """The data with some bytes changed, inserted or cut, in a share of all calls."""
    changed = bytearray(data)
    if generator.random() < share:
        for _ in range(generator.choice((1, 1, 2, 8, 40))):
            at = generator.randrange(len(changed) + 1)
            match generator.randrange(4):
                case 0 if at < len(changed):
                    changed[at] = generator.randrange(256)
                case 1:
                    changed[at:at] = generator.randbytes(generator.randrange(1, 9))
                case 2:
                    del changed[at : at + generator.randrange(1, 60)]
                case _:
                    changed[at : at + 4] = generator.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
    return bytes(changed)


def mutate(document: Any, generator: random.Random) -> Any:
    """Return a JSON document with one of its parts replaced, removed or doubled."""
    document = copy.deepcopy(document)
    places: list[tuple[Any, Any]] = []

    def walk(part: Any, depth: int) -> None:
        items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, inner in list(items)[:40]:
            places.extend([(part, key)] * max(1, 5 - depth))
            walk(inner, depth + 1)

    walk(document, 0)
    if not places:
        return generator.choice(ODD)
    part, key = generator.choice(places)
    match generator.randrange(4):
        case 0:
            del part[key]
        case 1 if isinstance(part[key], int | float):
            part[key] = part[key] * generator.choice((-1, 0, 1e6, 1e-6))
        case _:
            part[key] = generator.choice(ODD)
    return document


def predict(catalog: Catalog, load: Callable[[ModelVersion], Bundle]) -> None:
    """Score the small table; every row must get a score between 0 and 1."""
    options = Options(minimum=0.0, top=3, reasons=True)
    scores = pipeline.predict(table(), ScoringContext(catalog, load, options)).additions["fraud_score"]
    if len(scores) != table().frame.height or not all(0 <= score <= 1 for score in scores):
        raise AssertionError("rows without a score")


def _catalog(folder: Path) -> Catalog:
    (folder / "c.sqlite").unlink(missing_ok=True)
    for name in ("c.sqlite-wal", "c.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    return Catalog(database.open(f"sqlite:///{folder / 'c.sqlite'}"))


def attack_added(generator: random.Random, folder: Path) -> None:
    """`models add` of a bundle whose digests are right and whose documents are not, and a prediction with it."""
    good = model()
    field = generator.choice(["booster", *sorted(DOCUMENTS.values())])
    part = (
        mutated(good.booster, generator, 1.0)
        if field == "booster"
        else mutate(getattr(good, field), generator)
    )
    bad = replace(good, name="bad", **{field: part})
    place = folder / "bad"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, data in pack(bad, created="2026-01-01T00:00:00Z").items():
        (place / name).write_bytes(data)
    catalog, store = _catalog(folder), connect((folder / "store").as_uri())
    shutil.rmtree(folder / "store", ignore_errors=True)
    try:
        publish.add(catalog, publish.find(place.as_uri()), store, SignaturePolicy(), provenance={})
        catalog.list()
        predict(catalog, lambda entry: open_bundle(store, entry.bundle))
    finally:
        catalog.engine.dispose()


def attack_row(generator: random.Random, folder: Path) -> None:
    """A row of the catalog that another program changed, beside one that is whole: the whole one is used."""
    catalog, store = _catalog(folder), connect((folder / "store").as_uri())
    shutil.rmtree(folder / "store", ignore_errors=True)
    try:
        for name in ("whole", "broken"):
            place = folder / name
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for file, data in pack(replace(model(), name=name), created="2026-01-01T00:00:00Z").items():
                (place / file).write_bytes(data)
            publish.add(catalog, publish.find(place.as_uri()), store, SignaturePolicy(), provenance={})
        column = generator.choice(("columns", "roles", "performance", "profile", "digests", "provenance"))
        row = reference_models.c
        with catalog.engine.begin() as connection:
            stored = connection.execute(sa.select(row[column]).where(row.name == "broken")).scalar_one()
            text = json.dumps(mutate(stored, generator))
            if generator.random() < 0.2:
                text = text[: generator.randrange(len(text) + 1)]
            change = f"UPDATE reference_models SET {column} = :text WHERE name = 'broken'"
            connection.execute(sa.text(change), {"text": text})
        fresh = Catalog(catalog.engine)
        predict(fresh, lambda entry: open_bundle(store, entry.bundle))
        fresh.find("broken")
        fresh.list()
    finally:
        catalog.engine.dispose()


@cache
def _signed() -> tuple[dict[str, bytes], bytes, Path]:
    """Files, their signature, and the key that verifies it."""
    import tempfile

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = Path(tempfile.mkdtemp(prefix="vigie-attack-key-"))
    key = ec.derive_private_key(4711, ec.SECP256R1())
    private, public = folder / "k.pem", folder / "k.pub"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    files = pack(model(), created="2026-01-01T00:00:00Z")
    return files, signing.sign(files, private), public


def attack_signature(generator: random.Random, folder: Path) -> None:
    """A signature whose bytes or JSON were changed, over files that may be changed as well; only the true files pass."""
    files, signature, public = _signed()
    altered = dict(files)
    if generator.random() < 0.5:
        name = generator.choice(sorted(files))
        altered[name] = mutated(files[name], generator, 1.0)
    if generator.random() < 0.5:
        hostile = mutated(signature, generator, 1.0)
    else:
        hostile = json.dumps(mutate(json.loads(signature), generator)).encode()
    signing.verify(altered, hostile, public)
    if altered != files:
        raise AssertionError("accepted for other files")


@cache
def _published() -> tuple[Path, dict[str, ModelVersion], dict[str, Bundle]]:
    """A store with three models, their entries and their bundles."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="vigie-attack-store-"))
    store, entries, bundles = connect(folder.as_uri()), {}, {}
    for number in range(3):
        bundle = replace(model(), name=f"m{number}", features={**model().features, "number": number})
        stored = publish.publish_version(store, pack(bundle, created="2026-01-01T00:00:00Z"))
        entries[bundle.name] = ModelVersion.from_bundle(bundle, stored, store.location)
        bundles[bundle.name] = bundle
    return folder, entries, bundles


def attack_swap(generator: random.Random, folder: Path) -> None:
    """Whole bundles, manifests or files of one model in the place of another's, with and without a cache."""
    origin, entries, bundles = _published()
    place = folder / "swapped"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(origin, place)
    cached = Cache(folder / "cache", 10**9) if generator.random() < 0.5 else None
    store = connect(place.as_uri())
    for _ in range(generator.randrange(1, 4)):
        one, other = generator.sample(sorted(entries), 2)
        first, second = (place / entries[name].storage.prefix for name in (one, other))
        match generator.randrange(4):
            case 0:
                first.rename(place / "aside")
                second.rename(first)
                (place / "aside").rename(second)
            case 1:
                shutil.copy(second / "manifest.json", first / "manifest.json")
            case 2:
                shutil.rmtree(first)
                shutil.copytree(second, first)
            case _:
                source, target = (generator.choice(sorted(path.iterdir())) for path in (second, first))
                shutil.copy(source, target)
    refused = None
    for name, entry in entries.items():
        try:
            if open_bundle(store, entry.bundle, cached) != bundles[name]:
                raise AssertionError("another model's bytes were accepted")
        except DamagedBundle as error:
            refused = error
    if refused is not None:
        raise VigieError("refused") from refused


ATTACKS = {
    "added": attack_added,
    "row": attack_row,
    "signature": attack_signature,
    "swap": attack_swap,
}
SIZES = {"added": 20, "row": 20, "signature": 60, "swap": 40}
