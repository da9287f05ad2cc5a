"""Settings, read once from the environment; no other module reads os.environ.

`DATABASE_URL`, `STORAGE_TYPE`, `S3_MODEL_BUCKET` and `MODEL_CACHE_DIR` have the names of earlier deployments. Credentials
are never read here: the clients of stores and databases read them themselves. Secrets of the web app are left out of the
repr of its settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

MAX_TABLE_BYTES = 8 * 1024**3
"""Default of VIGIE_MAX_TABLE_BYTES."""
MIN_SECRET_LENGTH = 32
"""Characters of VIGIE_SECRET; `vigie serve` refuses a shorter one."""


@dataclass(frozen=True)
class Settings:
    """Locations and limits.

    Attributes:
        home: folder of the catalog, the models and the cache.
        database_url: SQLAlchemy URL of the catalog; by default SQLite in `home`.
        storage_type: kind of the store for new bundles: `local`, `s3`, `gcs`, `azure` or the name of a store plugin.
        bucket: bucket or container of the cloud store; empty for `local`.
        cache_dir: folder of verified copies, shared by all processes of the machine.
        cache_bytes: maximum size of the cache, in bytes; the least recently used copies are removed.
        require_signature: refuse a bundle without a valid signature.
        public_key: public key file to verify signatures; None to verify none.
        max_rows: maximum number of rows of a table.
        max_columns: maximum number of columns of a table.
        max_table_bytes: maximum size of a table once it is unpacked, in bytes.
    """

    home: Path
    database_url: str
    storage_type: str
    bucket: str
    cache_dir: Path
    cache_bytes: int
    require_signature: bool
    public_key: Path | None
    max_rows: int
    max_columns: int
    max_table_bytes: int = MAX_TABLE_BYTES


class BadSetting(ValueError):
    """A setting has an invalid value; the message names it."""


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ`, by default the environment of the process.

    Raises:
        BadSetting: a variable has an invalid value.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("VIGIE_HOME") or user_data_path("vigie", appauthor=False)).expanduser()
    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'catalog.sqlite'}",
        storage_type=(env.get("STORAGE_TYPE") or "local").lower(),
        bucket=env.get("S3_MODEL_BUCKET", ""),
        cache_dir=Path(env.get("MODEL_CACHE_DIR") or home / "cache").expanduser(),
        cache_bytes=_whole(env, "VIGIE_CACHE_BYTES", 2 * 1024**3),
        require_signature=_flag(env, "VIGIE_REQUIRE_SIGNATURE"),
        public_key=Path(env["VIGIE_PUBLIC_KEY"]).expanduser() if env.get("VIGIE_PUBLIC_KEY") else None,
        max_rows=_whole(env, "VIGIE_MAX_ROWS", 50_000_000),
        max_columns=_whole(env, "VIGIE_MAX_COLUMNS", 2_000),
        max_table_bytes=_whole(env, "VIGIE_MAX_TABLE_BYTES", MAX_TABLE_BYTES),
    )


_CHILD_VARIABLES = (
    *("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    *("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"),
)


def child_environment() -> dict[str, str]:
    """Return the environment of a child process that opens foreign files: nothing secret."""
    return {name: os.environ[name] for name in _CHILD_VARIABLES if name in os.environ}


def use_small_pages() -> None:
    """Tell numpy, before it is imported here or in child processes, not to ask for huge pages of memory; the user's choice stays.

    Where memory is in pieces the system moves pages to make a huge one: a first touch of 50 MB took 0.10 CPU seconds, and 0.02 in
    small pages.
    """
    os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")


def spark_python(environ: Mapping[str, str] | None = None) -> str:
    """Return the Python interpreter of Spark tasks; empty for Spark's default."""
    env = os.environ if environ is None else environ
    return env.get("PYSPARK_PYTHON", "")


@dataclass(frozen=True)
class StoreOptions:
    """Connection options of the stores; empty ones are the defaults of the client.

    Attributes:
        s3_endpoint: URL of an S3-compatible server (MinIO, Ceph, R2, Railway); empty for AWS.
        s3_region: region of the bucket.
        s3_virtual_hosted: bucket in the host name instead of the path.
        azure_endpoint: URL of the blob service; empty for that of the Azure account.
        gcs_emulator: URL of a Google Cloud Storage emulator, for tests.
        connect_seconds: timeout of a connection, in seconds.
        read_seconds: timeout of a read, in seconds.
        total_seconds: time after which a failing request is not retried, in seconds.
        request_seconds: timeout of a whole request, in seconds; of at least `total_seconds`.
        probe_seconds: time after which a store that does not answer at all is reported, in seconds.
    """

    s3_endpoint: str = ""
    s3_region: str = ""
    s3_virtual_hosted: bool = False
    azure_endpoint: str = ""
    gcs_emulator: str = ""
    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    request_seconds: float = 300.0
    probe_seconds: float = 8.0


