"""`vigie serve` and `vigie worker`."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import click

from vigie import settings
from vigie.cli.errors import EXAMPLES, Command
from vigie.cli.supervisor import Child, keep_running
from vigie.errors import Unavailable, UsageRefused
from vigie.extras import require
from vigie.i18n.messages import msg

if TYPE_CHECKING:
    from vigie.db.database import Engine
    from vigie.settings import Settings, WebSettings

_CRASHES = {
    getattr(signal, name, 0) for name in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGSYS")
}
"""Signals that a process causes itself, unlike SIGKILL."""
_PRIVATE = 0o077
"""Mask of what the server writes: cells of users, in a folder that may have been there before."""
_LOCAL = {"127.0.0.1", "::1", "localhost"}


@click.command(
    epilog=EXAMPLES.format(
        "vigie serve",
        "vigie serve --port 9000 --no-link",
        "DATABASE_URL=postgresql://… VIGIE_SECRET=… vigie serve --host 0.0.0.0 --processes 4",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Address to listen on; others than this machine need VIGIE_PRODUCTION and VIGIE_SECRET.")  # fmt: skip
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Port to listen on.",
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    metavar="N",
    help="Number of web processes.",
)
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 128), metavar="N",
              help="Requests per process at a time.")  # fmt: skip
@click.option("--worker/--no-worker", "worker", default=None,
              help="Also start a worker; by default in a single-user installation.")  # fmt: skip
@click.option(
    "--link/--no-link", default=True, show_default=True, help="Print a link that signs you in once."
)
@click.option(
    "--listen-fd",
    type=click.IntRange(0),
    hidden=True,
    help="Serve on this inherited socket, as a web process does.",
)
def serve(
    host: str, port: int, processes: int, threads: int, worker: bool | None, link: bool, listen_fd: int | None
) -> None:
    """Serve the web app.

    On your own machine this starts the app and a worker, and prints a link that signs you in. For several users, on
    PostgreSQL and an object store, start as many `vigie serve` and `vigie worker` as needed.
    """
    require("web", "the web app")
    os.umask(_PRIVATE)
    if listen_fd is not None:
        _web_process(listen_fd, threads)
    chosen, web = settings.load(), settings.load_web()
    if host not in _LOCAL and not web.production:
        raise UsageRefused(
            f"{host} can be reached by others, but this is a single-user installation",
            hint="set VIGIE_PRODUCTION=yes and VIGIE_SECRET, or leave out --host",
        )
    _check(chosen, web)
    with _listening(host, port) as listening:
        if link and not web.production:
            click.echo(_link(chosen, f"http://{'[::1]' if host == '::1' else host}:{port}"))
        files = (listening.fileno(),)
        arguments = ["serve", "--listen-fd", str(files[0]), "--threads", str(threads)]
        children = [Child(f"web process {n + 1}", lambda: arguments, files) for n in range(processes)]
        has_worker = not web.production if worker is None else worker
        with ExitStack() as stack:
            lanes = stack.enter_context(_lanes(chosen, web.jobs)) if has_worker else []
            keep_running([*children, *lanes], _stop_on_signals())


@click.command(
    cls=Command,
    renamed={"--while-stdin": "--exit-on-stdin-eof"},
    epilog=EXAMPLES.format(
        "vigie worker",
        "vigie worker --jobs 4",
        "DATABASE_URL=postgresql://… STORAGE_TYPE=s3 S3_MODEL_BUCKET=… vigie worker",
    ),
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Jobs run in parallel; by default VIGIE_JOBS, or 1.",
)
@click.option("--probe", is_flag=True,
              help="Start nothing: exit with 0 if a worker of this machine sent a heartbeat in the last minute, else 5.")  # fmt: skip
@click.option(
    "--exit-on-stdin-eof",
    is_flag=True,
    hidden=True,
    help="Stop at the end of standard input, as when the parent process ends.",
)
@click.option(
    "--lane",
    hidden=True,
    type=click.Choice(["inspect", "watches", "small", "jobs"]),
    help="Run one lane, in this process.",
)
@click.option("--name", hidden=True, default="", help="Name of the worker of that lane.")
def worker(jobs: int | None, probe: bool, exit_on_stdin_eof: bool, lane: str | None, name: str) -> None:
    """Run the jobs of the web app: inspect uploads, score, refine, train, look at watches, clean up.

    Start as many as needed, on any machine that reaches the database and the store. A worker can be killed at any time.
    """
    if probe:
        _probe_worker()
        return
    require("web", "a worker")
    os.umask(_PRIVATE)
    chosen, web = settings.load(), settings.load_web()
    stopping = _stop_on_signals()
    if lane is not None:
        _run_lane(chosen, web, stopping, lane, name)
    if exit_on_stdin_eof:
        threading.Thread(target=_until_end_of_stdin, args=(stopping.set,), daemon=True).start()
    with _lanes(chosen, jobs or web.jobs) as children:
        keep_running(children, stopping)


def _run_lane(
    chosen: Settings, web: WebSettings, stopping: threading.Event, lane: str, name: str
) -> NoReturn:
    """Run one lane of a worker until SIGTERM.

    Where the supervising process was killed, nothing is released: the leases expire, as after any death.
    """
    from vigie.jobs.worker import run_worker
    from vigie.logs import to_stderr

    to_stderr()
    threading.Thread(target=_until_end_of_stdin, args=(lambda: os._exit(1),), daemon=True).start()
    run_worker(chosen, web, stopping, lane=lane, name=name)
    _end_process()


def _probe_worker() -> None:
    """Raise Unavailable unless a worker of this machine is alive."""
    from vigie.app import worker_heartbeats

    home = settings.load().home
    silence = worker_heartbeats.silence(home)
    if silence is None or silence > worker_heartbeats.MAX_SILENCE:
        found = "no heartbeat" if silence is None else f"the last heartbeat {silence:.0f} s ago"
        raise Unavailable(
            f"worker of {home}: found {found}, expected one in the last {worker_heartbeats.MAX_SILENCE:.0f} s",
            hint="start one: vigie worker",
        )
    click.echo(f"last heartbeat {silence:.0f} s ago")


@contextmanager
def _lanes(chosen: Settings, jobs: int) -> Iterator[list[Child]]:
    """Return the processes of a worker: one that inspects uploads, one for watches, one for small files, one per job at a time."""
    from vigie.db import database

    with database.opened(chosen.database_url) as engine:
        yield [_lane(engine, lane) for lane in ("inspect", "watches", "small", *["jobs"] * jobs)]


def _lane(engine: Engine, lane: str) -> Child:
    from vigie.app import job_queue
    from vigie.errors import DatabaseUnavailable

    name = ""

    def arguments() -> list[str]:
        nonlocal name
        name = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(6)}"
        return ["worker", "--lane", lane, "--name", name]

    def end_attempts(code: int) -> None:
        with suppress(DatabaseUnavailable):  # the leases expire
            job_queue.end_attempts(engine, name, crashed=-code in _CRASHES)

    return Child(f"worker ({lane})", arguments, on_exit=end_attempts)


def _end_process() -> NoReturn:
    """End this process with exit code 0, without finalizing the interpreter.

    A run that was given back is still being computed. Python ends such a thread when it next asks for the interpreter,
    and native code that is left in this way aborts the process ("exception not rethrown").
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _check(chosen: Settings, web: WebSettings) -> None:
    """Check the settings once, before each web process does and reports to its log."""
    from vigie import resources
    from vigie.db import database
    from vigie.web.security import secret

    secret(chosen, web)
    resources.model_store(chosen)
    database.open(chosen.database_url).dispose()


