"""`vigie models …`, `vigie cache …`, `vigie db …` and populate_reference_models.py, on real bundles and stores."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import polars as pl
import pytest
import xgboost
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.waiting import LIMIT

from vigie import resources, settings
from vigie.bundles.bundle import Bundle, pack
from vigie.bundles.publish import publish
from vigie.cli.commands import cli
from vigie.cli.populate import populate
from vigie.engine.options import Options, ScoringContext
from vigie.engine.pipeline import fit_table
from vigie.errors import DamagedBundle, UnsignedBundle
from vigie.resources import bundle_loader
from vigie.stores.open import connect
from vigie.table import from_frame

pytestmark = pytest.mark.usefixtures("home_with_catalog")
ROOT = Path(__file__).resolve().parents[2]


def vigie(*arguments: object) -> Result:
    """Runs the command in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def packed(name: str = "cards", version: str = "1", seed: int = 0) -> dict[str, bytes]:
    """The files of a small bundle."""
    profile = {
        "domain": "card_present",
        "typologies": ["card_testing"],
        "columns": [{"name": "amount", "role": "amount", "type": "Float64"}],
        "roles": {"amount": 1.0},
        "quantiles": {},
        "rows": 1000,
        "prevalence": 0.01,
    }
    booster = np.random.default_rng(seed).bytes(5000)
    performance = {"own": {"roc_auc": 0.9, "average_precision": 0.4, "worlds": 5}}
    return pack(
        Bundle(name, version, booster, {"kind": "test"}, {"kind": "none"}, performance, profile),
        created="2026-11-01T00:00:00Z",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle of plainly named files."""
    path = tmp_path / "cards-1"
    path.mkdir()
    for name, data in packed().items():
        (path / name).write_bytes(data)
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A private and a public key file."""
    place = tmp_path_factory.mktemp("keys")
    key, pem = ec.generate_private_key(ec.SECP256R1()), serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    (place / "k.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (place / "k.pub").write_bytes(public)
    return place / "k.pem", place / "k.pub"


@pytest.fixture(scope="module")
def seed_layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`automl_models` with one model as an earlier installation wrote it."""
    place = tmp_path_factory.mktemp("seed") / "automl_models"
    one = place / "dataset16"
    one.mkdir(parents=True)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    model = xgboost.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1).fit(x, (x[:, 0] > 0.5).astype(int))
    joblib.dump(model, one / "xgboost_model.joblib", compress=3)
    (one / "performance.json").write_text('{"roc_auc": 0.91}')
    (one / "dataset_metadata.json").write_text(
        '{"feature_columns": ["amount", "hour", "age"], "domain": "card_present"}'
    )
    (place / "notes").mkdir()
    (place / "notes" / "readme.txt").write_text("no model here")
    return place


def names() -> set[str]:
    """The models there are, those that come with Vigie left out."""
    found: list[dict[str, Any]] = json.loads(vigie("models", "list", "--all", "--json").stdout)
    return {f"{one['name']}@{one['version']}" for one in found if "starter_models" not in one["s3_bucket"]}


def test_add_show_and_remove(folder: Path, vigie_home: Path) -> None:
    """A plain folder is published to the own store and registered; again is harmless; forgetting leaves the files."""
    first, second = vigie("models", "add", folder), vigie("models", "add", folder)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert first.stdout == second.stdout == "cards@1\n"
    assert "registered: " not in first.stderr
    assert "already registered" in second.stderr
    assert names() == {"cards@1"}
    assert (vigie_home / "models" / "cards" / "1" / "manifest.json").exists()
    shown = vigie("models", "show", "cards").stdout
    for word in ("card testing", "0.90", "5 held-out simulated tables", "amount 100%"):
        assert word in shown
    document = json.loads(vigie("models", "show", "cards@1", "--json").stdout)
    assert document["digests"].keys() == {*packed()} - {"manifest.json"}
    requested = vigie("models", "remove", "cards")
    assert requested.exit_code == 2
    assert "--yes" in requested.stderr
    assert vigie("models", "remove", "cards", "--yes").exit_code == 0
    assert names() == set()
    assert (vigie_home / "models" / "cards" / "1" / "manifest.json").exists()


def test_add_in_place(tmp_path: Path, vigie_home: Path) -> None:
    """A bundle that lies as in a store is used where it is."""
    publish(connect(str(tmp_path / "shelf")), "cards/2", packed(version="2"))
    result = vigie("models", "add", tmp_path / "shelf" / "cards" / "2")
    assert result.exit_code == 0, result.output
    place = json.loads(vigie("models", "show", "cards", "--json").stdout)
    assert (place["s3_bucket"], place["s3_prefix"]) == (str(tmp_path / "shelf" / "cards"), "2")
    assert not (vigie_home / "models").exists()
    assert "as registered" in vigie("models", "verify", "cards").stdout


def test_other_bytes_under_the_same_version(folder: Path) -> None:
    """What is registered never changes."""
    assert vigie("models", "add", folder).exit_code == 0
    for name, data in packed(seed=1).items():
        (folder / name).write_bytes(data)
    result = vigie("models", "add", folder)
    assert result.exit_code == 2
    assert "another version" in result.stderr


def test_switching_off_and_on(folder: Path) -> None:
    """A model that is off is not listed, and nothing is asked for."""
    vigie("models", "add", folder)
    assert "cards 1 is inactive" in vigie("models", "deactivate", "cards").stderr
    assert "cards" not in {line.split()[0] for line in vigie("models", "list").stdout.splitlines()}
    assert "cards" in vigie("models", "list", "--all").stdout
    assert "inactive already" in vigie("models", "deactivate", "cards@1").stderr
    assert "cards 1 is active" in vigie("models", "activate", "cards").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "nothing"), 4, "no model 'nothing'"),
        (("show", "cards@9"), 4, "it has 1"),
        (("add", "nowhere"), 4, "no folder 'nowhere'"),
        (("add", "ftp://host/x"), 2, "unknown scheme"),
        (("add", "s3://user@bucket/x"), 2, "credentials belong in the environment"),
        (("import", "nowhere"), 4, "no folder 'nowhere'"),
        (("sign", "cards", "--key", "nokey.pem"), 4, "no key file"),
        (("sign",), 2, "Missing"),
        (("import", ".", "--trust", "a" * 64), 2, "--yes"),
    ],
)
def test_what_is_not_there(folder: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """Each with its code and a hint."""
    vigie("models", "add", folder)
    result = vigie("models", *arguments)
    assert (result.exit_code, words in result.stderr, "hint" in result.stderr) == (code, True, True), (
        result.output
    )


def test_folders_that_hold_no_bundle(folder: Path, seed_layout: Path) -> None:
    """The hint says what the folder holds instead."""
    assert "models import" in vigie("models", "add", seed_layout / "dataset16").stderr
    assert "--from" in vigie("models", "add", folder.parent).stderr
    (folder / "features.json").write_text('{"other": 1}')
    result = vigie("models", "add", folder)
    assert result.exit_code == 5
    assert "features.json" in result.stderr
    assert names() == set()


def test_models_that_come_with_vigie_stay() -> None:
    """They would be back at the next command: switched off they stay off."""
    listed = json.loads(vigie("models", "list", "--json").stdout)
    assert listed, "the starter library is missing"
    name = listed[0]["name"]
    result = vigie("models", "remove", name, "--yes")
    assert result.exit_code == 2
    assert f"vigie models deactivate {name}" in result.stderr
    vigie("models", "deactivate", name)
    assert len(json.loads(vigie("models", "list", "--json").stdout)) == len(listed) - 1


def test_import_of_a_foreign_model(seed_layout: Path) -> None:
    """The seed's folder becomes a registered bundle, once."""
    for _ in range(2):
        result = vigie("models", "import", seed_layout / "dataset16")
        assert result.exit_code == 0, result.output
    (name,) = names()
    assert re.fullmatch(r"dataset16@import-[0-9a-f]{16}", name)
    shown = vigie("models", "show", "dataset16").stdout
    assert "0.91*" in shown
    assert "declared by its authors" in shown


def test_an_imported_model_fits_a_renamed_table(tmp_path: Path) -> None:
    """It is matched by what its columns mean, and scores the table as it scores its own."""
    rng = np.random.default_rng(3)
    own = pl.DataFrame(
        {
            "amount": rng.lognormal(3, 1, 400).round(2),
            "hour": rng.integers(0, 24, 400),
            "balance_before": rng.lognormal(5, 1, 400).round(2),
            "account_age_days": rng.integers(1, 900, 400),
            "device_id": rng.integers(10_000, 10_150, 400),
        }
    )
    model = xgboost.XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1)
    model.fit(own.to_numpy(), (own["amount"] > 40).to_numpy().astype(int))
    place = tmp_path / "dataset7"
    place.mkdir()
    joblib.dump(model, place / "xgboost_model.joblib", compress=3)
    (place / "dataset_metadata.json").write_text(json.dumps({"feature_columns": own.columns}))
    assert vigie("models", "import", place, "--domain", "mobile_money").exit_code == 0
    french = ["Montant", "Heure", "Solde avant", "Ancienneté du compte (jours)", "Id appareil"]
    renamed = own.rename(dict(zip(own.columns, french, strict=True))).select(french[::-1])
    uploaded = from_frame(renamed)
    chosen = settings.load()
    with resources.open_catalog(chosen) as catalog:
        matching = Options(top=50, minimum=0.5, reasons=False)
        made = fit_table(uploaded, ScoringContext(catalog, bundle_loader(chosen), matching))
        alone = next((m for m in made.profile.matched.matches if m.entry.name == "dataset7"), None)
        assert alone is not None, "the imported model was not matched"
        assert alone.similarity > 0.5
        members = {member.name: member for member in made.fitted.votes}
    expected = model.predict(own.to_numpy()[made.fitted.inputs.order], output_margin=True)
    np.testing.assert_allclose(members["dataset7"].margin, expected, rtol=1e-4, atol=1e-5)


def test_a_hostile_pickle_is_refused(tmp_path: Path) -> None:
    """Named, with the digest to confirm, and nothing has run."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    place = tmp_path / "evil"
    place.mkdir()
    joblib.dump(Evil(), place / "xgboost_model.joblib")
    result = vigie("models", "import", place)
    assert result.exit_code == 3
    assert "pathlib" in result.stderr
    assert "trusted or not" in result.stderr
    assert not (tmp_path / "ran").exists()


def test_populate_twice(seed_layout: Path, folder: Path, tmp_path: Path) -> None:
    """Bundles and foreign models are registered; the second time nothing is; one bad model stops no other."""
    publish(connect(str(tmp_path / "all")), "transfers/3", packed("transfers", "3"))
    folder.rename(tmp_path / "all" / "cards")
    (seed_layout / "dataset16").rename(tmp_path / "all" / "dataset16")
    try:
        first = CliRunner().invoke(populate, ["--from", str(tmp_path / "all")])
        assert first.exit_code == 0, first.output
        assert "3 registered, 0 already there, 0 refused" in first.stderr
        before = names()
        assert {name.split("@")[0] for name in before} == {"cards", "transfers", "dataset16"}
        (tmp_path / "all" / "cards" / "profile.json").write_text("{}")
        second = CliRunner().invoke(populate, ["--from", str(tmp_path / "all")])
        assert second.exit_code == 5
        assert "0 registered, 2 already there, 1 refused" in second.stderr
        assert names() == before
    finally:
        (tmp_path / "all" / "dataset16").rename(seed_layout / "dataset16")


def test_populate_script(tmp_path: Path) -> None:
    """The thin entry at the root of the checkout, as its owners call it."""
    done = subprocess.run(
        [sys.executable, ROOT / "populate_reference_models.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 4
    assert "data/automl_models" in done.stderr
    assert "--from" in done.stderr


def test_signatures(folder: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed is good, unsigned and altered are refused where a signature is required, also when a bundle is opened."""
    private, public = keys
    vigie("models", "add", folder)
    assert "none" in vigie("models", "verify", "cards").stdout
    assert vigie("models", "verify", "cards", "--key", public).exit_code == 5
    monkeypatch.setenv("VIGIE_REQUIRE_SIGNATURE", "yes")
    assert vigie("models", "add", folder).exit_code == 2, "a rule without a key cannot be kept"
    monkeypatch.setenv("VIGIE_PUBLIC_KEY", str(public))
    assert vigie("models", "add", folder).exit_code == 5
    with pytest.raises(UnsignedBundle):
        bundle_loader(settings.load())(entry("cards"))
    assert vigie("models", "sign", "cards", folder, "--key", private).exit_code == 0
    assert (folder / "model.sig").exists()
    assert bundle_loader(settings.load())(entry("cards")).name == "cards"
    verified = vigie("models", "verify", "cards", "--json")
    assert json.loads(verified.stdout)[0]["signature"] == "good"
    assert vigie("models", "add", folder).exit_code == 0
    signature = Path(entry("cards").storage.bucket) / "cards" / "1" / "model.sig"
    signature.write_bytes(signature.read_bytes().replace(b'"sig"', b'"gis"'))
    with pytest.raises(DamagedBundle):
        bundle_loader(settings.load())(entry("cards"))


def test_signatures_after_a_migration(
    folder: Path, keys: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very bytes that come with Vigie need none anywhere; a signature travels; the unsigned stay refused."""
    private, public = keys
    vigie("models", "add", folder)
    signed = tmp_path / "signed-1"
    signed.mkdir()
    for name, data in packed("signed", "1", seed=1).items():
        (signed / name).write_bytes(data)
    vigie("models", "sign", signed, "--key", private)
    vigie("models", "add", signed)
    monkeypatch.setenv("VIGIE_REQUIRE_SIGNATURE", "yes")
    monkeypatch.setenv("VIGIE_PUBLIC_KEY", str(public))
    assert vigie("migrate", "--to", tmp_path / "elsewhere").exit_code == 0
    ours = next(one for one in json.loads(vigie("models", "list", "--json").stdout) if "any" in one["name"])
    assert ours["s3_bucket"] == str(tmp_path / "elsewhere")
    assert bundle_loader(settings.load())(entry(ours["name"])).name == ours["name"]
    assert bundle_loader(settings.load())(entry("signed")).name == "signed"
    with pytest.raises(UnsignedBundle, match="cards"):
        bundle_loader(settings.load())(entry("cards"))
    unsigned = vigie("migrate", "--verify", "--to", tmp_path / "elsewhere")
    assert (unsigned.exit_code, "found no signature" in unsigned.output) == (5, True)
    assert vigie("models", "sign", "cards", "--key", private).exit_code == 0, "it can be signed where it is"
    assert bundle_loader(settings.load())(entry("cards")).name == "cards"
    assert vigie("migrate", "--verify").exit_code == 0
    signature = Path(entry("cards").storage.bucket, entry("cards").storage.prefix, "model.sig")
    signature.write_bytes(signature.read_bytes().replace(b'"sig"', b'"gis"'))
    altered = vigie("migrate", "--verify")
    assert (altered.exit_code, "model.sig" in altered.output) == (5, True)


def entry(name: str) -> Any:
    """The catalog's entry."""
    with resources.open_catalog(settings.load()) as catalog:
        return catalog.find(name)


def test_verify_finds_a_flipped_byte(folder: Path, vigie_home: Path) -> None:
    """The model and the file are named, in a table and as JSON, with the exit code of the damage."""
    vigie("models", "add", folder)
    booster = next((vigie_home / "models" / "cards" / "1").glob("booster-*"))
    data = bytearray(booster.read_bytes())
    data[100] ^= 1
    booster.write_bytes(data)
    result = vigie("models", "verify", "cards", "--json")
    assert result.exit_code == 5
    assert "booster.ubj.zst" in json.loads(result.stdout)[0]["problem"]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket on an S3 server in this process, as the configured store."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    session = boto3.session.Session("a", "b", region_name="us-east-1")
    session.client("s3", endpoint_url=endpoint).create_bucket(Bucket="models")
    for name, value in {
        "AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "STORAGE_TYPE": "s3", "S3_MODEL_BUCKET": "models", "VIGIE_STORE_TOTAL_SECONDS": "2",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    yield endpoint
    server.stop()


def test_a_bucket_and_the_cache(
    folder: Path, cloud: str, vigie_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published to the bucket by the seed's settings, opened through the cache, still served with the store gone."""
    assert vigie("models", "add", folder).exit_code == 0
    assert json.loads(vigie("models", "show", "cards", "--json").stdout)["s3_bucket"] == "models"
    assert "models/cards/1" in vigie("models", "show", "cards").stdout
    assert bundle_loader(settings.load())(entry("cards")).version == "1"
    listed = vigie("cache", "list")
    assert "cards 1, booster.ubj.zst" in listed.stdout
    assert len(json.loads(vigie("cache", "list", "--json").stdout)) == 6
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert bundle_loader(settings.load())(entry("cards")).version == "1"
    copy = next(vigie_home.glob("cache/sha256/*/*"))
    copy.write_bytes(b"other bytes")
    checked = vigie("cache", "verify")
    assert checked.stdout.strip() == copy.name
    assert "1 damaged and removed" in checked.stderr
    assert json.loads(vigie("cache", "clear", "--json").stdout)["freed"] > 0
    gone = vigie("models", "verify", "cards")
    assert gone.exit_code == 5
    assert "models" in gone.stdout


@pytest.mark.parametrize(
    ("kind", "words"), [("s3", "S3_MODEL_BUCKET"), ("ftp", "expected one of local, s3, gcs, azure")]
)
def test_a_store_that_is_not_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    """The setting that is missing or wrong is named."""
    monkeypatch.setenv("STORAGE_TYPE", kind)
    result = vigie("models", "add", folder)
    assert result.exit_code == 2
    assert words in result.stderr


def test_upgrade_of_the_database(vigie_home: Path) -> None:
    """Harmless when there is nothing to do."""
    (vigie_home / "catalog.sqlite").unlink()
    assert json.loads(vigie("db", "upgrade", "--json").stdout)["before"] is None
    assert "already" in vigie("db", "upgrade").stderr
