"""Patterns, schedules, and the locations that a watch reads."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from vigie.errors import NotFound, StoreUnavailable, UsageRefused
from vigie.sources import patterns, schedule
from vigie.sources.base import FileChanged
from vigie.sources.folder import FolderSource
from vigie.sources.open import check_allowed, normalize, open_source

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("pattern", "key", "matched"),
    [
        ("*.csv", "jan.csv", True),
        ("*.csv", "JAN.CSV", True),
        ("*.csv", "old/jan.csv", False),
        ("**/*.csv", "jan.csv", True),
        ("**/*.csv", "a/b/jan.csv", True),
        ("exports/*", "exports/jan.xlsx", True),
        ("exports/*", "exports/2026/jan.xlsx", False),
        ("pay_202[0-9].csv", "pay_2026.csv", True),
        ("pay_[!0].csv", "pay_0.csv", False),
        ("relevé é*.csv", "relevé été.csv", True),
        ("a+b(1).csv", "a+b(1).csv", True),
        ("**/a/**/*.csv", "x/a/y/z/jan.csv", True),
        ("**/a/**/*.csv", "a/jan.csv", True),
        ("**/a/**/*.csv", "x/y/jan.csv", False),
        ("a/**/b/*", "a/b/jan.csv", True),
        ("a/**/b/*", "b/jan.csv", False),
        ("*a*b*.csv", "xaxb.csv", True),
        ("*ab*ab.csv", "abxab.csv", True),
        ("*ab*ab.csv", "ab.csv", False),
        ("p?y*", "pay", True),
        ("**", "jan.csv", True),
        ("[", "[", True),
        ("[z-a]*", "b", False),
        ("[!z-a]*", "b", True),
        ("[a--b&&c||d~~e[]x", "&x", True),
        ("[]x]y", "]y", True),
        ("[!!]x", "!x", False),
        ("*a" * 99 + "b", "a" * 250, False),
        ("**/a/" * 39 + "b", "a/" * 500 + "c", False),
        ("*", "jan.predictions.csv", False),
        ("*", "jan.csv.part", False),
        ("*", ".hidden.csv", False),
        ("**/*", ".trash/jan.csv", False),
    ],
)
def test_a_pattern_matches_paths(pattern: str, key: str, matched: bool) -> None:
    """Names that are still written, hidden ones and predictions never match."""
    assert patterns.matches(pattern, key) is matched


def test_predictions_have_a_name_of_their_own_and_are_no_input() -> None:
    """Files that differ in their extension only do not share it."""
    keys = ["d/jan.csv", "d/jan.csv.gz", "d/jan.xlsx", "d/jan.tsv"]
    results = [patterns.result_key(key) for key in keys]
    assert results[0] == "d/jan.predictions.csv"
    assert len(set(results)) == len(keys)
    assert not any(patterns.matches("**/*", result) for result in results)


def looks(expression: str, start: datetime, count: int) -> list[str]:
    """The next looks as local times."""
    found, at = [], start
    for _ in range(count):
        at = schedule.next_look(expression, "Europe/Paris", at, 30)
        found.append(at.astimezone(PARIS).strftime("%d %H:%M"))
    return found


def test_a_schedule_keeps_the_local_time_when_the_clocks_change() -> None:
    """A skipped time is made up for, a repeated one comes once, and six o'clock stays six o'clock."""
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=PARIS), datetime(2026, 10, 24, 12, tzinfo=PARIS)
    assert looks("30 2 * * *", spring, 2) == ["29 03:00", "30 02:30"]
    assert looks("30 2 * * *", autumn, 2) == ["25 02:30", "26 02:30"]
    assert looks("0 6 * * *", spring, 2) == ["29 06:00", "30 06:00"]
    assert looks("0 6 * * *", autumn, 2) == ["25 06:00", "26 06:00"]


@pytest.mark.parametrize(
    ("expression", "zone"),
    [("every day", "UTC"), ("0 6 * *", "UTC"), ("0 6 * * * *", "UTC"), ("0 6 31 2 *", "UTC"), ("", "Paris"), ("", "../x")],
)  # fmt: skip
def test_a_schedule_that_never_comes_is_refused(expression: str, zone: str) -> None:
    """So is one with seconds, and an unknown time zone."""
    with pytest.raises(UsageRefused, match="expected"):
        schedule.check(expression, zone)


def test_a_folder_is_read_without_what_lies_outside(tmp_path: Path) -> None:
    """Any name; links out of the folder and other things than files are left out; a file that changes is not copied."""
    folder = tmp_path / "exports"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("secret")
    (folder / "relevé #1 50%.csv").write_bytes(b"a,b\n1,2\n")
    (folder / "sub" / "deep.csv").write_text("x")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(folder / "pipe.csv")
    source = FolderSource(folder)
    (file,) = source.list(deep=False)
    assert (file.key, file.size) == ("relevé #1 50%.csv", 8)
    assert [one.key for one in source.list(deep=True)] == [file.key, "sub/deep.csv"]
    source.fetch(file, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"a,b\n1,2\n"
    with (folder / file.key).open("ab") as growing:
        growing.write(b"3,4\n")
    with pytest.raises(FileChanged):
        source.fetch(file, tmp_path / "copy")
    (folder / file.key).unlink()
    with pytest.raises(FileChanged):
        source.fetch(file, tmp_path / "copy")


def test_an_absent_or_closed_folder_is_explained(tmp_path: Path) -> None:
    """Without the path of the machine."""
    with pytest.raises(NotFound, match="no folder 'exports'"):
        FolderSource(tmp_path / "exports").list(deep=False)
    (tmp_path / "file").touch()
    with pytest.raises((NotFound, StoreUnavailable)) as refused:
        FolderSource(tmp_path / "file" / "x").list(deep=False)
    assert str(tmp_path) not in str(refused.value)


def test_predictions_are_written_whole(tmp_path: Path) -> None:
    """No other file is left in the folder."""
    (tmp_path / "data").write_text("new")
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.predictions.csv").write_text("old, and longer")
    open_source(str(folder)).put("a.predictions.csv", tmp_path / "data")
    assert [path.name for path in folder.iterdir()] == ["a.predictions.csv"]
    assert (folder / "a.predictions.csv").read_text() == "new"


@pytest.mark.parametrize("scheme", ["ftp", "ftps"])
def test_the_guides_name_what_is_refused(scheme: str) -> None:
    """A server of files is neither stored as an address nor opened, and both languages say so."""
    for read in (normalize, open_source):
        with pytest.raises(UsageRefused, match=f"unknown scheme '{scheme}'"):
            read(f"{scheme}://files.bank.example/exports")
    docs = Path(__file__).resolve().parents[2] / "docs"
    for page in (docs / "en" / "watches.md", docs / "SURVEILLANCES.md"):
        assert scheme.upper() in page.read_text("utf-8").split("\n## ")[0]


def test_users_watch_only_below_the_roots(tmp_path: Path) -> None:
    """Links and dots lead nowhere else."""
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (root / "out").symlink_to(other)
    roots = (str(root), "s3://bank/exports")
    for url in (str(root), str(root / "a"), "s3://bank/exports", "s3://bank/exports/2026"):
        check_allowed(normalize(url), roots)
    for url in (str(other), str(root / ".." / "other"), str(root / "out"), f"{root}2", "s3://bank/exports2",
                "s3://bank", "s3://other/exports", "gs://bank/exports"):  # fmt: skip
        with pytest.raises(UsageRefused, match="may watch"):
            check_allowed(normalize(url), roots)
    with pytest.raises(UsageRefused):
        check_allowed(normalize(str(root)), ())
