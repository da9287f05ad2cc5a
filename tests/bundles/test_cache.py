"""The cache: concurrent processes, damage, full and read-only disks, eviction."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.bundles.worker import make_files as make_bundle
from tests.helpers.killing import KillableJobs
from tests.relocate.sample_models import make_files
from tests.waiting import LIMIT

from vigie.bundles import file_lock
from vigie.bundles.cache import Cache
from vigie.bundles.fetch import load
from vigie.bundles.publish import publish
from vigie.errors import DamagedBundle, UsageRefused
from vigie.stores.open import connect

WORKER = [sys.executable, "-m", "tests.bundles.worker"]
DATA = bytes(range(256)) * 400
DIGEST = sha256(DATA).hexdigest()


class Source:
    """Counts downloads; `spoil` changes the bytes of the n-th."""

    def __init__(
        self, data: bytes = DATA, spoil: Callable[[int, bytes], bytes] = lambda _, data: data
    ) -> None:
        self.data = data
        self.spoil = spoil
        self.downloads = 0

    def __call__(self) -> Iterator[bytes]:
        self.downloads += 1
        data = self.spoil(self.downloads, self.data)
        return iter([data[start : start + 10_000] for start in range(0, len(data), 10_000)])


def never() -> Iterator[bytes]:
    """Fail like an unavailable store."""
    raise AssertionError("the store was asked")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache with space for everything."""
    return Cache(tmp_path / "cache", 10**9)


def parts(cache: Cache) -> list[Path]:
    """Return the parts of unfinished downloads."""
    return list(cache.folder.rglob("*.part"))


