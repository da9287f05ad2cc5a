"""Checks of database, home, proxies, migrations, clock, signatures, secret and worker."""

from __future__ import annotations

import os
import shlex
import stat
from datetime import UTC, datetime, timedelta

from vigie import resources
from vigie.app import audit, worker_heartbeats
from vigie.db import database, health
from vigie.doctor.finding import GOOD, PROBLEM, WARNING, Finding
from vigie.relocate import list_migrations
from vigie.settings import MIN_SECRET_LENGTH, Settings, WebSettings

MIN_POSTGRESQL = 13
"""Oldest major version that is tested; older ones no longer get fixes from their makers."""

# Seconds, seconds, milliseconds, seconds.
_CLOCK_WARNING, _CLOCK_PROBLEM = 5.0, 300.0
_SLOW_DATABASE = 50.0
_MAX_WAIT = 60.0
_OTHERS = 0o077
_RECENT = timedelta(days=7)


def check_database(status: health.DatabaseStatus) -> Finding:
    """Check revision, version and speed of the database."""
    found = f"{status.server} at {status.place}, answers in {status.milliseconds:.1f} ms"
    if status.server.startswith("PostgreSQL") and status.version[:1] < (MIN_POSTGRESQL,):
        found = f"{found}; expected PostgreSQL {MIN_POSTGRESQL} or newer"
        return Finding("database", PROBLEM, found, "upgrade the server: pg_upgrade, or dump and restore")
    if status.revision is None:
        hint = "any command will make them; vigie db upgrade does nothing else"
        return Finding("database", GOOD, f"{found}; it has no tables yet", hint)
    if status.revision != database.HEAD:
        newer = status.revision > database.HEAD
        hint = (
            "install the newer Vigie that wrote it: pip install --upgrade vigie"
            if newer
            else "back it up, then run: vigie db upgrade"
        )
        found = f"{found}; it is at revision {status.revision}, expected {database.HEAD}"
        return Finding("database", PROBLEM, found, hint)
    if status.milliseconds > _SLOW_DATABASE:
        return Finding("database", WARNING, found, "put the web app and the database in the same region")
    return Finding("database", GOOD, f"{found}, can be written")


def check_home(chosen: Settings) -> Finding:
    """Check that other users of this machine cannot read the folder of catalog, models and uploads."""
    home = chosen.home
    if not home.is_dir():
        return Finding("home", GOOD, f"{home}: not created yet; it will be readable by this user only")
    others = stat.S_IMODE(home.stat().st_mode) & _OTHERS
    if os.name == "posix" and others:
        found = (
            f"{home}: other users of this machine can enter it (mode {stat.S_IMODE(home.stat().st_mode):o})"
        )
        return Finding("home", WARNING, found, f"keep it to yourself: chmod 700 {shlex.quote(str(home))}")
    return Finding("home", GOOD, f"{home}: readable by this user only")


def check_proxies(chosen: Settings, web: WebSettings) -> Finding:
    """Check that the web app reads callers' addresses from the proxy in front of it, if there is one."""
    if web.proxies:
        return Finding("proxies", GOOD, f"{web.proxies} trusted in front of the web app")
    with database.opened(chosen.database_url) as engine:
        seen = audit.last(engine, audit.UNREAD_PROXY_HEADER)
    if seen is None or datetime.now(UTC) - seen > _RECENT:
        return Finding("proxies", GOOD, "none in front of the web app, as far as requests tell")
    found = f"requests came with X-Forwarded-For on {seen:%Y-%m-%d %H:%M} UTC, but VIGIE_PROXIES is 0: all have one address"
    hint = "limits of sign-ins count all users as one; where a proxy of yours adds the header: export VIGIE_PROXIES=1"
    return Finding("proxies", WARNING, found, hint)


def check_migrations(chosen: Settings) -> Finding:
    """Check that no migration of models between stores was interrupted."""
    with database.opened(chosen.database_url) as engine:
        records = list_migrations(engine)
    last = records[0] if records else None
    if last is None:
        return Finding("migrations", GOOD, "none yet")
    if last.interrupted:
        found = f"migration {last.id} to {last.target} was interrupted ({last.who})"
        hint = f"finish it: vigie migrate --to {last.target}, or undo it: vigie migrate --rollback {last.id}"
        return Finding("migrations", WARNING, found, hint)
    doing = "is running" if last.held else f"is {last.state.replace('_', ' ')}"
    return Finding("migrations", GOOD, f"{len(records)}; the last one {doing}")


