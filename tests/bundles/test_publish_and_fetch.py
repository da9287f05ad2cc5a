"""Publishing and fetching bundles: concurrency, damage, kills."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bundles.samples import make_bundle, make_files
from tests.bundles.worker import make_files as make_killed_files
from tests.helpers.killing import KillableJobs
from tests.helpers.stores import WITH_PRECONDITIONS

from vigie.bundles.bundle import FILES, MANIFEST, FileDigest, pack, unpack
from vigie.bundles.cache import Cache
from vigie.bundles.fetch import fetch, load
from vigie.bundles.location import BundleLocation, file_key
from vigie.bundles.publish import describe, publish, publish_version, remove_unreferenced
from vigie.errors import AlreadyThere, DamagedBundle, StoreUnavailable
from vigie.stores.base import Store
from vigie.stores.open import connect


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache with space for everything."""
    return Cache(tmp_path / "cache", 10**9)


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """A local store, whose files are easily changed."""
    return connect(str(tmp_path / "store"))


def keys(store: Store, prefix: str = "") -> list[str]:
    """Return every key of the store."""
    return [head.key for head in store.list(prefix)]


class TestOnEveryStore:
    def test_publish_and_load_round_trip(self, store: Store, cache: Cache) -> None:
        """Without the cache, through the cache, and again; six objects."""
        stored = publish(store, "models/cards/1", make_files())
        assert (
            load(store, stored) == load(store, stored, cache) == load(store, stored, cache) == make_bundle()
        )
        assert keys(store) == sorted(stored.keys().values())
        assert len(stored.keys()) == 6

    def test_publishing_again_restores_missing_files(self, store: Store) -> None:
        """The same bytes are no conflict."""
        stored = publish(store, "m", make_files())
        store.delete(stored.keys()["profile.json"])
        assert publish(store, "m", make_files()) == stored
        assert load(store, stored) == make_bundle()

    def test_another_bundle_at_the_prefix_is_refused(self, store: Store) -> None:
        """The published one is unchanged, and nothing of the other is left."""
        stored = publish(store, "m", make_files(seed=1))
        before = keys(store)
        with pytest.raises(AlreadyThere, match=r"manifest\.json") as caught:
            publish(store, "m", make_files(seed=2))
        assert "another version" in caught.value.hint
        assert keys(store) == before
        assert load(store, stored) == make_bundle(seed=1)

    def test_the_same_files_with_another_manifest_count_as_published(self, store: Store) -> None:
        """With the manifest that is there. Other files are refused."""
        stored = publish_version(store, make_files())
        later = pack(make_bundle(), created="2026-11-02T00:00:00Z")
        assert later[MANIFEST] != make_files()[MANIFEST]
        assert publish_version(store, later) == stored
        assert (stored.prefix, load(store, stored)) == ("cards/1", make_bundle())
        with pytest.raises(AlreadyThere):
            publish_version(store, make_files(seed=2))

    @pytest.mark.parametrize("store_url", WITH_PRECONDITIONS, indirect=True)
    def test_of_concurrent_publishers_one_succeeds(self, store: Store) -> None:
        """Six different bundles: one is published whole, five publishers get an error."""
        barrier = threading.Barrier(6)

        def attempt(seed: int) -> BundleLocation | None:
            files = make_files(seed=seed, size=5000)
            barrier.wait()
            try:
                return publish(store, "raced", files, parallel=2)
            except AlreadyThere:
                return None

        with ThreadPoolExecutor(max_workers=6) as pool:
            won = [stored for stored in pool.map(attempt, range(6)) if stored]
        assert len(won) == 1
        assert load(store, won[0]).features["seed"] in range(6)
        assert keys(store) == sorted(won[0].keys().values())

    def test_concurrent_publishers_of_one_bundle_all_succeed(self, store: Store) -> None:
        """A repeated job is no conflict."""
        files = make_files(size=5000)
        with ThreadPoolExecutor(max_workers=4) as pool:
            stored = set(map(repr, pool.map(lambda _: publish(store, "same", files), range(4))))
        assert len(stored) == 1
        assert len(keys(store)) == 6


class TestDamage:
    @pytest.mark.parametrize("name", [*FILES, MANIFEST])
    def test_a_flipped_byte_in_the_store_is_refused(self, local: Store, cache: Cache, name: str) -> None:
        """With and without the cache; the error names bundle and file."""
        stored = publish(local, "m", make_files(size=5000))
        path = Path(local.bucket, stored.keys()[name])
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        for through in (None, cache):
            with pytest.raises(DamagedBundle, match=f"bundle 'cards', file '{name}'"):
                load(local, stored, through)

    @pytest.mark.parametrize("spoil", ["cut", "longer", "empty", "gone"])
    def test_an_object_of_another_size_is_refused(self, local: Store, cache: Cache, spoil: str) -> None:
        """Truncated, longer, empty or missing."""
        stored = publish(local, "m", make_files(size=5000))
        path = Path(local.bucket, stored.keys()["booster.ubj.zst"])
        data = path.read_bytes()
        path.unlink()
        if spoil != "gone":
            path.write_bytes({"cut": data[:-100], "longer": data + b"x", "empty": b""}[spoil])
        for through in (None, cache):
            with pytest.raises(DamagedBundle, match=r"booster\.ubj\.zst") as caught:
                load(local, stored, through)
            assert str(local.bucket) not in str(caught.value)

    def test_a_flipped_byte_in_the_cache_is_replaced(self, local: Store, cache: Cache) -> None:
        """In any file."""
        stored = publish(local, "m", make_files(size=5000))
        for entry in (load(local, stored, cache), *cache.list())[1:]:
            path = cache._path(entry.digest)
            path.write_bytes(b"?" + path.read_bytes()[1:])
            assert load(local, stored, cache) == make_bundle(size=5000)
        assert cache.verify() == ()

    def test_another_consistent_bundle_in_the_store_is_refused(self, local: Store) -> None:
        """It has another digest than the registered one."""
        stored = publish(local, "m", make_files(seed=1, size=5000))
        other = publish(local, "other", make_files(seed=2, size=5000))
        with pytest.raises(DamagedBundle):
            load(local, replace(other, manifest_sha256=stored.manifest_sha256))
        with pytest.raises(DamagedBundle, match=r"manifest\.json"):
            load(local, replace(other, prefix="m", files=stored.files))
        lying = {**stored.files, MANIFEST: FileDigest(stored.manifest_sha256, 1)}
        with pytest.raises(DamagedBundle):
            load(local, replace(stored, files=lying))

    def test_wrong_bytes_are_not_published(self, local: Store) -> None:
        """Files are compared with their manifest first; nothing is written."""
        files = make_files(size=5000)
        for spoilt in ({**files, "profile.json": b"{}"}, {MANIFEST: files[MANIFEST]}, {}):
            with pytest.raises(DamagedBundle):
                publish(local, "m", spoilt)
        assert keys(local) == []


