"""The cache under everything that can happen to a folder shared by processes."""

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
from tests.helpers.killing import KillableJobs
from tests.waiting import LIMIT, wait_until

from vigie.bundles.cache import Cache
from vigie.errors import DamagedBundle, UsageRefused

WORKER = [sys.executable, "-m", "tests.bundles.worker"]
DATA = bytes(range(256)) * 400
DIGEST = sha256(DATA).hexdigest()


class Source:
    """Downloads that are counted; `spoil` changes what the n-th of them gives."""

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
    """A store that is switched off."""
    raise AssertionError("the store was asked")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache with room for everything."""
    return Cache(tmp_path / "cache", 10**9)


def parts(cache: Cache) -> list[Path]:
    """What downloads have left behind."""
    return list(cache.folder.rglob("*.part"))


class TestFetch:
    def test_downloads_once_then_serves_without_the_store(self, cache: Cache) -> None:
        """The second fetch is offline, in this process and in another."""
        source = Source()
        assert cache.fetch(DIGEST, len(DATA), source) == DATA
        assert cache.fetch(DIGEST, len(DATA), never) == DATA
        assert Cache(cache.folder, 10**9).fetch(DIGEST, None, never) == DATA
        assert source.downloads == 1
        assert parts(cache) == []

    def test_a_flipped_byte_in_the_cache_is_healed(
        self, cache: Cache, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Damage of any age is seen at the next read, even with size and time unchanged, and fetched again."""
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

    def test_a_download_spoilt_once_is_repeated_once(self, cache: Cache) -> None:
        """One bad answer costs one more download."""
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
    def test_wrong_bytes_are_refused_and_named(
        self, cache: Cache, spoil: Callable[[int, bytes], bytes], found: str
    ) -> None:
        """Two wrong answers are an error that names bundle and file; nothing of them stays."""
        source = Source(spoil=spoil)
        with pytest.raises(DamagedBundle, match=found) as caught:
            cache.fetch(DIGEST, len(DATA), source, bundle="cards", file="booster.ubj.zst")
        assert "bundle 'cards', file 'booster.ubj.zst'" in str(caught.value)
        assert source.downloads == 2
        assert cache.list() == ()
        assert parts(cache) == []

    def test_a_stream_without_end_is_cut(self, cache: Cache) -> None:
        """A store that sends more than announced is not listened to."""

        def endless() -> Iterator[bytes]:
            while True:
                yield bytes(1000)

        with pytest.raises(DamagedBundle, match="more than 5,000 bytes"):
            cache.fetch(DIGEST, 5_000, endless)
        with pytest.raises(DamagedBundle, match="more than 7,000 bytes"):
            cache.fetch(DIGEST, None, endless, limit=7_000)

    def test_the_errors_of_a_download_pass(self, cache: Cache) -> None:
        """An error of the store is the caller's, and leaves nothing behind."""

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
    def test_a_digest_is_a_digest(self, cache: Cache, digest: str) -> None:
        """Nothing else becomes part of a path."""
        with pytest.raises(UsageRefused, match="unusable digest"):
            cache.fetch(digest, 1, never)


