"""A cluster of two workers, one of them killed while it works: the job finishes with the same numbers."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.helpers.tables import busy_table
from tests.waiting import LIMIT, wait_until

pytest.importorskip("pyspark", reason="make test-spark")

import pyspark
from pyspark.sql import SparkSession
from tests.spark.rows import assert_same, back, sent

from vigie import spark
from vigie.engine import files
from vigie.engine.options import ScoringContext
from vigie.spark.backend import ClusterSettings
from vigie.table import from_frame

pytestmark = pytest.mark.spark
DEPLOY = "org.apache.spark.deploy"


@dataclass
class Daemon:
    """A part of the cluster, in a process group of its own."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)

    @classmethod
    def start(cls, name: str, folder: Path, *arguments: str) -> Daemon:
        script = Path(pyspark.__file__).parent / "bin" / "spark-class"
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": str(folder),
            "SPARK_DAEMON_MEMORY": "256m",
        }
        process = subprocess.Popen(
            [str(script), f"{DEPLOY}.{name}", "--host", "127.0.0.1", "--webui-port", "0", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True,
        )  # fmt: skip
        daemon = cls(process)
        daemon.reader.start()
        return daemon

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)

    def wait_for(self, text: str) -> str:
        """The line that says so."""
        while True:
            line = self.lines.get(timeout=LIMIT)
            if text in line:
                return line

    def kill(self) -> None:
        """At once, with the executors it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join(LIMIT)


@dataclass
class Cluster:
    session: SparkSession
    workers: list[Daemon]

    def executors(self) -> int:
        """How many there are now; the driver is counted too."""
        return int(self.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


@pytest.fixture
def cluster(environment: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    started: list[Daemon] = []
    try:
        started.append(Daemon.start("master.Master", tmp_path, "--port", "0"))
        url = started[0].wait_for("Starting Spark master at").split()[-1]
        for number in range(2):
            worker = Daemon.start(
                "worker.Worker", tmp_path / str(number), "--cores", "1", "--memory", "1g", url
            )
            started.append(worker)
            worker.wait_for("Successfully registered with master")
        builder = SparkSession.builder.master(url).appName("test").config("spark.executor.memory", "700m")
        builder = builder.config("spark.driver.host", "127.0.0.1").config(
            "spark.driver.bindAddress", "127.0.0.1"
        )
        builder = builder.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "3")
        session = (
            builder.config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .config("spark.cores.max", "2")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        yield Cluster(session, started[1:])
        session.stop()
    finally:
        for daemon in reversed(started):
            daemon.kill()


def test_a_machine_lost_in_the_middle(
    cluster: Cluster, context: ScoringContext, work: str, tmp_path: Path
) -> None:
    frame = busy_table(5, flows=False)
    expected = files.predict_table(from_frame(frame), context, tmp_path)
    struck = threading.Event()
    killer = threading.Thread(target=_kill_when_busy, args=(cluster, struck))

    def progress(stage: str, share: float) -> None:
        if stage == "gathering evidence":
            assert cluster.executors() == 2
            killer.start()

    df = sent(cluster.session, frame, tmp_path).repartition(4)
    settings = ClusterSettings(work, 500, require_signature=False)
    found = spark.score(df, replace(context, progress=progress), settings)
    scored = back(found.frame)
    killer.join(LIMIT)
    assert struck.is_set()
    assert cluster.workers[0].process.poll() == -signal.SIGKILL
    assert cluster.executors() == 1
    whole = frame.hstack(expected.additions)
    assert_same(scored, whole, ("time", "amount", "device", "ip", "email"))


def _kill_when_busy(cluster: Cluster, struck: threading.Event) -> None:
    """Kills a worker while tasks run."""
    status = cluster.session.sparkContext.statusTracker()

    def busy() -> bool:
        stages = [status.getStageInfo(number) for number in status.getActiveStageIds()]
        return any(stage is not None and stage.numActiveTasks == 2 for stage in stages)

    wait_until(busy)
    cluster.workers[0].kill()
    struck.set()