def check_clock(offsets: list[float]) -> Finding:
    """Compare this machine's clock with those of database and store: signatures and leases need them to agree."""
    if not offsets:
        hint = "repair the store or the database first, then: vigie doctor"
        return Finding(
            "clock", WARNING, "nothing to compare it with: neither store nor database answered", hint
        )
    worst = max(offsets, key=abs)
    if abs(worst) <= _CLOCK_WARNING:
        return Finding("clock", GOOD, f"within {max(1.0, abs(worst)):.0f} s of the database and the store")
    state = PROBLEM if abs(worst) > _CLOCK_PROBLEM else WARNING
    found = f"{abs(worst):.0f} s {'ahead of' if worst > 0 else 'behind'} the others"
    return Finding("clock", state, found, "set the clock: timedatectl set-ntp true")


def check_signatures(chosen: Settings) -> Finding:
    """Check that signatures can be verified where the settings ask for it."""
    if chosen.public_key is not None and not chosen.public_key.is_file():
        found = f"VIGIE_PUBLIC_KEY: no file {chosen.public_key}"
        return Finding("signatures", PROBLEM, found, "name a PEM file: export VIGIE_PUBLIC_KEY=…")
    resources.signature_policy(chosen).applies_to("")  # raises where signatures are required without a key
    if chosen.require_signature:
        return Finding("signatures", GOOD, "required, and a key is there")
    return Finding(
        "signatures", GOOD, "looked at where there is one" if chosen.public_key else "not looked at"
    )


def check_secret(web: WebSettings) -> Finding:
    """Check the secret that signs the sessions of the web app, and the address in its links."""
    if not web.production:
        return Finding("secret", GOOD, "not needed: this installation is for one person")
    if len(web.secret) < MIN_SECRET_LENGTH:
        found = f"VIGIE_SECRET has {len(web.secret)} characters, expected at least {MIN_SECRET_LENGTH}"
        hint = "make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        return Finding("secret", PROBLEM, found, hint)
    if not web.public_url:
        hint = "name the address people use, or links that sign in will lack it: export VIGIE_PUBLIC_URL=https://…"
        return Finding("secret", WARNING, "long enough, but VIGIE_PUBLIC_URL is not set", hint)
    return Finding("secret", GOOD, f"{len(web.secret)} characters; links begin with {web.public_url}")


def check_worker(status: health.DatabaseStatus, web: WebSettings) -> Finding:
    """Check that jobs are being done, by the workers' heartbeats and by the oldest job that waits."""
    alive = [silence for silence in status.workers if silence <= worker_heartbeats.MAX_SILENCE]
    seen = _last_seen(status.workers, len(alive))
    start = "start one: vigie worker, with the same DATABASE_URL and STORAGE_TYPE as the web app"
    waiting = status.waiting if status.waiting is not None and status.waiting > _MAX_WAIT else None
    if waiting is not None and not status.working:
        who = f"although {seen}" if alive else f"and no worker is running ({seen})"
        hint = f"restart it: stop the worker, then {start}" if alive else start
        return Finding("worker", PROBLEM, f"a job has been waiting for {waiting:.0f} s, {who}", hint)
    if waiting is not None:
        found = f"a job has been waiting for {waiting:.0f} s behind {status.working}; {seen}"
        return Finding(
            "worker",
            WARNING,
            found,
            "run more jobs in parallel: vigie worker --jobs 2, or start another worker",
        )
    if status.working:
        return Finding(
            "worker", GOOD, f"at work on {status.working}" + (f"; {seen}" if status.workers else "")
        )
    if web.production and not alive:
        return Finding("worker", WARNING, f"no worker is running ({seen}), and nothing is waiting", start)
    return Finding("worker", GOOD, f"nothing is waiting for one; {seen}")


def _last_seen(silences: tuple[float, ...], alive: int) -> str:
    if not silences:
        return "no worker has sent a heartbeat"
    since = f"{silences[0]:.0f} s" if silences[0] < 120 else f"{silences[0] / 60:.0f} min"
    return f"{alive} alive, the last heartbeat {since} ago" if alive else f"the last heartbeat {since} ago"
