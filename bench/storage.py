"""Bundles in a store and in the cache: cold fetch, warm load, and what they weigh.

    python bench/storage.py [--runs 9]

Uses the S3 server that VIGIE_RADOSGW_ENDPOINT names (tests/s3_server.sh start DIR), else moto's, in a process of its
own. Prints medians; on a busy machine the ratios are worth more than the milliseconds.

Each fetch is set against a plain GET that leaves the bytes in the same place. In memory: fetched and verified, against
GETs. On disk: through an empty cache, against GETs written and synced; the cache must survive a loss of power, and a GET
that keeps nothing has not done that work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import boto3
import joblib
import numpy as np
import obstore
import xgboost
from obstore.store import S3Store

import vigie
from vigie.bundles.bundle import MANIFEST, Bundle, pack
from vigie.bundles.cache import Cache
from vigie.bundles.fetch import fetch, load
from vigie.bundles.location import BundleLocation
from vigie.bundles.publish import publish
from vigie.stores.base import Store
from vigie.stores.open import connect

PARALLEL = 6


def train(seed: int, rows: int = 12_000, columns: int = 30) -> xgboost.Booster:
    """300 trees on made-up, noisy fraud: they never run out of splits, so they weigh what real ones do."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((rows, columns)).astype(np.float32)
    risk = X[:, :8] @ random.standard_normal(8) + 2 * X[:, 0] * X[:, 1] + 6 * random.standard_normal(rows)
    data = xgboost.DMatrix(X, label=risk, feature_names=[f"feature_{number}" for number in range(columns)])
    parameters = {"objective": "reg:squarederror", "max_depth": 7, "eta": 0.05, "nthread": 1, "max_bin": 64}
    return xgboost.train(parameters, data, 300)


def make_bundle(seed: int, booster: xgboost.Booster) -> Bundle:
    """The bundle of a booster, with JSON of the size a reference model has."""
    random = np.random.default_rng(seed)
    names = booster.feature_names or []
    quantiles = {name: sorted(random.standard_normal(21).tolist()) for name in names}
    return Bundle(
        name=f"model{seed}",
        version="1",
        booster=bytes(booster.save_raw("ubj")),
        features={"inputs": names},
        calibration={"knots": random.random(200).tolist()},
        performance={"worlds": [{"auc": value} for value in random.random(50).tolist()]},
        profile={"domain": "bench", "quantiles": quantiles, "rows": 4000},
    )


def median_ms(action: Callable[[], object], runs: int) -> float:
    """The median duration of `action`, in milliseconds."""
    return statistics.median(timed_ms(action) for _ in range(runs))