def _link(chosen: Settings, url: str) -> str:
    """Return a one-time link for the single user, whose account is created if there is none."""
    from datetime import timedelta

    from vigie.app import sessions, users
    from vigie.db import database
    from vigie.relocate.lock_owner import username
    from vigie.web.services.accounts import link_url

    with database.opened(chosen.database_url) as engine:
        admins = [user for user in users.list_all(engine) if user.role == "admin" and user.active]
        owner = admins[0] if admins else users.add(engine, "me@localhost", username(), "admin")
        return link_url(url, sessions.create_link(engine, owner.id, timedelta(hours=1)))


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the socket that all web processes share.

    Raises:
        Unavailable: the address cannot be listened on.
    """
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listening = socket.create_server((address, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        # Python adds the address in parentheses to the words of the system.
        reason = (getattr(error, "strerror", None) or type(error).__name__).partition(" (while")[0]
        raise Unavailable(
            msg("cannot listen on {host} port {port}: {reason}", host=host, port=port, reason=reason),
            hint="stop the program that uses this port, or choose another with --port",
        ) from None
    with listening:
        listening.setblocking(False)
        yield listening


def _web_process(descriptor: int, threads: int) -> NoReturn:
    """Serve on an inherited socket until SIGTERM, or until the supervising process ends."""
    from vigie.web import serve_app
    from vigie.web.server import serve

    stopping = _stop_on_signals()
    threading.Thread(target=_until_end_of_stdin, args=(stopping.set,), daemon=True).start()
    with socket.socket(fileno=descriptor) as listening:
        serve(serve_app(), listening, threads, stopping)
    _end_process()


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _until_end_of_stdin(then: Callable[[], None]) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    then()
