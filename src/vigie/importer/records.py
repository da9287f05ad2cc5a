"""What a pickle file's objects are read as: names and records, never instances of its classes."""

from __future__ import annotations

from typing import Any

UNCLEAR_CLASSES = "a classifier of two classes, neither of which clearly means fraud"
"""What is refused where neither words nor the owner say which class means fraud."""


class Name:
    """A name in the file, such as a class; `path` is `module.name`."""

    def __init__(self, path: str) -> None:
        self.path = path


class Record:
    """A saved object of the class `path`: its constructor arguments and its state."""

    def __init__(self, path: str, arguments: tuple[Any, ...] = (), state: Any = None) -> None:
        self.path = path
        self.arguments = arguments
        self.state = state


class DtypeRecord(Record):
    """A numpy dtype; its `state` follows its arguments in the file."""


class ArrayRecord(Record):
    """An array whose bytes follow in the file."""
