"""The bundle format: a model as five files and a manifest.

Nothing in a bundle can be executed: it is a booster in XGBoost's UBJSON and plain JSON. This module does no input or output
and does not interpret the JSON.

    booster.ubj.zst    the booster, compressed
    features.json      what the model expects and how it is computed
    calibration.json   score -> probability
    performance.json   measures on tables it was not trained on
    profile.json       columns, roles, quantiles, for matching in the catalog
    manifest.json      format version, name, version, and the sha256 and size of each file above

Only the booster is compressed: a model's JSON is tens of kilobytes, and can be read with any viewer.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

import zstandard

from vigie import __version__
from vigie.errors import DamagedBundle, InputRefused, NewerBundle
from vigie.i18n.messages import msg

FORMAT_VERSION = 1
BOOSTER = "booster.ubj.zst"
DOCUMENTS = {
    "features.json": "features",
    "calibration.json": "calibration",
    "performance.json": "performance",
    "profile.json": "profile",
}
FILES = (BOOSTER, *DOCUMENTS)
MANIFEST = "manifest.json"

BOOSTER_LIMIT = 256 * 1024**2
JSON_LIMIT = 16 * 1024**2
MANIFEST_LIMIT = 1024**2
_ZSTD_LEVEL = 15
_ZSTD_WINDOW = 1 << 27
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}")


@dataclass(frozen=True)
class Bundle:
    """A model: `booster` is raw UBJSON, the other parts are JSON objects."""

    name: str
    version: str
    booster: bytes
    features: dict[str, Any]
    calibration: dict[str, Any]
    performance: dict[str, Any]
    profile: dict[str, Any]


@dataclass(frozen=True)
class FileDigest:
    """What a file's bytes must be: a SHA-256 in lower-case hexadecimal, and a size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A validated manifest; `created` is ISO 8601 as the packer gave it."""

    format_version: int
    name: str
    version: str
    created: str
    files: dict[str, FileDigest]
    libraries: dict[str, str]

    @property
    def size(self) -> int:
        """Total size of the files in bytes, without the manifest."""
        return sum(entry.size for entry in self.files.values())


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower-case hexadecimal."""
    return sha256(data).hexdigest()


def file_limit(name: str) -> int:
    """Return the maximum size in bytes of a stored file of that name."""
    return MANIFEST_LIMIT if name == MANIFEST else BOOSTER_LIMIT if name == BOOSTER else JSON_LIMIT


def pack(bundle: Bundle, *, created: str, libraries: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the bundle's files by name, the manifest last; the same arguments give the same bytes.

    Args:
        bundle: the model; its JSON must have finite numbers and string keys only.
        created: when the model was made, ISO 8601; the clock is not read.
        libraries: library -> version that trained the model; Vigie's own version is added.

    Raises:
        InputRefused: a name, a version or a document cannot be stored, or a file is too large.
    """
    for label, value in (("name", bundle.name), ("version", bundle.version)):
        if not _NAME.fullmatch(value):
            raise InputRefused(
                msg(
                    "bundle {label}: found {value!r}, expected letters, digits and . _ + - only, at most 200",
                    label=label,
                    value=value,
                ),
                hint="give the model a name that can be part of a file name",
            )
    compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_content_size=True)
    files = {BOOSTER: compressor.compress(_limited(bundle.name, BOOSTER, bundle.booster, BOOSTER_LIMIT))}
    for name, field in DOCUMENTS.items():
        files[name] = _limited(
            bundle.name, name, _canonical(bundle.name, name, getattr(bundle, field)), JSON_LIMIT
        )
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": bundle.name,
        "version": bundle.version,
        "created": created,
        "files": {name: {"sha256": digest(data), "size": len(data)} for name, data in files.items()},
        "libraries": {"vigie": __version__, **(libraries or {})},
    }
    files[MANIFEST] = _canonical(bundle.name, MANIFEST, manifest)
    return files