class TestOffline:
    def test_a_cached_bundle_needs_no_store(self, s3: str, cache: Cache, tmp_path: Path) -> None:
        """In a new process without the endpoint; without the cache it is an error."""
        stored = publish(connect(s3), "m", make_files())
        assert load(connect(s3), stored, cache) == make_bundle()
        from vigie.settings import StoreOptions

        off = connect(s3, options=StoreOptions("http://127.0.0.1:9", connect_seconds=0.3, total_seconds=0.3))
        assert load(off, stored, Cache(cache.folder, 10**9)) == make_bundle()
        with pytest.raises(StoreUnavailable):
            load(off, stored, Cache(tmp_path / "another", 10**9))


class TestSweep:
    def test_only_unreferenced_files_are_removed(self, local: Store) -> None:
        """Objects that are not of a bundle, other bundles and young files stay."""
        stored = publish(local, "m", make_files(seed=1, size=5000))
        orphan = describe("m", make_files(seed=2, size=5000)).keys()["booster.ubj.zst"]
        for key in (
            orphan,
            "m/signature.json",
            "m/notes-0123456789abcdef.txt",
            "m2/profile-0123456789abcdef.json",
        ):
            local.put(key, b"x")
        before = keys(local)
        assert remove_unreferenced(local, "m") == 0
        assert keys(local) == before
        assert remove_unreferenced(local, "m", older_than=0) == 1
        assert set(before) - set(keys(local)) == {orphan}
        assert load(local, stored) == make_bundle(seed=1, size=5000)

    def test_keys_depend_on_bytes(self) -> None:
        """Different bytes have different keys, except for the manifest."""
        assert file_key("m", "booster.ubj.zst", "ab" * 32) == "m/booster-abababababababab.ubj.zst"
        assert file_key("", "profile.json", "0" * 64) == "profile-0000000000000000.json"
        assert file_key("a/b", MANIFEST, "ab" * 32) == "a/b/manifest.json"


class TestKilled:
    def test_a_killed_publisher_leaves_no_half_bundle(self, local: Store, killable: KillableJobs) -> None:
        """In a folder, twenty times."""
        publish_and_kill(local, killable, within=0.1)

    @pytest.mark.radosgw
    def test_a_killed_publisher_leaves_no_half_bundle_on_s3(
        self, radosgw: str, killable: KillableJobs, tmp_path: Path
    ) -> None:
        """On the Ceph gateway, twenty times."""
        publish_and_kill(connect(radosgw), killable, within=0.3)


def publish_and_kill(store: Store, killable: KillableJobs, *, within: float) -> None:
    """Kills twenty publishers; after each, what is visible is whole, and publishing again completes it.

    Every second one stops before one of its requests and waits there to be killed; the others die at random moments.
    """
    seed, pause = random.randrange(10**6), 0.006
    moments, without, killed = random.Random(seed), 0, 0
    for turn in range(20):
        prefix, files = f"killed/{turn}", make_killed_files(turn)
        stop, moment = (-1, moments.uniform(0, within)) if turn % 2 else (turn // 2 % len(files), None)
        output = killable.kill(moment, "publish", store.url, prefix, turn, pause, stop)
        assert (output == "stopped\n") == (moment is None), f"seed {seed}"
        stored = describe(prefix, files)
        visible = f"{prefix}/{MANIFEST}" in keys(store, prefix)
        if visible:
            assert fetch(store, stored) == files, f"seed {seed}"
        assert visible or output != "published\n", f"seed {seed}"
        killed, without = killed + (output != "published\n"), without + (not visible)
        if turn % 2 and not visible:  # another bundle takes the place: what the dead one left must go
            files = make_killed_files(turn + 100)
        stored = publish(store, prefix, files)
        remove_unreferenced(store, prefix, older_than=0)
        assert unpack(fetch(store, stored)).name == "killed"
        assert keys(store, prefix) == sorted(stored.keys().values()), f"seed {seed}"
        if store.kind == "local":
            assert len(list(Path(store.bucket, prefix).iterdir())) == 6, f"seed {seed}"
    print(f"killed before the end: {killed} of 20, before the bundle was visible: {without}")
