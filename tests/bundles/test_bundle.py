"""The bundle format: packing, verification, earlier formats."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bundles.samples import make_bundle, make_files

from vigie.bundles import bundle
from vigie.bundles.bundle import FILES, MANIFEST, Bundle, digest, pack, read_manifest, unpack
from vigie.errors import DamagedBundle, InputRefused, NewerBundle

SAMPLES = Path(__file__).parent / "stored"

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)
documents = st.dictionaries(st.text(max_size=20), plain_json, max_size=3)


def with_manifest(files: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> dict[str, bytes]:
    """Return the files with another manifest."""
    manifest = json.loads(files[MANIFEST])
    change(manifest)
    return {**files, MANIFEST: json.dumps(manifest).encode()}


def with_file(files: dict[str, bytes], name: str, data: bytes) -> dict[str, bytes]:
    """Return the files with one of them replaced, and a consistent manifest."""
    entry = {"sha256": digest(data), "size": len(data)}
    return with_manifest({**files, name: data}, lambda manifest: manifest["files"].update({name: entry}))


class TestRoundTrip:
    @settings(max_examples=30, deadline=None)
    @given(booster=st.binary(max_size=3000), features=documents, profile=documents)
    def test_pack_and_unpack_round_trip(
        self, booster: bytes, features: dict[str, Any], profile: dict[str, Any]
    ) -> None:
        """Any bytes and any JSON are returned unchanged."""
        bundle = Bundle("name", "1.0", booster, features, {}, {}, profile)
        assert unpack(pack(bundle, created="2026-11-01")) == bundle

    def test_packing_is_deterministic(self) -> None:
        """Equal bundles give equal bytes, whatever the order of their keys."""
        bundle = make_bundle()
        turned = replace(bundle, features={"b": 1, "a": 2})
        assert pack(bundle, created="x") == pack(make_bundle(), created="x")
        assert pack(turned, created="x") == pack(replace(bundle, features={"a": 2, "b": 1}), created="x")
        assert pack(bundle, created="x") != pack(bundle, created="y")

    def test_manifest_lists_the_files(self) -> None:
        """It has the format, names, digests, sizes and library versions."""
        files = pack(make_bundle("cards", "3"), created="2026-11-01", libraries={"xgboost": "3.2"})
        manifest = read_manifest(files[MANIFEST], manifest_sha256=digest(files[MANIFEST]))
        assert (manifest.format_version, manifest.name, manifest.version) == (1, "cards", "3")
        assert manifest.libraries.keys() == {"vigie", "xgboost"}
        assert {name: entry.size for name, entry in manifest.files.items()} == {
            name: len(files[name]) for name in FILES
        }
        assert manifest.size == sum(len(files[name]) for name in FILES)
        assert list(files)[-1] == MANIFEST

    @pytest.mark.parametrize("folder", sorted(SAMPLES.iterdir()), ids=lambda folder: folder.name)
    def test_every_stored_format_is_read(self, folder: Path) -> None:
        """There is one sample of each format version; samples are added and never changed."""
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        bundle = unpack(files)
        assert (bundle.name, bundle.version) == ("sample", "1")
        assert bundle.booster == b"not a booster, only bytes of a booster's kind\x00\xff" * 20
        assert bundle.features == {"inputs": ["amount_ratio", "hour_gap"], "note": "été"}
        assert bundle.calibration == {"kind": "logistic", "slope": 1.25}
        assert bundle.performance == {"average_precision": 0.5}
        assert bundle.profile == {"domain": "mobile_money", "rows": 1000}


class TestPacking:
    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), {1, 2}, b"bytes", "\ud800", {"a": object()}]
    )
    def test_pack_refuses_what_is_not_json(self, value: object) -> None:
        """The writer refuses what the reader would refuse."""
        with pytest.raises(InputRefused, match=r"profile.json"):
            pack(replace(make_bundle(), profile={"x": value}), created="")

    @pytest.mark.parametrize("name", ["", "..", "a/b", "a b", ".hidden", "x" * 300, "é", "a\n"])
    def test_pack_refuses_names_that_cannot_be_part_of_a_key(self, name: str) -> None:
        """Names and versions become parts of keys."""
        with pytest.raises(InputRefused, match="bundle name"):
            pack(replace(make_bundle(), name=name), created="")
        with pytest.raises(InputRefused, match="bundle version"):
            pack(replace(make_bundle(), version=name), created="")

    def test_pack_refuses_files_over_the_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The limits of the reader hold for the writer too."""
        monkeypatch.setattr(bundle, "BOOSTER_LIMIT", 1000)
        with pytest.raises(InputRefused, match="at most 1,000"):
            pack(make_bundle(), created="")