def unpack(files: Mapping[str, bytes], *, manifest_sha256: str | None = None) -> Bundle:
    """Verify every byte against the manifest and return the bundle.

    Args:
        files: file name -> bytes: the five files and the manifest, nothing else.
        manifest_sha256: registered digest of the manifest. Without it the files are only known to agree with each other.

    Raises:
        DamagedBundle: a file is missing, unknown, unreadable, or has other bytes.
        NewerBundle: the format is later than this version of Vigie reads.
    """
    if MANIFEST not in files:
        raise DamagedBundle("unknown", MANIFEST, found="no such file", expected="a manifest")
    manifest = read_manifest(files[MANIFEST], manifest_sha256=manifest_sha256)
    present = set(files) - {MANIFEST}
    for name in sorted(present ^ set(manifest.files)):
        found = "a file the manifest does not name" if name in present else "no such file"
        expected = "only the files of the manifest" if name in present else "the file the manifest names"
        raise DamagedBundle(manifest.name, name, found=found, expected=expected)
    for name, entry in manifest.files.items():
        check(manifest.name, name, files[name], entry)
    documents = {
        field: _parse(manifest.name, name, files[name], JSON_LIMIT) for name, field in DOCUMENTS.items()
    }
    booster = _decompress(manifest.name, files[BOOSTER])
    return Bundle(manifest.name, manifest.version, booster, **documents)


def check(bundle: str, file: str, data: bytes, entry: FileDigest) -> None:
    """Raise DamagedBundle unless `data` has the size and the digest of `entry`."""
    if len(data) != entry.size:
        raise DamagedBundle(
            bundle,
            file,
            found=msg("{data:,} bytes", data=len(data)),
            expected=msg("{size:,} bytes", size=entry.size),
        )
    actual = digest(data)
    if actual != entry.sha256:
        raise DamagedBundle(
            bundle,
            file,
            found=msg("sha256 {actual}…", actual=actual[:16]),
            expected=msg("sha256 {sha256}…", sha256=entry.sha256[:16]),
        )


def read_manifest(data: bytes, *, manifest_sha256: str | None = None, bundle: str = "unknown") -> Manifest:
    """Parse and validate a manifest: first its digest, then its format version, then everything else.

    Args:
        data: bytes of manifest.json.
        manifest_sha256: their registered digest.
        bundle: name for errors before the manifest's own name is known.

    Raises:
        DamagedBundle: the digest is another one, or the manifest is malformed.
        NewerBundle: the format is later than this version of Vigie reads.
    """
    if manifest_sha256 is not None and digest(data) != manifest_sha256:
        raise DamagedBundle(
            bundle,
            MANIFEST,
            found=msg("sha256 {data}…", data=digest(data)[:16]),
            expected=msg("sha256 {manifest_sha256}… as registered", manifest_sha256=manifest_sha256[:16]),
        )
    raw = _parse(bundle, MANIFEST, data, MANIFEST_LIMIT)
    version = raw.get("format_version")
    if type(version) is not int or version < 1:
        _refuse(bundle, msg("format_version {version!r}", version=str(version)[:20]), "a whole number from 1")
    if version > FORMAT_VERSION:
        raise NewerBundle(str(raw.get("name", bundle))[:200], found=version, newest=FORMAT_VERSION)
    texts = {key: raw.get(key) for key in ("name", "version", "created")}
    for key, value in texts.items():
        if not isinstance(value, str) or (key != "created" and not _NAME.fullmatch(value)):
            _refuse(bundle, msg("an unusable {key}", key=key), "letters, digits and . _ + - only")
    libraries = raw.get("libraries", {})
    if not isinstance(libraries, dict) or not all(isinstance(value, str) for value in libraries.values()):
        _refuse(bundle, "unusable libraries", "names and versions")
    return Manifest(
        format_version=version,
        files=_parse_files(str(texts["name"]), raw.get("files")),
        libraries=libraries,
        **{key: str(value) for key, value in texts.items()},
    )


