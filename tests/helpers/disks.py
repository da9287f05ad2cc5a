"""A small file system, for what happens when a disk is full."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


@pytest.fixture
def mount_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount an empty file system of a size such as `64k`; only root can, and not in every container."""
    with ExitStack() as mounted:

        def mount(size: str) -> Path:
            folder = tmp_path / "disk"
            folder.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
            found = subprocess.run(command, capture_output=True, text=True)
            if found.returncode:
                pytest.skip(f"NOT TESTED, what happens on a full disk: {found.stderr.strip()}")
            mounted.callback(subprocess.run, ["umount", str(folder)], check=True)
            return folder

        yield mount
