"""Each hint names the cause: what it says is done, and the problem is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vigie.errors import VigieError
from vigie.table import read
from vigie.table.options import ReadOptions

ROWS = "".join(f"{i},C{i},{i}.5\n" for i in range(9))
TABLE = "id,client,amount\n" + ROWS
NOISE = "".join(map(chr, range(0xA0, 0x100)))
FIXED = "Date        Cust   Amount\n" + "".join(f"2024-01-0{i}  C000{i}  {i}00.50\n" for i in range(1, 9))
STRICT = ReadOptions(strict=True)

Mend = Callable[[Path, bytes], tuple[Path, ReadOptions]]


def rewritten(change: Callable[[bytes], bytes], name: str = "mended.csv") -> Mend:
    """Change the file as a hint says."""

    def mend(path: Path, data: bytes) -> tuple[Path, ReadOptions]:
        target = path.with_name(name)
        target.write_bytes(change(data))
        return target, STRICT

    return mend


def with_options(**chosen: object) -> Mend:
    """Say what a hint asks for."""
    return lambda path, _: (path, ReadOptions(**chosen))  # type: ignore[arg-type]


CASES: list[tuple[str, bytes, ReadOptions, str, Mend]] = [
    ("t.csv", b"Export of May\n\n" + TABLE.encode(), STRICT, "remove the lines above the header",
     rewritten(lambda data: data.split(b"\n\n", 1)[1])),
    ("t.csv", ROWS.encode(), STRICT, "add a first line", rewritten(lambda data: b"id,client,amount\n" + data)),
    ("t.csv", b"a,b,a\n" + ROWS.encode(), STRICT, "rename or remove", rewritten(lambda data: data.replace(b"b,a", b"b,c"))),
    ("t.csv", (TABLE * 2).encode(), STRICT, "remove all headers but the first",
     rewritten(lambda data: data[: len(data) // 2] + data[len(data) // 2 :].split(b"\n", 1)[1])),
    ("t.csv", TABLE.replace("C3,3.5", "C3,3,5").encode(), STRICT, "quote cells that contain the separator",
     rewritten(lambda data: data.replace(b"3,5\n", b'"3,5"\n'))),
    ("t.csv", TABLE.replace("C3", '"C3').encode(), STRICT, "close the quote",
     rewritten(lambda data: data.replace(b'"C3', b'"C3"'))),
    ("t.csv", b'{"id": 1, "amount": 2}\n{"id": 2, "amount": 3}\n', STRICT, ".jsonl",
     rewritten(lambda data: data, "t.jsonl")),
    ("t.csv", FIXED.encode(), ReadOptions(), "export the table as CSV",
     rewritten(lambda data: b"\n".join(b",".join(line.split()) for line in data.splitlines()))),
    ("t.csv", TABLE.replace("C3", NOISE).encode("latin-1"), ReadOptions(), "--encoding",
     with_options(encoding="latin-1")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "options", "hint", "mend"), CASES, ids=[case[3].replace(" ", "-") for case in CASES]
)
def test_a_hint_mends_the_problem(
    tmp_path: Path, name: str, data: bytes, options: ReadOptions, hint: str, mend: Mend
) -> None:
    """The file is refused with this hint; mended as it says, it is read."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(VigieError) as caught:
        read(path, options=options)
    assert hint in caught.value.hint
    target, chosen = mend(path, data)
    assert read(target, options=chosen).frame.height >= 2