def _parse_files(bundle: str, raw: object) -> dict[str, FileDigest]:
    if not isinstance(raw, dict):
        _refuse(bundle, "no list of files", "a digest and a size for each file")
    for name in raw:
        if "/" in name or "\\" in name or ".." in name or "\0" in name:
            _refuse(bundle, msg("the file name {name!r}", name=name[:80]), "a plain file name, no path")
    if set(raw) != set(FILES):
        odd = ", ".join(sorted(set(raw) ^ set(FILES)))
        _refuse(bundle, msg("missing or unknown files ({odd})", odd=odd[:200]), ", ".join(FILES))
    entries = {}
    for name in FILES:
        entry = raw[name]
        fields = entry if isinstance(entry, dict) else {}
        sha, size = fields.get("sha256"), fields.get("size")
        if not isinstance(sha, str) or not _DIGEST.fullmatch(sha):
            _refuse(bundle, msg("no usable sha256 for {name}", name=name), "64 hexadecimal digits")
        if type(size) is not int or not 0 <= size <= file_limit(name):
            _refuse(
                bundle,
                msg("no usable size for {name}", name=name),
                msg("0 to {limit:,} bytes", limit=file_limit(name)),
            )
        entries[name] = FileDigest(sha, size)
    return entries


def _refuse(bundle: str, found: str, expected: str) -> NoReturn:
    raise DamagedBundle(bundle, MANIFEST, found=found, expected=expected)


def _canonical(bundle: str, file: str, value: object) -> bytes:
    """Serialise to JSON with sorted keys and no spaces: equal values give equal bytes."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise InputRefused(
            msg("bundle {bundle!r}, {file}: {error}", bundle=bundle, file=file, error=error),
            hint="store plain JSON: finite numbers, text, lists, objects",
        ) from None


def _limited(bundle: str, file: str, data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise InputRefused(
            msg(
                "bundle {bundle!r}, {file}: found {data:,} bytes, expected at most {limit:,}",
                bundle=bundle,
                file=file,
                data=len(data),
                limit=limit,
            )
        )
    return data


def _parse(bundle: str, file: str, data: bytes, limit: int) -> dict[str, Any]:
    """Parse a JSON object; refuse what JSON parsers read differently, such as repeated keys."""
    if len(data) > limit:
        raise DamagedBundle(
            bundle,
            file,
            found=msg("{data:,} bytes", data=len(data)),
            expected=msg("at most {limit:,}", limit=limit),
        )
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_float=_parse_number,
            parse_constant=_parse_number,
            object_pairs_hook=_refuse_repeated_keys,
        )
    except (ValueError, RecursionError) as error:
        reason = "nesting too deep" if isinstance(error, RecursionError) else str(error)
        raise DamagedBundle(
            bundle, file, found=msg("unreadable JSON ({reason})", reason=reason[:120]), expected="JSON"
        ) from None
    if not isinstance(value, dict):
        raise DamagedBundle(
            bundle, file, found=msg("a JSON {name}", name=type(value).__name__), expected="a JSON object"
        )
    return value


def _parse_number(text: str) -> float:
    value = float(text.replace("Infinity", "inf"))
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return value


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("the same key twice")
    return value


def _decompress(bundle: str, data: bytes) -> bytes:
    """Return the booster's bytes; the announced size is checked before memory is allocated."""
    try:
        announced = zstandard.frame_content_size(data)
        if not 0 <= announced <= BOOSTER_LIMIT:
            raise DamagedBundle(
                bundle,
                BOOSTER,
                found="no size announced"
                if announced < 0
                else msg("{announced:,} bytes once decompressed", announced=announced),
                expected=msg("at most {booster_limit:,}", booster_limit=BOOSTER_LIMIT),
            )
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        return decompressor.decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedBundle(
            bundle, BOOSTER, found=msg("bad zstd data ({error})", error=error), expected="zstd"
        ) from None
