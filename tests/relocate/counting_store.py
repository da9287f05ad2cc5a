"""Stores that count their requests and fail on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vigie.stores.base import Head, Location, Store
from vigie.stores.open import open_location


class CountingStore(Store):
    """A store that counts its requests; `fault` is called before each and may raise or return other bytes."""

    def __init__(self, inner: Store, log: Counter[tuple[str, str]], fault: Callable[[str, str], Any]) -> None:
        super().__init__(inner.location)
        self.inner, self.log, self.fault = inner, log, fault

    def _ask(self, verb: str, key: str) -> Any:
        self.log[verb, key] += 1
        return self.fault(verb, key)

    def put(self, key: str, data: bytes | Path) -> None:
        provided = self._ask("put", key)
        self.inner.put(key, data if provided is None else provided)

    def put_if_absent(self, key: str, data: bytes) -> None:
        provided = self._ask("put", key)
        self.inner.put_if_absent(key, data if provided is None else provided)

    def get(self, key: str) -> bytes:
        provided = self._ask("get", key)
        return self.inner.get(key) if provided is None else provided

    def stream(self, key: str) -> Iterator[bytes]:
        provided = self._ask("get", key)
        return self.inner.stream(key) if provided is None else iter([provided])

    def head(self, key: str) -> Head:
        self._ask("head", key)
        return self.inner.head(key)

    def list(self, prefix: str = "") -> Iterator[Head]:
        self._ask("list", prefix)
        return self.inner.list(prefix)

    def delete(self, key: str) -> None:
        self._ask("delete", key)
        self.inner.delete(key)


class CountingStores:
    """Opens stores that count; `fault(verb, key)` applies to the store `where` only, if one is named."""

    def __init__(self) -> None:
        self.log: Counter[tuple[str, str]] = Counter()
        self.fault: Callable[[str, str], Any] = lambda verb, key: None
        self.where: str | None = None

    def __call__(self, location: Location) -> Store:
        def fault(verb: str, key: str) -> Any:
            hit = self.where is None or location.bucket == self.where
            return self.fault(verb, key) if hit else None

        return CountingStore(open_location(location), self.log, fault)

    def count(self, verb: str) -> int:
        return sum(number for (done, _), number in self.log.items() if done == verb)