class TestProcesses:
    def test_eight_processes_cause_one_download(self, tmp_path: Path) -> None:
        """However many ask at once, one downloads and all have the right bytes."""
        source, counter = tmp_path / "source", tmp_path / "counter"
        source.write_bytes(DATA)
        workers = [start("fetch", tmp_path / "cache", source, counter, 0.03) for _ in range(8)]
        assert [worker.communicate(timeout=LIMIT)[0] for worker in workers] == ["ready\nright\n"] * 8
        assert counter.read_bytes() == b"d"

    def test_a_fetch_killed_at_any_moment_harms_nobody(self, tmp_path: Path, killable: KillableJobs) -> None:
        """Twenty kill -9: the next process is served rightly and nothing is left behind.

        Every second download stops in the middle and waits there to be killed; the others are killed at random moments.
        """
        source, cache = tmp_path / "source", Cache(tmp_path / "cache", 10**9)
        source.write_bytes(DATA)
        seed = random.randrange(10**6)
        moments, early, half = random.Random(seed), 0, 0
        for turn in range(20):
            stop, moment = (-1, moments.uniform(0, 0.05)) if turn % 2 else (turn % 16, None)
            said = killable.kill(moment, "fetch", cache.folder, source, tmp_path / "counter", 0.002, stop)
            assert said in (("", "right\n") if turn % 2 else ("stopped\n",)), f"seed {seed}"
            early, half = early + (said != "right\n"), half + bool(parts(cache))
            assert [entry.digest for entry in cache.list()] in ([], [DIGEST])
            assert cache.verify() == (), f"seed {seed}"
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
            cache.remove_partial(min_age=0)
            assert parts(cache) == [], f"seed {seed}"
            cache.clear()
        print(f"killed before the end: {early} of 20, leaving half a file: {half}")

    def test_what_another_process_reads_is_not_evicted(self, tmp_path: Path) -> None:
        """The oldest file stays while it is open elsewhere, and goes once it is not."""
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

    def test_a_download_alive_is_not_swept(self, cache: Cache, tmp_path: Path) -> None:
        """A part goes when its process is dead, however young; never before, however old."""
        source = tmp_path / "source"
        source.write_bytes(DATA)
        worker = start("fetch", cache.folder, source, tmp_path / "counter", 0.5)
        # Bytes are written once it is locked; between its birth and that, only the grace keeps it.
        wait_until(lambda: any(part.stat().st_size for part in parts(cache)))
        assert cache.remove_partial(min_age=0) == 0
        worker.kill()
        worker.communicate()
        assert cache.remove_partial(min_age=3600) == 0
        assert cache.remove_partial(min_age=0) == 1

    def test_a_stuck_download_does_not_block_for_ever(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """After the wait one's own download is made."""
        cache = Cache(tmp_path, 10**9, lock_seconds=0.2)
        with cache._lock(cache._path(DIGEST).parent):
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert "waited" in caplog.text
        assert cache.fetch(DIGEST, len(DATA), never) == DATA


class TestBadDisks:
    def test_a_full_disk_is_survived(self, tmp_path: Path) -> None:
        """Where a file cannot be written whole, it is served from memory and nothing is left."""
        (tmp_path / "source").write_bytes(DATA)
        worker = start("full", tmp_path / "cache", tmp_path / "source", 50_000)
        said, warned = worker.communicate(timeout=LIMIT)
        assert said == "ready\nright\n"
        assert "serving it from memory" in warned
        assert [
            path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.stat().st_size
        ] == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
    def test_a_really_full_disk_is_survived(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The same on a disk of 64 KiB."""
        disk = tmp_path / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=False).returncode:
            pytest.skip("mounting is not allowed here")
        try:
            cache = Cache(disk / "cache", 10**9)
            for _ in range(2):
                assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
            assert "serving it from memory" in caplog.text
            assert cache.list() == ()
            assert parts(cache) == []
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_a_read_only_folder_is_survived(self) -> None:
        """A user who may only read gets what is there, and the rest from memory."""
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
                worker = start("nobody", folder / "cache", folder / "source")
                said, warned = worker.communicate(timeout=LIMIT)
                assert said == "ready\nright\n", warned
                assert ("serving it from memory" in warned) == (source is DATA)
            assert held(cache) == {b"a"}
        finally:
            shutil.rmtree(folder)

    @pytest.mark.parametrize("broken", ["", "sha256", f"sha256/{DIGEST[:2]}"])
    def test_a_file_where_a_folder_should_be(self, tmp_path: Path, broken: str) -> None:
        """The bytes are right all the same, and what is in the way is left alone."""
        path = tmp_path / "cache" / broken
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"in the way")
        cache = Cache(tmp_path / "cache", 10**9)
        for _ in range(2):
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert cache.list() == ()
        assert path.read_bytes() == b"in the way"

    def test_a_folder_where_the_file_should_be(self, cache: Cache) -> None:
        """What cannot be read nor replaced is left alone, and the bytes come from memory."""
        cache._path(DIGEST).mkdir(parents=True)
        assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert parts(cache) == []


class TestRoom:
    def test_the_least_recently_used_goes_first(self, tmp_path: Path) -> None:
        """Serving counts as use; the cap holds."""
        cache = Cache(tmp_path, 3500)
        for number in range(3):
            put(cache, bytes([number]) * 1000)
            time.sleep(0.01)
        cache.fetch(sha256(bytes(1000)).hexdigest(), 1000, never)
        put(cache, b"\x03" * 1000)
        assert held(cache) == {b"\x00", b"\x02", b"\x03"}

    def test_what_is_larger_than_the_cap_is_served_and_not_kept(self, tmp_path: Path) -> None:
        """One large file does not empty the cache."""
        cache = Cache(tmp_path, 3000)
        put(cache, b"small")
        assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
        assert held(cache) == {b"s"}

    def test_others_count_too(self, tmp_path: Path) -> None:
        """Two caches on one folder keep the cap together, once they look."""
        first, second = Cache(tmp_path, 3500), Cache(tmp_path, 3500)
        for number, cache in enumerate([first, second] * 4):
            put(cache, bytes([number]) * 1000)
        first._counted = float("-inf")
        put(first, b"last" * 250)
        assert sum(entry.size for entry in first.list()) <= 3500

    def test_verify_removes_the_damaged_and_says_which(self, cache: Cache) -> None:
        """Everything is read again; what is right stays."""
        put(cache, b"good")
        put(cache, b"soon bad")
        bad = sha256(b"soon bad").hexdigest()
        cache._path(bad).write_bytes(b"now bad!")
        assert [entry.digest for entry in cache.verify()] == [bad]
        assert held(cache) == {b"g"}
        assert cache.verify() == ()

    def test_an_empty_cache_is_no_error(self, cache: Cache) -> None:
        """Nothing is made by looking."""
        assert (cache.list(), cache.verify(), cache.clear(), cache.remove_partial()) == ((), (), 0, 0)
        assert not cache.folder.exists()


def put(cache: Cache, data: bytes) -> None:
    """Brings `data` into the cache."""
    assert cache.fetch(sha256(data).hexdigest(), len(data), lambda: iter([data])) == data


def held(cache: Cache) -> set[bytes]:
    """The first byte of each file in the cache."""
    return {cache._path(entry.digest).read_bytes()[:1] for entry in cache.list()}


def start(*arguments: object) -> subprocess.Popen[str]:
    """A worker in a process of its own."""
    return subprocess.Popen(
        [*WORKER, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