class TestFetch:
    def test_a_file_is_downloaded_once(self, cache: Cache) -> None:
        """The second fetch needs no store, in this process and in another."""
        source = Source()
        assert cache.fetch(DIGEST, len(DATA), source) == DATA
        assert cache.fetch(DIGEST, len(DATA), never) == DATA
        assert Cache(cache.folder, 10**9).fetch(DIGEST, None, never) == DATA
        assert source.downloads == 1
        assert parts(cache) == []

    def test_a_damaged_file_is_downloaded_again(self, cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
        """Damage is found at the next read, also with size and time unchanged."""
        source = Source()
        cache.fetch(DIGEST, len(DATA), source)
        path = cache._path(DIGEST)
        before = path.stat()
        path.write_bytes(DATA[:-1] + b"?")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert cache.fetch(DIGEST, len(DATA), source) == DATA
        assert source.downloads == 2
        assert "damaged" in caplog.text
        assert path.read_bytes() == DATA

    def test_a_damaged_download_is_repeated_once(self, cache: Cache) -> None:
        """One damaged response costs one more download."""
        source = Source(spoil=lambda count, data: data[:-1] if count == 1 else data)
        assert cache.fetch(DIGEST, len(DATA), source) == DATA
        assert source.downloads == 2

    @pytest.mark.parametrize(
        ("spoil", "found"),
        [
            (lambda _, data: b"?" + data[1:], "found sha256"),
            (lambda _, data: data[:50_000], "50000 bytes|50,000 bytes"),
            (lambda _, data: data + b"more", "more than 102,400 bytes"),
            (lambda _, data: b"", "and 0 bytes"),
        ],
        ids=["flipped", "truncated", "longer", "empty"],
    )
    def test_two_damaged_downloads_are_an_error(
        self, cache: Cache, spoil: Callable[[int, bytes], bytes], found: str
    ) -> None:
        """The error names bundle and file, and no file is left."""
        source = Source(spoil=spoil)
        with pytest.raises(DamagedBundle, match=found) as caught:
            cache.fetch(DIGEST, len(DATA), source, bundle="cards", file="booster.ubj.zst")
        assert "bundle 'cards', file 'booster.ubj.zst'" in str(caught.value)
        assert source.downloads == 2
        assert cache.list() == ()
        assert parts(cache) == []

    def test_a_download_stops_at_its_limit(self, cache: Cache) -> None:
        """A store may send more bytes than registered."""

        def endless() -> Iterator[bytes]:
            while True:
                yield bytes(1000)

        with pytest.raises(DamagedBundle, match="more than 5,000 bytes"):
            cache.fetch(DIGEST, 5_000, endless)
        with pytest.raises(DamagedBundle, match="more than 7,000 bytes"):
            cache.fetch(DIGEST, None, endless, limit=7_000)

    def test_errors_of_a_download_are_raised(self, cache: Cache) -> None:
        """No file is left."""

        def failing() -> Iterator[bytes]:
            yield DATA[:1000]
            raise DamagedBundle("x", "y", found="a", expected="b")

        with pytest.raises(DamagedBundle, match="bundle 'x'"):
            cache.fetch(DIGEST, len(DATA), failing)
        assert parts(cache) == []
        assert cache.fetch(DIGEST, len(DATA), Source()) == DATA

    @pytest.mark.parametrize(
        "digest", ["", "../../etc/passwd", DIGEST.upper(), DIGEST + "0", "a/" + DIGEST[2:]]
    )
    def test_a_malformed_digest_is_refused(self, cache: Cache, digest: str) -> None:
        """It would become part of a path."""
        with pytest.raises(UsageRefused, match="unusable digest"):
            cache.fetch(digest, 1, never)


class TestProcesses:
    def test_concurrent_processes_download_once(self, tmp_path: Path) -> None:
        """Eight processes get the right bytes from one download."""
        source, counter = tmp_path / "source", tmp_path / "counter"
        source.write_bytes(DATA)
        workers = [start("fetch", tmp_path / "cache", source, counter, 0.03) for _ in range(8)]
        assert [worker.communicate(timeout=LIMIT)[0] for worker in workers] == ["ready\nright\n"] * 8
        assert counter.read_bytes() == b"d"

    def test_a_killed_fetch_leaves_nothing(self, tmp_path: Path, killable: KillableJobs) -> None:
        """After each of twenty kills the next process gets the right bytes. Every second download stops in the middle and is killed there; the others are killed at random moments."""
        source, cache = tmp_path / "source", Cache(tmp_path / "cache", 10**9)
        source.write_bytes(DATA)
        seed = random.randrange(10**6)
        moments, early, half = random.Random(seed), 0, 0
        for turn in range(20):
            stop, moment = (-1, moments.uniform(0, 0.05)) if turn % 2 else (turn % 16, None)
            output = killable.kill(moment, "fetch", cache.folder, source, tmp_path / "counter", 0.002, stop)
            assert output in (("", "right\n") if turn % 2 else ("stopped\n",)), f"seed {seed}"
            early, half = early + (output != "right\n"), half + bool(parts(cache))
            assert [entry.digest for entry in cache.list()] in ([], [DIGEST])
            assert cache.verify() == (), f"seed {seed}"
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
            cache.remove_partial(min_age=0)
            assert parts(cache) == [], f"seed {seed}"
            cache.clear()
        print(f"killed before the end: {early} of 20, leaving half a file: {half}")

    def test_a_file_in_use_is_not_evicted(self, tmp_path: Path) -> None:
        """The oldest file stays while another process has it open; the second oldest is removed."""
        cache = Cache(tmp_path / "cache", 3000)
        first, second, third = (bytes([number]) * 1400 for number in range(3))
        for data in (first, second):
            put(cache, data)
        reader = start("hold", cache._path(sha256(first).hexdigest()))
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        put(cache, third)
        assert held(cache) == {first[:1], third[:1]}
        assert cache.clear() == 1400
        reader.kill()
        reader.communicate()
        assert cache.clear() == 1400
        assert cache.list() == ()

    def test_only_parts_of_dead_processes_are_removed(self, cache: Cache, tmp_path: Path) -> None:
        """Whatever their age."""
        part = cache._path(DIGEST).with_name(f".{DIGEST}.0123456789ab.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(DATA[:100])
        writer = start("hold", part)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        assert cache.remove_partial(min_age=0) == 0
        writer.kill()
        writer.communicate()
        assert cache.remove_partial(min_age=3600) == 0
        assert cache.remove_partial(min_age=0) == 1

    def test_the_limit_holds_under_three_processes(self, tmp_path: Path) -> None:
        """Watched while they work; a process that is killed while it writes leaves nothing behind."""
        cache = Cache(tmp_path / "cache", 100_000)
        workers = [start("crowd", cache.folder, cache.max_bytes, seed, 60) for seed in range(3)]
        seen = []
        while any(worker.poll() is None for worker in workers):
            # Under the lock of the writers: a sum taken while one file replaces another would count both.
            with file_lock.folder_lock(cache.folder / "sha256", LIMIT) as locked:
                assert locked
                seen.append(sum(path.stat().st_size for path in cache.folder.rglob("*") if path.is_file()))
        assert [worker.communicate()[0] for worker in workers] == ["ready\nright\n"] * 3
        assert 50_000 < max(seen) <= 100_000
        assert occupied(cache) <= 100_000

    def test_waiting_for_another_download_ends(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """After the time limit the process downloads itself."""
        cache = Cache(tmp_path, 10**9, lock_seconds=0.2)
        with file_lock.folder_lock(cache._path(DIGEST).parent, LIMIT):
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert "waited" in caplog.text
        assert cache.fetch(DIGEST, len(DATA), never) == DATA

    @pytest.mark.parametrize("where", ["folder", "s3", pytest.param("radosgw", marks=pytest.mark.radosgw)])
    @pytest.mark.parametrize("models", [0, 1, 3])
    def test_the_limit_holds_with_bundles_of_a_store(
        self, tmp_path: Path, where: str, models: int, request: pytest.FixtureRequest
    ) -> None:
        """Four models for three processes, in a cache with space for none, one or three of them."""
        url = tmp_path.as_uri() if where == "folder" else request.getfixturevalue(where)
        size = 0
        for number in range(4):
            size = publish(connect(url), f"killed/{number}", make_bundle(number)).size
        cache = Cache(tmp_path / "cache", (models + 1) * size - 1000)
        workers = [start("load_bundles", cache.folder, cache.max_bytes, url, seed) for seed in range(3)]
        assert [worker.communicate(timeout=LIMIT)[0] for worker in workers] == ["ready\nright\n"] * 3
        assert occupied(cache) <= cache.max_bytes
        assert (occupied(cache) > 0) == (models > 0)


class TestBadDisks:
    def test_a_full_disk_serves_from_memory(self, tmp_path: Path) -> None:
        """Where a file cannot be written whole, no part is left."""
        (tmp_path / "source").write_bytes(DATA)
        worker = start("full", tmp_path / "cache", tmp_path / "source", 50_000)
        output, warned = worker.communicate(timeout=LIMIT)
        assert output == "ready\nright\n"
        assert "serving it from memory" in warned
        assert [
            path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size
        ] == []

    def test_a_full_file_system_serves_from_memory(
        self, mount_disk: Callable[[str], Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        """The same on a file system of 64 KiB."""
        cache = Cache(mount_disk("64k") / "cache", 10**9)
        for _ in range(2):
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert "serving it from memory" in caplog.text
        assert cache.list() == ()
        assert parts(cache) == []

    def test_a_read_only_folder_serves_from_memory(self) -> None:
        """A user who may only read gets cached files, and the others from memory."""
        folder = Path(tempfile.mkdtemp(prefix="vigie-readonly-"))
        try:
            cache = Cache(folder / "cache", 10**9)
            put(cache, b"already there")
            (folder / "source").write_bytes(DATA)
            folder.chmod(0o755)
            for path in (folder / "cache").rglob("*"):
                path.chmod(0o555 if path.is_dir() else 0o444)
            (folder / "cache").chmod(0o555)
            for source in (DATA, b"already there"):
                (folder / "source").write_bytes(source)
                worker = start("without_rights", folder / "cache", folder / "source")
                output, warned = worker.communicate(timeout=LIMIT)
                assert output == "ready\nright\n", warned
                assert ("serving it from memory" in warned) == (source is DATA)
            assert held(cache) == {b"a"}
        finally:
            shutil.rmtree(folder)

    @pytest.mark.parametrize("broken", ["", "sha256", f"sha256/{DIGEST[:2]}"])
    def test_a_file_in_place_of_the_folder_serves_from_memory(self, tmp_path: Path, broken: str) -> None:
        """The file is left unchanged."""
        path = tmp_path / "cache" / broken
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"in the way")
        cache = Cache(tmp_path / "cache", 10**9)
        for _ in range(2):
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert cache.list() == ()
        assert path.read_bytes() == b"in the way"

    def test_a_folder_in_place_of_a_file_serves_from_memory(self, cache: Cache) -> None:
        """The folder is left unchanged."""
        cache._path(DIGEST).mkdir(parents=True)
        assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert parts(cache) == []


class TestCapacity:
    def test_the_least_recently_used_file_is_evicted(self, tmp_path: Path) -> None:
        """Serving a file counts as use."""
        cache = Cache(tmp_path, 3500)
        for number in range(3):
            put(cache, bytes([number]) * 1000)
            time.sleep(0.01)
        cache.fetch(sha256(bytes(1000)).hexdigest(), 1000, never)
        put(cache, b"\x03" * 1000)
        assert held(cache) == {b"\x00", b"\x02", b"\x03"}

    def test_a_file_over_the_limit_is_not_kept(self, tmp_path: Path) -> None:
        """It does not empty the cache."""
        cache = Cache(tmp_path, 3000)
        put(cache, b"small")
        assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert held(cache) == {b"s"}

    def test_two_caches_of_one_folder_share_the_limit(self, tmp_path: Path) -> None:
        """At every moment."""
        first, second = Cache(tmp_path, 3500), Cache(tmp_path, 3500)
        for number, cache in enumerate([first, second] * 4):
            put(cache, bytes([number]) * 1000)
            assert occupied(cache) <= 3500
        assert len(held(first)) == 3

    def test_a_lowered_limit_is_enforced_by_a_hit(self, tmp_path: Path) -> None:
        """Also where nothing is written."""
        for number in range(4):
            put(Cache(tmp_path, 10**6), bytes([number]) * 1000)
            time.sleep(0.01)
        put(Cache(tmp_path, 2500), b"\x03" * 1000)
        assert held(Cache(tmp_path, 2500)) == {b"\x02", b"\x03"}

    def test_what_a_killed_writer_left_counts(self, tmp_path: Path) -> None:
        """It is removed before the next file is written, whatever its age."""
        cache = Cache(tmp_path, 3000)
        part = cache._path(DIGEST).with_name(f".{DIGEST}.0123456789ab.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(bytes(2500))
        put(cache, b"x" * 1000)
        assert occupied(cache) == 1000

    def test_signatures_count(self, tmp_path: Path) -> None:
        """They are kept beside the files and evicted like them."""
        cache = Cache(tmp_path, 3000)
        for number in range(4):
            cache.keep_signature(sha256(bytes([number])).hexdigest(), bytes(1000))
            put(cache, bytes([number]) * 400)
            assert occupied(cache) <= 3000
            time.sleep(0.01)
        assert cache.read_signature(sha256(b"\x00").hexdigest()) is None
        assert cache.read_signature(sha256(b"\x03").hexdigest()) == bytes(1000)
        cache.clear()
        assert occupied(cache) == 0

    def test_a_bundle_over_the_limit_is_served_without_being_kept(self, tmp_path: Path) -> None:
        """None of its files, even those that would fit, so that they do not take the place of others."""
        _, files = make_files("large", 5000)
        store = connect((tmp_path / "store").as_uri())
        stored = publish(store, "large/1", files)
        cache = Cache(tmp_path / "cache", stored.size)
        assert load(store, stored, cache).name == "large"
        assert occupied(cache) == 0
        roomy = Cache(tmp_path / "cache", stored.size + 2000)
        load(store, stored, roomy)
        assert stored.size < occupied(roomy) <= roomy.max_bytes

    def test_clearing_counts_the_signatures(self, cache: Cache) -> None:
        """What is freed is what was occupied."""
        put(cache, DATA)
        cache.keep_signature(DIGEST, b"signature")
        before = occupied(cache)
        assert cache.clear() == before == len(DATA) + len(b"signature")
        assert occupied(cache) == 0

    def test_verify_removes_and_returns_damaged_files(self, cache: Cache) -> None:
        """The others stay."""
        put(cache, b"good")
        put(cache, b"soon bad")
        bad = sha256(b"soon bad").hexdigest()
        cache._path(bad).write_bytes(b"now bad!")
        assert [entry.digest for entry in cache.verify()] == [bad]
        assert held(cache) == {b"g"}
        assert cache.verify() == ()

    def test_an_empty_cache(self, cache: Cache) -> None:
        """Listing, verifying and clearing create no folder."""
        assert (cache.list(), cache.verify(), cache.clear(), cache.remove_partial()) == ((), (), 0, 0)
        assert not cache.folder.exists()


def put(cache: Cache, data: bytes) -> None:
    """Put `data` into the cache."""
    assert cache.fetch(sha256(data).hexdigest(), len(data), lambda: iter([data])) == data


def occupied(cache: Cache) -> int:
    """Return the bytes of all files in the folder, whatever they are."""
    return sum(path.stat().st_size for path in cache.folder.rglob("*") if path.is_file())


def held(cache: Cache) -> set[bytes]:
    """Return the first byte of each file in the cache."""
    return {cache._path(entry.digest).read_bytes()[:1] for entry in cache.list()}


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a job of the worker in a process of its own."""
    return subprocess.Popen(
        [*WORKER, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
