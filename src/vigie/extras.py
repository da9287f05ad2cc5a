"""Extras: optional dependencies, and the one error where they are not installed."""

from __future__ import annotations

from importlib.util import find_spec

from vigie.errors import MissingExtra

MODULES = {
    "web": (
        "apiflask",
        "argon2",
        "cronsim",
        "flask",
        "flask_wtf",
        "prometheus_client",
        "waitress",
        "xlsxwriter",
    ),
    "train": ("optuna", "sklearn"),
    "cloud": ("obstore",),
    "postgres": ("psycopg",),
    "excel": ("fastexcel",),
    "spark": ("pyarrow", "pyspark"),
    "sign": ("OpenSSL", "cryptography", "model_signing"),
    "joblib": ("joblib",),
    "sftp": ("asyncssh",),
    "oidc": ("authlib", "requests"),
}
"""Modules that each extra of pyproject.toml installs and that Vigie imports. Nothing needs the extra `gcs`: without it
obstore reaches Google Cloud Storage."""


def require(extra: str, purpose: str) -> None:
    """Check that an extra is installed, before its modules are imported.

    Args:
        extra: a key of `MODULES`.
        purpose: what it is needed for, a constant text.

    Raises:
        MissingExtra: one of its modules is not installed.
    """
    if any(find_spec(module) is None for module in MODULES[extra]):
        raise MissingExtra(purpose, extra)
