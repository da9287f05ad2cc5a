"""The fitted state as plain JSON by name and arrays, and back: what a stored scorer holds of its table.

Nothing here can be executed: numbers, texts, arrays without objects, and boosters as UBJSON bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import xgboost_import
from vigie.fitted_state.format_4 import to_format_5
from vigie.fitted_state.state import FittedState
from vigie.fitted_state.statistic import Family, Section, Tables

Array = npt.NDArray[Any]

FORMAT = 6
_KEY = "{}"


def to_stored(state: FittedState) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return plain JSON by name, and the arrays it refers to; `from_stored` reads them."""
    arrays: dict[str, Array] = {}
    return {
        name: _encoded(name, value, arrays) for name, value in sorted(_values(state), key=itemgetter(0))
    }, arrays


def from_stored(
    answers: Mapping[str, Any], arrays: Mapping[str, Array], version: int = FORMAT
) -> FittedState:
    """Return a state to be looked up.

    Args:
        answers: plain JSON by name.
        arrays: those it refers to; may hold others.
        version: of the format, 4 to 6.
    """
    if version == 4:
        answers, arrays = to_format_5(answers, arrays)
    state = FittedState()
    for name, stored in answers.items():
        slot, key = _find(name)
        if slot is None:
            continue
        value = _decoded(stored, arrays)
        target: Any = state
        for step in slot.path:
            target = target[key] if step == _KEY else getattr(target, step)
        value = slot.record(**value) if slot.record else value
        if isinstance(target, Tables):
            target.tables[key] = value
        else:
            target.value = value
    return state.fitted()


@dataclass(frozen=True)
class _Slot:
    """Where a stored name belongs.

    Attributes:
        path: attributes from the state on; `{}` is the key of a family.
        record: class of the value, where it is a record.
    """

    path: tuple[str, ...]
    record: type[Any] | None


def _slots(section: Section, path: tuple[str, ...] = ()) -> Iterator[tuple[str, _Slot]]:
    """Return the slot of each pattern of names."""
    for field in fields(section):
        value, here, about = getattr(section, field.name), (*path, field.name), field.metadata
        if isinstance(value, Section):
            yield from _slots(value, here)
        elif isinstance(value, Family) and not about:
            yield from _slots(value.new(), (*here, _KEY))
        else:
            yield (
                about["stored"],
                _Slot((*here, _KEY) if isinstance(value, Family) else here, about["record"]),
            )


@cache
def _known_slots() -> tuple[dict[str, _Slot], dict[str, _Slot]]:
    """Return the slots by exact name, and by the beginning of names that have a key, the longest first."""
    slots = dict(_slots(FittedState()))
    starts = {pattern.removesuffix(_KEY): slot for pattern, slot in slots.items() if pattern.endswith(_KEY)}
    return slots, dict(sorted(starts.items(), key=lambda pair: -len(pair[0])))


def _find(name: str) -> tuple[_Slot | None, str]:
    """Return the slot of a stored name and its key; None for a name that is not used any more."""
    exact, starts = _known_slots()
    if name in exact:
        return exact[name], ""
    found = ((slot, name.removeprefix(start)) for start, slot in starts.items() if name.startswith(start))
    return next(found, (None, ""))


def _values(section: Section, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every fitted value with its stored name."""
    for field in fields(section):
        value, pattern = getattr(section, field.name), field.metadata.get("stored", "")
        if isinstance(value, Section):
            yield from _values(value)
        elif isinstance(value, Tables):
            yield from ((pattern.format(name), table) for name, table in value.tables.items())
        elif isinstance(value, Family) and not pattern:
            for name, one in value.items():
                yield from _values(one, name)
        else:
            every = value.items() if isinstance(value, Family) else [(key, value)]
            yield from ((pattern.format(name), one.value) for name, one in every if one.value is not None)


def _encoded(name: str, value: Any, arrays: dict[str, Array]) -> Any:
    """Return a value as JSON; what is large goes to `arrays`, under the name of its place."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if hasattr(value, "save_raw"):
        arrays[name] = np.frombuffer(value.save_raw("ubj"), dtype=np.uint8)
        return {"trees": name}
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {"map": {part: _encoded(f"{name}/{part}", one, arrays) for part, one in value.items()}}
    if isinstance(value, tuple):
        return list(value)
    return value.item() if isinstance(value, np.generic) else value


def _decoded(value: Any, arrays: Mapping[str, Array]) -> Any:
    match value:
        case {"array": name}:
            return arrays[name]
        case {"trees": name}:
            return xgboost_import.open_trees(arrays[name].tobytes())
        case {"map": parts}:
            return {part: _decoded(one, arrays) for part, one in parts.items()}
        case _:
            return value
