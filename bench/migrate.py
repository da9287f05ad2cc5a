"""A migration against the plain store client's upload of the same bytes, with as many requests at a time.

    python bench/migrate.py [--models 40] [--size 5000000] [--parallel 8] [--runs 2] [--line 25]

Measured twice: over a line of so many megabytes a second each way, as between an office and a cloud; and with nothing in
between, where client and server share one processor and reading back costs what it costs the two of them.

The migration also reads every byte back, compares it and switches a row for each model; it sends so many files at a time
and reads as many. Models of the first implementation had 45 MB; with small ones (--models 40 --size 100000) requests and rows
weigh more than bytes, and the ratio is higher. Uses the S3 server that
VIGIE_RADOSGW_ENDPOINT names (tests/s3_server.sh start DIR), else moto's, in a process of its own. The two take turns; on a
busy machine the ratio of their medians is worth more than the seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import numpy as np
import obstore
import sqlalchemy as sa
from obstore.store import S3Store

from link import line
from storage import s3_server
from vigie.bundles.bundle import Bundle, pack
from vigie.bundles.publish import publish
from vigie.catalog import Catalog, ModelVersion
from vigie.db import database
from vigie.relocate import rollback, run, verify
from vigie.stores.open import connect

PROFILE = {
    "domain": "bench",
    "columns": [{"name": "amount", "role": "amount", "type": "Float64"}],
    "roles": {},
}


def fill(catalog: Catalog, folder: Path, models: int, size: int) -> list[Path]:
    """Registers models of `size` random bytes, published in `folder`; their files, manifests last."""
    store, entries, files = connect(folder.as_uri()), [], []
    for number in range(models):
        booster = np.random.default_rng(number).bytes(size)
        bundle = Bundle(f"model{number}", "1", booster, {}, {}, {}, {**PROFILE, "quantiles": {}})
        stored = publish(store, bundle.name, pack(bundle, created="2026-11-23T00:00:00Z"))
        files += [folder / key for key in stored.keys().values()]
        entries.append(ModelVersion.from_bundle(bundle, stored, store.location))
    catalog.register_all(entries)
    return files


def upload(store: S3Store, files: list[Path], parallel: int) -> float:
    """Seconds to put every file under a fresh prefix, with nothing checked."""
    prefix = uuid.uuid4().hex[:8]
    started = time.perf_counter()
    with ThreadPoolExecutor(parallel) as pool:
        list(
            pool.map(
                lambda f: obstore.put(store, f"{prefix}/{f.parent.name}/{f.name}", f.read_bytes()), files
            )
        )
    return time.perf_counter() - started


def measure(engine: sa.Engine, files: list[Path], parallel: int, runs: int) -> None:
    """Runs both in turn against the server of the environment and prints their medians."""
    bucket = f"bench-{uuid.uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"]).create_bucket(Bucket=bucket)
    plain = S3Store(bucket, client_options={"allow_http": True}, endpoint=os.environ["AWS_ENDPOINT_URL_S3"])
    uploads, migrations, checks = [], [], []
    for _ in range(runs):
        uploads.append(upload(plain, files, parallel))
        target = f"s3://{bucket}/{uuid.uuid4().hex[:8]}"
        started = time.perf_counter()
        report = run(engine, target, parallel=parallel)
        migrations.append(time.perf_counter() - started)
        checks.append(verify(engine, target, parallel=parallel).seconds)
        if not report.complete:
            raise SystemExit(f"incomplete: {report.failures}")
        rollback(engine)
    volume = sum(file.stat().st_size for file in files) / 1e6
    plain_s, migrate_s, verify_s = map(statistics.median, (uploads, migrations, checks))
    print(f"  plain upload   {plain_s:7.2f} s  {volume / plain_s:7.1f} MB/s  nothing checked")
    print(
        f"  migration      {migrate_s:7.2f} s  {volume / migrate_s:7.1f} MB/s  every byte read back and compared"
    )
    print(f"  ratio          {migrate_s / plain_s:7.2f}    (goal: at most 1.30)")
    print(f"  verify         {verify_s:7.2f} s  {volume / verify_s:7.1f} MB/s", flush=True)


def main() -> None:
    """Measures both ways."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, value in (("models", 40), ("size", 5_000_000), ("parallel", 8), ("runs", 2), ("line", 25)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="vigie-bench-"))
    engine = database.open(f"sqlite:///{folder / 'catalog.sqlite'}")
    files = fill(Catalog(engine), folder / "models", args.models, args.size)
    volume = sum(file.stat().st_size for file in files) / 1e6
    with s3_server() as server:
        here = os.environ["AWS_ENDPOINT_URL_S3"]
        what = f"{args.models} models, {len(files)} files, {volume:.1f} MB, {args.parallel} at a time, to {server}"
        with line(here, args.line) as there:
            os.environ["AWS_ENDPOINT_URL_S3"] = there
            print(f"{what} over a line of {args.line} MB/s each way")
            measure(engine, files, args.parallel, args.runs)
        os.environ["AWS_ENDPOINT_URL_S3"] = here
        print(f"{what} on the same machine")
        measure(engine, files, args.parallel, args.runs)
    engine.dispose()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