def timed_ms(action: Callable[[], object]) -> float:
    """The duration of `action`, in milliseconds."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


@contextmanager
def s3_server() -> Iterator[str]:
    """The name of the server in use, with the environment set for it."""
    endpoint = os.environ.get("VIGIE_RADOSGW_ENDPOINT")
    server = None
    if endpoint:
        keys = os.environ["VIGIE_RADOSGW_ACCESS_KEY"], os.environ["VIGIE_RADOSGW_SECRET_KEY"]
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        endpoint, keys = f"http://127.0.0.1:{port}", ("moto", "moto")
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
    os.environ |= {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
    }
    try:
        yield "moto" if server else "radosgw"
    finally:
        if server:
            server.terminate()
            server.wait()


def cold(store: Store, plain: S3Store, three: list[BundleLocation], folder: Path, runs: int) -> list[float]:
    """Milliseconds for three bundles: plain GETs, verified; plain GETs to synced files, verified through an empty cache.

    The four take turns, so that a busy moment of the machine falls on each of them.
    """

    def get(stored: BundleLocation, keep: Path | None = None) -> None:
        def one(key: str) -> None:
            data = obstore.get(plain, key).bytes()
            if keep is not None:
                with (keep / key.replace("/", "_")).open("wb") as file:
                    file.write(data)
                    os.fsync(file.fileno())

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(one, stored.keys().values()))

    times: list[list[float]] = [[], [], [], []]
    for _ in range(runs):
        cache = Cache(folder / uuid.uuid4().hex, 10**9)
        (bare := folder / uuid.uuid4().hex).mkdir()
        times[0].append(timed_ms(lambda: [get(stored) for stored in three]))
        times[1].append(timed_ms(lambda: [fetch(store, stored, parallel=PARALLEL) for stored in three]))
        times[2].append(timed_ms(lambda bare=bare: [get(stored, bare) for stored in three]))
        times[3].append(
            timed_ms(lambda cache=cache: [fetch(store, stored, cache, parallel=PARALLEL) for stored in three])
        )
        shutil.rmtree(cache.folder)
        shutil.rmtree(bare)
    return [statistics.median(one) for one in times]


def warm(
    store: Store, three: list[BundleLocation], boosters: list[xgboost.Booster], folder: Path, runs: int
) -> None:
    """Prints what a model costs that is already in the cache, beside a pickle of the same booster."""
    cache = Cache(folder / "warm", 10**9)
    pickles = []
    for number, booster in enumerate(boosters):
        pickles.append(folder / f"{number}.joblib")
        joblib.dump(booster, pickles[-1])
        load(store, three[number], cache)

    def with_booster() -> None:
        for stored in three:
            booster = xgboost.Booster()
            booster.load_model(bytearray(load(store, stored, cache).booster))

    bundle_ms = median_ms(lambda: [load(store, stored, cache) for stored in three], runs) / 3
    model_ms = median_ms(with_booster, runs) / 3
    joblib_ms = median_ms(lambda: [joblib.load(path) for path in pickles], runs) / 3
    print(
        f"warm load, a model     {bundle_ms:8.1f} ms  read, verified, decompressed, parsed (goal: at most 20)"
    )
    print(f"  and into XGBoost     {model_ms:8.1f} ms")
    print(f"  joblib.load          {joblib_ms:8.1f} ms  of the same booster, nothing verified")


def weigh(boosters: list[xgboost.Booster], packed: list[dict[str, bytes]], folder: Path) -> None:
    """Prints what forty such models take, and what the starter library does if it is built."""
    stored = sum(len(data) for files in packed for data in files.values()) / len(packed) / 1e6
    pickled = sum(path.stat().st_size for path in folder.glob("*.joblib")) / len(boosters) / 1e6
    print(f"40 such models         {40 * stored:8.1f} MB  as bundles ({stored:.2f} MB each)")
    print(f"  as joblib files      {40 * pickled:8.1f} MB  (the first implementation's 40: 1,832 MB)")
    library = Path(vigie.__file__).parent / "starter_models"
    files = [path for path in library.rglob("*") if path.is_file() and path.suffix != ".py"]
    models = sum(path.name == MANIFEST for path in files)
    if models:
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"starter library        {size:8.1f} MB  {models} models")


def main() -> None:
    """Runs everything and prints it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    boosters = [train(seed) for seed in range(3)]
    packed = [
        pack(make_bundle(seed, booster), created="2026-11-23T00:00:00Z")
        for seed, booster in enumerate(boosters)
    ]
    folder = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    with s3_server() as server:
        bucket = f"bench-{uuid.uuid4().hex[:8]}"
        client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], region_name="us-east-1")
        client.create_bucket(Bucket=bucket)
        store = connect(f"s3://{bucket}")
        plain = S3Store(bucket, client_options={"allow_http": True})
        three = [publish(store, f"models/{seed}", packed[seed]) for seed in range(3)]
        size = sum(stored.size for stored in three) / 1e6
        plain_ms, fresh_ms, synced_ms, cached_ms = cold(store, plain, three, folder, options.runs)
        print(
            f"cold fetch of 3 bundles, {size:.1f} MB in 18 objects, from {server} (goal: ratios of at most 1.30)"
        )
        print(f"  plain GET            {plain_ms:8.1f} ms")
        print(f"  verified             {fresh_ms:8.1f} ms  ratio {fresh_ms / plain_ms:.2f}")
        print(f"  plain GET to disk    {synced_ms:8.1f} ms  written and synced")
        print(f"  verified and cached  {cached_ms:8.1f} ms  ratio {cached_ms / synced_ms:.2f}")
        warm(store, three, boosters, folder, options.runs)
    weigh(boosters, packed, folder)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