CREDENTIALS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    "gcs": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"),
    "azure": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID"),
}  # fmt: skip
"""Environment variables from which the client of each cloud reads credentials."""


def credential_names(storage_type: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return which of `CREDENTIALS` are set; never their values."""
    env = os.environ if environ is None else environ
    return tuple(name for name in CREDENTIALS.get(storage_type, ()) if env.get(name))


def load_store(environ: Mapping[str, str] | None = None) -> StoreOptions:
    """Read the connection options of the stores from `environ`, by default the environment of the process.

    Raises:
        BadSetting: a variable has an invalid value.
    """
    env = os.environ if environ is None else environ
    return StoreOptions(
        s3_endpoint=env.get("AWS_ENDPOINT_URL_S3")
        or env.get("AWS_ENDPOINT_URL")
        or env.get("AWS_ENDPOINT", ""),
        s3_region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", ""),
        s3_virtual_hosted=env.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() in {"1", "true", "yes"},
        azure_endpoint=env.get("AZURE_STORAGE_ENDPOINT") or env.get("AZURE_ENDPOINT", ""),
        gcs_emulator=env.get("STORAGE_EMULATOR_HOST", ""),
        connect_seconds=_seconds(env, "VIGIE_STORE_CONNECT_SECONDS", 5),
        read_seconds=_seconds(env, "VIGIE_STORE_READ_SECONDS", 20),
        total_seconds=_seconds(env, "VIGIE_STORE_TOTAL_SECONDS", 60),
        probe_seconds=_seconds(env, "VIGIE_STORE_PROBE_SECONDS", 8),
    )


@dataclass(frozen=True)
class SftpOptions:
    """How watches connect to SFTP servers.

    Attributes:
        known_hosts: file of the host keys of servers, in the format of OpenSSH; a server without a line in it is refused. `~` is the
            home folder of the account.
        key: private key file to sign in with, without a passphrase.
        password: password to sign in with, offered to every watched server.
        read_seconds: timeout of connecting, signing in and every answer, in seconds.
    """

    known_hosts: Path
    key: Path | None = None
    password: str = field(default="", repr=False)
    read_seconds: float = 20.0


def load_sftp(environ: Mapping[str, str] | None = None) -> SftpOptions:
    """Read how watches connect to SFTP servers from `environ`, by default the environment of the process.

    Raises:
        BadSetting: a variable has an invalid value.
    """
    env = os.environ if environ is None else environ
    return SftpOptions(
        known_hosts=Path(env.get("VIGIE_SFTP_KNOWN_HOSTS") or "~/.ssh/known_hosts"),
        key=Path(env["VIGIE_SFTP_KEY"]) if env.get("VIGIE_SFTP_KEY") else None,
        password=env.get("VIGIE_SFTP_PASSWORD", ""),
        read_seconds=_seconds(env, "VIGIE_SFTP_SECONDS", 20),
    )


@dataclass(frozen=True)
class WebSettings:
    """Settings of the web app and its workers.

    Attributes:
        production: whether several users reach the app: requires a secret and HTTPS cookies; by default yes if
            `DATABASE_URL` is not SQLite.
        secret: key that signs cookies; empty for a generated file in `home`, which production refuses.
        setup_token: token to create the first administrator in the app; empty to allow it on the command line only.
        metrics_token: token to read /metrics; empty to allow it from this machine only.
        oidc_issuer: URL of an OpenID Connect provider to sign in with; empty for none.
        oidc_client_id: client id of this app at the provider.
        oidc_client_secret: client secret of this app at the provider.
        oidc_role: role given to authenticated users without an invitation; empty to reject them.
        public_url: public URL of the app, used in links.
        proxies: number of trusted proxies in front of the app.
        max_upload_bytes: maximum size of an upload, in bytes.
        part_bytes: bytes of a part: what a request holds in memory at a time.
        retention_days: days after which uploads and their results are deleted.
        session_hours: hours after which a session ends.
        jobs: jobs that a worker runs in parallel, besides one slot for inspecting new uploads.
        lease_seconds: time after which the job of an unresponsive worker goes to another, in seconds.
        worker_memory_bytes: memory of each process of a worker, in bytes; 0 for nine tenths of the machine's.
        watch_seconds: time between two looks at a watched location, for which a file must be unchanged, in seconds.
        watch_roots: addresses of the locations that users may watch, separated by semicolons; empty for any if one person
            uses the app and none otherwise; `vigie watch add` on the server is not limited.
        smtp_host: mail server that sends notices; empty for no e-mails.
        smtp_port: port of the mail server.
        smtp_security: how the connection is encrypted: `starttls`, `tls` from the start, or `none`.
        smtp_user: user of the mail server; empty for no sign-in.
        smtp_password: password of the mail server.
        mail_from: sender of the e-mails, such as vigie@example.org.
        mail_language: language of e-mails to users who chose none.
        private_webhooks: allow webhooks at private addresses and without encryption.
    """

    production: bool = False
    secret: str = field(default="", repr=False)
    setup_token: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_role: str = ""
    public_url: str = ""
    proxies: int = 0
    max_upload_bytes: int = 2 * 1024**3
    part_bytes: int = 8 * 1024**2
    retention_days: int = 30
    session_hours: int = 12
    jobs: int = 1
    lease_seconds: float = 30.0
    worker_memory_bytes: int = 0
    watch_seconds: float = 30.0
    watch_roots: tuple[str, ...] = ()
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = "vigie@localhost"
    mail_language: str = "en"
    private_webhooks: bool = False


def load_web(environ: Mapping[str, str] | None = None) -> WebSettings:
    """Read the settings of the web app from `environ`, by default the environment of the process.

    Raises:
        BadSetting: a variable has an invalid value.
    """
    env = os.environ if environ is None else environ
    shared = (env.get("DATABASE_URL") or "sqlite:").partition(":")[0] != "sqlite"
    return WebSettings(
        production=_flag(env, "VIGIE_PRODUCTION") if env.get("VIGIE_PRODUCTION") else shared,
        secret=env.get("VIGIE_SECRET", ""),
        setup_token=env.get("VIGIE_SETUP_TOKEN", ""),
        metrics_token=env.get("VIGIE_METRICS_TOKEN", ""),
        oidc_issuer=env.get("VIGIE_OIDC_ISSUER", "").rstrip("/"),
        oidc_client_id=env.get("VIGIE_OIDC_CLIENT_ID", ""),
        oidc_client_secret=env.get("VIGIE_OIDC_CLIENT_SECRET", ""),
        oidc_role=env.get("VIGIE_OIDC_ROLE", ""),
        public_url=env.get("VIGIE_PUBLIC_URL", "").rstrip("/"),
        proxies=_whole(env, "VIGIE_PROXIES", 0),
        max_upload_bytes=_whole(env, "VIGIE_MAX_UPLOAD_BYTES", 2 * 1024**3),
        retention_days=_whole(env, "VIGIE_RETENTION_DAYS", 30),
        session_hours=_whole(env, "VIGIE_SESSION_HOURS", 12),
        jobs=max(1, _whole(env, "VIGIE_JOBS", 1)),
        lease_seconds=_seconds(env, "VIGIE_LEASE_SECONDS", 30),
        worker_memory_bytes=_whole(env, "VIGIE_WORKER_MEMORY_BYTES", 0),
        watch_seconds=_seconds(env, "VIGIE_WATCH_SECONDS", 30),
        watch_roots=tuple(filter(None, map(str.strip, env.get("VIGIE_WATCH_ROOTS", "").split(";")))),
        smtp_host=env.get("VIGIE_SMTP_HOST", ""),
        smtp_port=_whole(env, "VIGIE_SMTP_PORT", 587),
        smtp_security=_one_of(env, "VIGIE_SMTP_SECURITY", ("starttls", "tls", "none")),
        smtp_user=env.get("VIGIE_SMTP_USER", ""),
        smtp_password=env.get("VIGIE_SMTP_PASSWORD", ""),
        mail_from=env.get("VIGIE_MAIL_FROM") or "vigie@localhost",
        mail_language=env.get("VIGIE_MAIL_LANGUAGE") or "en",
        private_webhooks=_flag(env, "VIGIE_WEBHOOK_PRIVATE"),
    )


def _whole(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit():
        raise BadSetting(f"{name}: found {text!r}, expected a whole number")
    return int(text)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise BadSetting(f"{name}: found {text!r}, expected a number of seconds")
    return value


def _one_of(env: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    """Read one of some words, by default the first."""
    text = (env.get(name) or values[0]).strip().lower()
    if text not in values:
        raise BadSetting(f"{name}: found {text!r}, expected one of {', '.join(values)}")
    return text


def _flag(env: Mapping[str, str], name: str) -> bool:
    """Read yes or no; other words are refused, so that a misspelling never switches a protection off."""
    text = (env.get(name) or "no").strip().lower()
    if text not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise BadSetting(f"{name}: found {text!r}, expected yes or no")
    return text in {"1", "true", "yes", "on"}
