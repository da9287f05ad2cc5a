"""`make attack`: kill -9 at random moments of an upload, a scoring, a refinement, a fetch, a migration and a watch; prints the counts.

After each kill the same work is done again, and must end with what an undisturbed process gives: the whole upload, the same bytes of a
result, the right file in the cache, every model where the catalog says it is, each watched file scored once with its predictions beside it.

    bench/kills.py                           ten kills of each, with a fresh seed
    bench/kills.py --seed 1 --kills 20       replays the moments of a seed, as far as the machine is as fast
"""

from __future__ import annotations

import argparse
import io
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.bundles.test_cache import DATA, DIGEST, Source  # noqa: E402
from tests.helpers.killing import KillableJobs, serve  # noqa: E402
from tests.relocate.sample_models import populate, read_all  # noqa: E402

from vigie import settings  # noqa: E402
from vigie.app import Run, User, runs, users, watch_template, watched_files, watches  # noqa: E402
from vigie.app.notice_tables import notices  # noqa: E402
from vigie.bundles.cache import Cache  # noqa: E402
from vigie.db import database  # noqa: E402
from vigie.jobs.context import open_context  # noqa: E402
from vigie.jobs.watching.follow_up import FollowUp  # noqa: E402
from vigie.jobs.watching.look import look  # noqa: E402
from vigie.jobs.worker import Worker, run_until_idle  # noqa: E402
from vigie.relocate import run as migrate  # noqa: E402
from vigie.relocate import verify  # noqa: E402
from vigie.web.services import Services  # noqa: E402

ROWS = 3_000
CSV = "when,customer,amount,kind\n" + "".join(
    f"2026-01-{1 + i % 28:02d} {i % 24:02d}:{i % 60:02d}:00,C{i * 7919 % 997},{10 + i * 37 % 4000}.50,{'abc'[i % 3]}\n"
    for i in range(ROWS)
)
PARTS = 40
MODELS = 20
LEASE = "0.5"
WATCHED_ROWS = 300


def environment(home: str) -> dict[str, str]:
    """One installation, whose leases end so soon that a takeover needs no waiting."""
    return {
        "VIGIE_HOME": home,
        "VIGIE_LEASE_SECONDS": LEASE,
        "VIGIE_PRODUCTION": "no",
        "VIGIE_WATCH_SECONDS": "0.05",
    }


def opened(home: str) -> Services:
    return Services.open(settings.load(environment(home)), settings.load_web(environment(home)))


