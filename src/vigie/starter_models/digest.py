"""Version and digest of the starter models, read without opening them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

_MODELS = Path(__file__).parent / "models"


def library_version() -> tuple[str, str]:
    """Return the version of the starter models and the SHA-256 of their manifests, which name the digest of every file."""
    version = str(json.loads((_MODELS / "index.json").read_text(encoding="utf-8"))["version"])
    combined = sha256()
    for manifest in sorted(_MODELS.glob("*/manifest.json")):
        combined.update(manifest.parent.name.encode() + b"\0" + sha256(manifest.read_bytes()).digest())
    return version, combined.hexdigest()
