"""Jobs that tests run in processes of their own, concurrently or to kill them. A job prints `ready`, then its result.

worker.py fetch CACHE SOURCE COUNTER PAUSE [STOP]  one file through the cache, slowly; a byte to COUNTER a download
worker.py publish URL PREFIX SEED PAUSE [STOP]  the bundle of that seed, with a pause before each request
worker.py full CACHE SOURCE LIMIT              one file through the cache, on a disk that takes LIMIT bytes a file
worker.py hold FILE                            reads a cached file and keeps it open until killed
worker.py crowd CACHE MAXIMUM SEED ROUNDS      fetches files of many sizes through a cache of MAXIMUM bytes
worker.py load_bundles CACHE MAXIMUM URL SEED  loads bundles from a store through a cache of MAXIMUM bytes

With STOP, it prints `stopped` before the piece or request of that number, counted from 0, and waits to be killed.
"""

from __future__ import annotations

import itertools
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from tests.helpers.killing import serve

from vigie.bundles import cache as caches
from vigie.bundles import file_lock
from vigie.bundles.bundle import Bundle, pack, unpack
from vigie.bundles.fetch import load
from vigie.bundles.publish import describe, publish
from vigie.stores import cloud  # noqa: F401
from vigie.stores.open import connect


def stop_here() -> None:
    """Print `stopped` and wait to be killed."""
    print("stopped", flush=True)
    while True:
        signal.pause()


def slowly(source: Path, pause: float, counter: Path, stop: int) -> Iterator[bytes]:
    """Yield the file in sixteen pieces, with a pause before each."""
    with counter.open("ab") as log:
        log.write(b"d")
    data = source.read_bytes()
    step = max(1, len(data) // 16)
    for number, start in enumerate(range(0, len(data), step)):
        if number == stop:
            stop_here()
        time.sleep(pause)
        yield data[start : start + step]


def fetch(folder: str, source: str, counter: str, pause: str, stop: str = "-1") -> None:
    """Fetch the file and compare it."""
    data = Path(source).read_bytes()
    digest = sha256(data).hexdigest()
    cache = caches.Cache(Path(folder), 10**9)
    print("ready", flush=True)
    got = cache.fetch(digest, len(data), lambda: slowly(Path(source), float(pause), Path(counter), int(stop)))
    print("right" if got == data else "WRONG", flush=True)


def full(folder: str, source: str, limit: str) -> None:
    """Fetch the file where every written file is limited to `limit` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    fetch(folder, source, "/dev/null", "0")


def without_rights(folder: str, source: str) -> None:
    """Fetch the file as a user without rights on the folder; root drops its rights once Python is loaded."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    fetch(folder, source, "/dev/null", "0")


def publish_bundle(url: str, prefix: str, seed: str, pause: str, stop: str = "-1") -> None:
    """Publish with a pause before each request, so that a kill can happen between any two."""
    files = make_files(int(seed))
    store, numbers = connect(url), itertools.count()
    for name in ("put", "put_if_absent"):
        setattr(store, name, _delayed(getattr(store, name), float(pause), numbers, int(stop)))
    print("ready", flush=True)
    publish(store, prefix, files, parallel=1)
    print("published", flush=True)


def make_files(seed: int) -> dict[str, bytes]:
    """Return a bundle of about 100 KB, the same for the same seed."""
    booster = b"".join(sha256(f"{seed}/{block}".encode()).digest() for block in range(3_000))
    return pack(Bundle("killed", "1", booster, {"seed": seed}, {}, {}, {}), created="2026-11-01")


def hold(path: str) -> None:
    """Keep a cached file open and locked like a reader."""
    with Path(path).open("rb") as handle:
        file_lock.try_lock(handle.fileno(), shared=True)
        print("ready", flush=True)
        while True:
            signal.pause()


def crowd(folder: str, maximum: str, seed: str, rounds: str) -> None:
    """Fetch files chosen at random, some of them larger than the cache, and compare each."""
    cache, moments = caches.Cache(Path(folder), int(maximum)), random.Random(int(seed))
    print("ready", flush=True)
    for _ in range(int(rounds)):
        number = moments.randrange(40)
        data = sha256(str(number).encode()).digest() * (1 + number**2)
        got = cache.fetch(sha256(data).hexdigest(), len(data), lambda data=data: iter([data]))
        if got != data:
            print("WRONG", flush=True)
            return
    print("right", flush=True)


def load_bundles(folder: str, maximum: str, url: str, seed: str) -> None:
    """Load the bundles of seeds 0 to 3 from a store, in an order of the seed, through a cache of `maximum` bytes."""
    cache, store = caches.Cache(Path(folder), int(maximum)), connect(url)
    print("ready", flush=True)
    for number in random.Random(int(seed)).choices(range(4), k=12):
        files = make_files(number)
        if load(store, describe(f"killed/{number}", files), cache) != unpack(files):
            print("WRONG", flush=True)
            return
    print("right", flush=True)


def _delayed(method: object, pause: float, numbers: Iterator[int], stop: int) -> object:
    def call(*provided: object) -> object:
        if next(numbers) == stop:
            stop_here()
        time.sleep(pause)
        return method(*provided)  # type: ignore[operator]

    return call


JOBS: dict[str, Callable[..., None]] = {
    "fetch": fetch,
    "publish": publish_bundle,
    "full": full,
    "without_rights": without_rights,
    "hold": hold,
    "crowd": crowd,
    "load_bundles": load_bundles,
}

if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(JOBS)
    else:
        JOBS[sys.argv[1]](*sys.argv[2:])