def send(home: str, name: str) -> None:
    """Upload the table in parts, as a browser does."""
    services = opened(home)
    user = users.find_by_email(services.engine, "ada@example.org")
    print("ready", flush=True)
    started = services.uploads.begin(user, name, len(CSV))
    step = -(-len(CSV) // PARTS)
    for number, at in enumerate(range(0, len(CSV), step), start=1):
        services.uploads.put_part(user, started.id, number, io.BytesIO(CSV[at : at + step].encode()))
    services.uploads.complete(user, started.id)
    print("complete", flush=True)


def work(home: str) -> None:
    """Do the jobs that wait."""
    print("ready", flush=True)
    run_until_idle(settings.load(environment(home)), settings.load_web(environment(home)))
    print("complete", flush=True)


def watch(home: str, watch_id: str) -> None:
    """Do what a watch has to do."""
    print("ready", flush=True)
    finish_watch(home, watch_id)
    print("complete", flush=True)


def finish_watch(home: str, watch_id: str) -> None:
    """Look, score and finish until nothing of a watch is left to do."""
    chosen = environment(home)
    with open_context(settings.load(chosen), settings.load_web(chosen)) as context:
        worker, follow_up = Worker(context), FollowUp(context)
        with worker.heartbeat():
            while True:
                lease = context.web.lease_seconds
                claimed = watches.claim(context.engine, worker.name, lease, datetime.now(UTC), watch_id)
                if claimed is None:
                    time.sleep(0.05)
                    continue
                found = look(context, claimed, worker.name)
                if found.error is not None:
                    raise found.error
                if not follow_up.run(watch_id) and not found.waiting:
                    break
                worker.run_one()


class Kills:
    """One installation, and the kills of its processes."""

    def __init__(self, folder: Path, seed: int, kills: int) -> None:
        self.home, self.folder, self.kills = str(folder / "home"), folder, kills
        self.services = opened(self.home)
        self.user: User = users.add(self.services.engine, "ada@example.org", "Ada", "analyst")
        self.moments = random.Random(seed)
        self.counts: dict[str, Counter[str]] = {}

    def repeat(self, kind: str, once: Callable[[float], bool], longest: float) -> None:
        """Kill `kills` times before the end; `once` returns whether its process had ended by itself."""
        found = self.counts[kind] = Counter()
        while found["killed"] < self.kills and found["ended before"] < 10 * self.kills:
            found["ended before" if once(self.moments.uniform(0, longest)) else "killed"] += 1

    def uploads(self, jobs: KillableJobs) -> None:
        started = time.monotonic()
        assert "complete" in jobs.kill(60, "send", self.home, "first.csv")
        longest = 1.2 * (time.monotonic() - started)
        number = 0

        def once(moment: float) -> bool:
            nonlocal number
            number += 1
            ended = "complete" in jobs.kill(moment, "send", self.home, f"t{number}.csv")
            self._work()
            whole = [one for one in self._uploads(f"t{number}.csv") if one.state != "receiving"]
            assert all((one.state, one.size) == ("ready", len(CSV)) for one in whole)
            assert not ended or len(whole) == 1
            again = self.services.uploads.receive(self.user, f"t{number}.csv", io.BytesIO(CSV.encode()))
            self._work()
            assert self.services.uploads.find(self.user, again.id).state == "ready"
            return ended

        self.repeat("upload", once, longest)

    def scores(self, jobs: KillableJobs) -> None:
        sent = self.services.uploads.receive(self.user, "scored.csv", io.BytesIO(CSV.encode())).id
        self._work()
        self._runs("score", jobs, lambda: self.services.predictions.score(self.user, sent, budget=30))

    def refinements(self, jobs: KillableJobs) -> None:
        sent = self.services.uploads.receive(self.user, "refined.csv", io.BytesIO(CSV.encode())).id
        scored = self.services.predictions.score(self.user, sent, budget=30).id
        self._work()
        rows = self.services.results.suggest(self.user, scored, 8)
        labels = {row: ("fraud", "fine")[place % 2] for place, row in enumerate(rows)}
        self.services.predictions.set_labels(self.user, scored, labels)
        self._runs("refine", jobs, lambda: self.services.predictions.refine(self.user, scored))

    def _runs(self, kind: str, jobs: KillableJobs, ask: Callable[[], Run]) -> None:
        first = ask()
        started = time.monotonic()
        jobs.kill(120, "work", self.home)
        longest = 1.2 * (time.monotonic() - started)
        expected = self._digest(first.id)

        def once(moment: float) -> bool:
            requested = ask().id
            ended = "complete" in jobs.kill(moment, "work", self.home)
            self._work()
            assert self._digest(requested) == expected
            return ended

        self.repeat(kind, once, longest)

    def fetches(self, jobs: KillableJobs) -> None:
        source, cache = self.folder / "source", Cache(self.folder / "fetched", 10**9)
        source.write_bytes(DATA)

        def once(moment: float) -> bool:
            output = jobs.kill(moment, "fetch", cache.folder, source, self.folder / "counter", 0.002, -1)
            assert cache.verify() == ()
            assert cache.fetch(DIGEST, len(DATA), Source()) == DATA
            cache.clear()
            return "right" in output

        self.repeat("fetch", once, 0.05)

    def migrations(self, jobs: KillableJobs) -> None:
        url = f"sqlite:///{self.folder / 'moved.sqlite'}"
        engine, puts = database.open(url), self.folder / "puts"
        populate(engine, (self.folder / "from").as_uri(), MODELS, 200)
        turn = 0

        def once(moment: float) -> bool:
            nonlocal turn
            ended = "complete" in jobs.kill(
                moment, "migrate", url, (self.folder / f"to{turn}").as_uri(), puts, 0.02
            )
            assert read_all(engine) == MODELS
            if ended:
                assert verify(engine, (self.folder / f"to{turn}").as_uri()).right
                turn += 1
            return ended

        self.repeat("migrate", once, 1.0)
        last = (self.folder / f"to{turn}").as_uri()
        assert migrate(engine, last).complete
        assert verify(engine, last).right
        engine.dispose()

    def watched(self, jobs: KillableJobs) -> None:
        folder, number = self.folder / "watched", 0
        folder.mkdir()
        values = {"url": folder.as_uri(), "pattern": "*.csv", "schedule": "", "timezone": "UTC", "write_back": True, "mapping": {},
                  "options": watch_template.DEFAULTS, "columns": None, "next_look_at": datetime.now(UTC)}  # fmt: skip
        watch_id = watches.add(self.services.engine, self.user, "watched", values).id
        header, *lines = CSV.splitlines(keepends=True)

        def appear() -> None:
            """Write the next file, of other rows than all before."""
            nonlocal number
            number += 1
            rows = lines[number : number + WATCHED_ROWS]
            (folder / f"{number}.csv").write_text(header + "".join(rows))

        appear()
        started = time.monotonic()
        assert "complete" in jobs.kill(120, "watch", self.home, watch_id)
        longest = 1.1 * (time.monotonic() - started)

        def once(moment: float) -> bool:
            appear()
            ended = "complete" in jobs.kill(moment, "watch", self.home, watch_id)
            for result in folder.glob("*.predictions.csv"):
                assert (
                    len(result.read_text().splitlines()) == WATCHED_ROWS + 1
                )  # whole, also right after the kill
            time.sleep(float(LEASE) + 0.1)
            finish_watch(self.home, watch_id)
            files = watched_files.list_newest(self.services.engine, watch_id, 10_000)
            assert sorted(file.key for file in files) == sorted(f"{one + 1}.csv" for one in range(number))
            assert {file.state for file in files} == {"done"}
            sent = {file.upload_id for file in files}
            scored = runs.list_for(self.services.engine, self.user, upload_id=None, limit=100_000)
            of_watch = [run for run in scored if run.kind == "score" and run.upload_id in sent]
            assert len(of_watch) == len(sent) == number
            assert len(list(folder.glob("*.predictions.csv"))) == number
            counted = sa.select(sa.func.count()).where(notices.c.kind == "scored")
            with database.reading(self.services.engine) as connection:
                assert connection.execute(counted).scalar_one() == number
            return ended

        self.repeat("watch", once, longest)

    def _work(self) -> None:
        """Do what is left, as another worker, once the leases of the killed one have ended."""
        time.sleep(float(LEASE) + 0.1)
        run_until_idle(settings.load(environment(self.home)), settings.load_web(environment(self.home)))

    def _uploads(self, name: str) -> list[object]:
        return [one for one in self.services.uploads.list_for(self.user, query=name) if one.name == name]

    def _digest(self, run_id: str) -> str:
        done = runs.find(self.services.engine, run_id)
        assert done.state == "done", (done.state, done.error)
        return sha256(self.services.results.ranked_path(done).read_bytes()).hexdigest()


def main() -> None:
    """Print a table of the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--kills", type=int, default=10, help="of each of the six kinds of work")
    parser.add_argument(
        "--only", nargs="+", metavar="KIND", help="upload, score, refine, fetch, migrate or watch"
    )
    chosen = parser.parse_args()
    print(f"kills of seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="vigie-kills-") as place:
        kills = Kills(Path(place), chosen.seed, chosen.kills)
        for kind, work_of, module in (
            ("upload", kills.uploads, "bench.kills"),
            ("score", kills.scores, "bench.kills"),
            ("refine", kills.refinements, "bench.kills"),
            ("fetch", kills.fetches, "tests.bundles.worker"),
            ("migrate", kills.migrations, "tests.relocate.worker"),
            ("watch", kills.watched, "bench.kills"),
        ):
            if chosen.only and kind not in chosen.only:
                continue
            jobs = KillableJobs(module, Path(place))
            try:
                work_of(jobs)
            finally:
                jobs.stop()
            found = kills.counts[kind]
            print(
                f"  {kind:10} killed {found['killed']:4}   ended before {found['ended before']:4}", flush=True
            )
        kills.services.close()
    print(f"  {sum(found['killed'] for found in kills.counts.values())} kills: nothing lost, nothing wrong")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve({"send": send, "work": work, "watch": watch})
    else:
        main()