class TestDamage:
    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_a_flipped_byte_is_refused(self, name: str) -> None:
        """In the first, middle and last byte of every file; the error names the file."""
        files = make_files(size=2000)
        registered = digest(files[MANIFEST])
        for position in (0, len(files[name]) // 2, len(files[name]) - 1):
            spoilt = bytearray(files[name])
            spoilt[position] ^= 1
            with pytest.raises(DamagedBundle, match=name):
                unpack({**files, name: bytes(spoilt)}, manifest_sha256=registered)

    def test_another_consistent_bundle_is_refused(self) -> None:
        """The manifest must have the registered digest."""
        registered = digest(make_files(seed=1)[MANIFEST])
        with pytest.raises(DamagedBundle, match="as registered"):
            unpack(make_files(seed=2), manifest_sha256=registered)

    @pytest.mark.parametrize("name", FILES)
    def test_wrong_sizes_are_refused(self, name: str) -> None:
        """Absent, shorter or longer than in the manifest, or over the limits."""
        files = make_files(size=2000)
        with pytest.raises(DamagedBundle, match=name):
            unpack({key: data for key, data in files.items() if key != name})
        for data in (files[name][:-1], files[name] + b" ", b""):
            with pytest.raises(DamagedBundle, match="bytes, expected"):
                unpack({**files, name: data})
        for size in (-1, 10**15, 1.5, "12", True, None):
            spoilt = with_manifest(
                files, lambda manifest, size=size: manifest["files"][name].update(size=size)
            )
            with pytest.raises(DamagedBundle, match="no usable size"):
                unpack(spoilt)

    def test_an_unknown_file_is_refused(self) -> None:
        """A bundle has only the files that its manifest names."""
        with pytest.raises(DamagedBundle, match=r"evil.pkl"):
            unpack({**make_files(size=2000), "evil.pkl": b""})
        with pytest.raises(DamagedBundle, match="a manifest"):
            unpack({})

    @pytest.mark.parametrize("name", ["../booster.ubj.zst", "..", "a/b", "a\\b", "/etc/passwd", "x\0y"])
    def test_a_file_name_with_a_path_is_refused(self, name: str) -> None:
        """A manifest names files without folders."""
        entry = {"sha256": "0" * 64, "size": 1}
        files = with_manifest(make_files(size=2000), lambda manifest: manifest["files"].update({name: entry}))
        with pytest.raises(DamagedBundle, match="no path"):
            unpack({**files, name: b"x"})

    @pytest.mark.parametrize(
        "change",
        [
            lambda manifest: manifest.pop("files"),
            lambda manifest: manifest.update(files=[]),
            lambda manifest: manifest["files"].pop("profile.json"),
            lambda manifest: manifest["files"].update({"other.json": manifest["files"]["profile.json"]}),
            lambda manifest: manifest["files"].update({"profile.json": "text"}),
            lambda manifest: manifest["files"]["profile.json"].update(sha256="0" * 63),
            lambda manifest: manifest["files"]["profile.json"].update(sha256=1),
            lambda manifest: manifest.update(name="../x"),
            lambda manifest: manifest.update(name=7),
            lambda manifest: manifest.pop("version"),
            lambda manifest: manifest.update(created=None),
            lambda manifest: manifest.update(libraries=[]),
            lambda manifest: manifest.update(libraries={"x": 1}),
            lambda manifest: manifest.update(format_version=0),
            lambda manifest: manifest.update(format_version="1"),
            lambda manifest: manifest.update(format_version=True),
            lambda manifest: manifest.pop("format_version"),
        ],
    )
    def test_a_malformed_manifest_is_refused(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Every field is validated."""
        with pytest.raises(DamagedBundle, match=MANIFEST):
            unpack(with_manifest(make_files(size=2000), change))

    def test_a_newer_format_is_refused(self) -> None:
        """Before any other field of the manifest is read; the hint is to upgrade."""
        manifest = {"format_version": 2, "name": "cards", "shape": "unknown to us"}
        with pytest.raises(NewerBundle, match="format 2, this Vigie reads up to 1") as caught:
            unpack({MANIFEST: json.dumps(manifest).encode()})
        assert caught.value.hint == "upgrade Vigie"


class TestHostileContent:
    """Content with right digests: a bundle may come from another program."""

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"[]", b"1", b"null", b"{", b"\xff\xfe", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}',
            b'{"a":1e999}', b'{"a":1,"a":2}', b'{"a":' + b"9" * 5000 + b"}", b'{"a":' * 100_000, b"[" * 100_000,
        ],
    )  # fmt: skip
    def test_ambiguous_json_is_refused(self, data: bytes) -> None:
        """Not an object, not finite, a repeated key, nested too deeply, a number too long."""
        with pytest.raises(DamagedBundle, match=r"profile.json"):
            unpack(with_file(make_files(size=2000), "profile.json", data))

    def test_large_json_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before the text is parsed."""
        files = make_files(size=2000)
        monkeypatch.setattr(bundle, "JSON_LIMIT", max(map(len, files.values())))
        files = with_file(files, "profile.json", b"{" + b" " * bundle.JSON_LIMIT + b"}")
        with pytest.raises(DamagedBundle, match=r"profile.json"):
            unpack(files)

    def test_a_decompression_bomb_is_refused(self) -> None:
        """Half a gigabyte of zeros in twenty kilobytes, an announced terabyte, no announced size."""
        bomb = zstandard.ZstdCompressor(level=3).compressobj(size=512 * 1024**2)
        zeros = b"".join(bomb.compress(bytes(1024**2)) for _ in range(512)) + bomb.flush()
        assert len(zeros) < 100_000
        header = zstandard.compress(b"x" * 1000)
        assert zstandard.frame_content_size(header) == 1000
        lying = header[:4] + bytes([0xE0]) + struct.pack("<Q", 2**40) + header[7:]
        assert zstandard.frame_content_size(lying) == 2**40
        silent = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 1000)
        for data in (zeros, lying, silent):
            with pytest.raises(DamagedBundle, match=r"booster.ubj.zst") as caught:
                unpack(with_file(make_files(size=2000), "booster.ubj.zst", data))
            assert "expected at most" in str(caught.value)

    def test_damaged_compression_is_refused(self) -> None:
        """Not zstd, truncated, followed by other bytes, or smaller than announced."""
        good = zstandard.compress(b"x" * 1000)
        short = zstandard.compress(b"y" * 300)
        for data in (b"", b"garbage", good[:-3], good + b"more", good[:6] + short[6:]):
            with pytest.raises(DamagedBundle, match=r"booster.ubj.zst"):
                unpack(with_file(make_files(size=2000), "booster.ubj.zst", data))
