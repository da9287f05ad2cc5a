"""Extras: optional dependencies, and the one error where they are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vigie.errors import MissingExtra

MODULES = {
    "web": ("apiflask", "argon2", "flask", "flask_wtf", "granian", "marshmallow", "prometheus_client", "xlsxwriter"),
    "train": ("optuna", "sklearn"),
    "cloud": ("obstore",),
    "postgres": ("psycopg",),
    "excel": ("fastexcel",),
    "spark": ("pandas", "pyarrow", "pyspark"),
    "sign": ("OpenSSL", "cryptography", "model_signing"),
    "joblib": ("joblib",),
    "oidc": ("authlib", "requests"),
    "gcs": ("google",),
}  # fmt: skip
"""Top-level modules that each extra of pyproject.toml installs and that Vigie imports."""


@contextmanager
def needs(extra: str, purpose: str) -> Iterator[None]:
    """Import modules of an extra inside this context.

    Args:
        extra: a key of `MODULES`.
        purpose: what they are imported for, a constant text that fits "… needs".

    Raises:
        MissingExtra: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in MODULES[extra]:
            raise
        raise MissingExtra(purpose, extra) from error
