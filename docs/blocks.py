"""The command blocks of the documentation: found, run, compared with what the page shows, or written into it.

A fenced block of the language `console` is run, line by line: a line that begins with `$ ` is a command, the lines up to the
next one are what it prints (stdout and stderr together). Blocks of one page share a folder, an empty catalog, and
an S3 server with one empty bucket. In a comment before a block,

    <!-- cloud: what it would need -->      says why it is not run
    <!-- figures: of what -->               what it prints depends on the trained models: written by `make docs`, and only
                                            its first line is compared

`…` stands for any number of lines, or for a piece of one. Numbers followed by `s` or `ms` are times, and are not compared.

    python docs/blocks.py PAGE              runs the blocks of the page and writes what they print
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>cloud|figures): (?P<why>[^\n]+) -->\n+)?^```console\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SHELL = re.compile(r"^```(?:bash|sh|shell)\b", re.MULTILINE)
_TIMES = re.compile(r"\d+(?:\.\d+)? (?=m?s\b)")
_BUCKET = "fraud-detection-models"


@dataclass(frozen=True)
class Step:
    """A command and what the page says it prints."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A block: where it is in the text, its steps, why it cannot be run here, if so, and whether its figures change."""

    start: int
    end: int
    steps: tuple[Step, ...]
    cloud: str
    figures: bool

    def fits(self, step: Step, printed: Sequence[str]) -> bool:
        """Whether one of its steps shows what was printed."""
        if self.figures:
            return alike(step.shown[:1], printed[:1])
        return alike(step.shown, printed)


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order; refuses shell blocks that nothing would run."""
    if odd := _SHELL.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise ValueError(
            f"line {line}: write commands as a block of the language console, with $ before each"
        )
    return [
        Block(
            match.start("body"),
            match.end("body"),
            tuple(_steps(match["body"])),
            match["why"] if match["mark"] == "cloud" else "",
            match["mark"] == "figures",
        )
        for match in _BLOCK.finditer(text)
    ]


def _steps(body: str) -> Iterator[Step]:
    command, shown = "", []
    for line in body.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(command, tuple(shown))
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command:
        yield Step(command, tuple(shown))


def alike(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether what a page shows is what was printed, `…` and times aside."""
    pattern = "".join(
        r"(?:[^\n]*\n)*" if line.strip() == "…" else _line(line) + r"\n" for line in _trimmed(shown)
    )
    text = "".join(f"{_TIMES.sub('N ', line)}\n" for line in _trimmed(printed))
    return re.fullmatch(pattern, text) is not None


def _line(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in _TIMES.sub("N ", line.rstrip()).split("…"))


def _trimmed(lines: Sequence[str]) -> list[str]:
    text = (
        "\n".join(lines).replace("\u202f", " ").replace("\xa0", " ")
    )  # French numbers have blanks of their own
    return [line.rstrip() for line in text.strip("\n").split("\n")]


class Shell:
    """A folder that looks like a checkout, with a catalog, a bucket and a cache of its own."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        for name in ("examples", "migrate_models_to_s3.py", "populate_reference_models.py", "src"):
            (folder / name).symlink_to(ROOT / name)
        bin_folder = folder / ".bin"
        bin_folder.mkdir()
        for name, code in {"python": '"$@"', "vigie": '-m vigie "$@"'}.items():
            script = bin_folder / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {code}\n')
            script.chmod(0o755)
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("VIGIE_", "AWS_"))}
        self.env = {
            **keep,
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "COLUMNS": "100",
            "VIGIE_HOME": str(folder / "home"),
            "DATABASE_URL": f"sqlite:///{folder / 'catalog.sqlite'}",
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    def run(self, command: str) -> list[str]:
        """The lines it prints; `export NAME=value` stays for the commands that follow."""
        if exported := re.fullmatch(r"export ((?:\w+=\S+ ?)+)", command):
            self.env |= dict(pair.split("=", 1) for pair in exported[1].split())
            return []
        done = subprocess.run(  # noqa: S602  our own documentation
            command, shell=True, cwd=self.folder, env=self.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, timeout=900,
        )  # fmt: skip
        text = done.stdout.replace(str(ROOT / "src"), "…").replace(f"{self.folder}/", "")
        return text.splitlines()


@contextmanager
def shell() -> Iterator[Shell]:
    """A shell with an empty bucket on an S3 server of this process."""
    import logging
    from http.client import HTTPConnection

    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # Whatever server of this process comes later has the buckets of those before it.
    with closing(HTTPConnection(host, port)) as connection:
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
    client = boto3.session.Session("key", "secret", region_name="us-east-1").client(
        "s3", endpoint_url=endpoint
    )
    client.create_bucket(Bucket=_BUCKET)
    folder = Path(tempfile.mkdtemp(prefix="vigie-docs-"))
    try:
        yield Shell(folder, endpoint)
    finally:
        server.stop()
        shutil.rmtree(folder)


def run(text: str) -> dict[str, list[str]]:
    """What each command of a page prints, in the page's order."""
    with shell() as here:
        return {
            step.command: here.run(step.command)
            for block in blocks(text)
            if not block.cloud
            for step in block.steps
        }


def written(text: str, printed: dict[str, list[str]]) -> str:
    """The page with what its commands print; a step whose shown lines are already alike stays as it is."""
    for block in reversed(blocks(text)):
        if block.cloud:
            continue
        steps = [
            step
            if alike(step.shown, printed[step.command])
            else replace(step, shown=tuple(printed[step.command]))
            for step in block.steps
        ]
        body = "".join("\n".join([f"$ {step.command}", *step.shown]).rstrip() + "\n" for step in steps)
        text = text[: block.start] + body + text[block.end :]
    return text


def main() -> None:
    """Rewrites the pages named."""
    for name in sys.argv[1:]:
        page = Path(name)
        text = page.read_text("utf-8")
        page.write_text(written(text, run(text)), "utf-8")
        print(f"{name}: {len(blocks(text))} blocks")  # noqa: T201


if __name__ == "__main__":
    main()
