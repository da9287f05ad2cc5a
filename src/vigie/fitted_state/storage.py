"""The fitted state as names with plain JSON and arrays, and back: what a stored scorer holds of its table.

Nothing here can be executed: numbers, texts, arrays without objects, and boosters as UBJSON bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import xgboost_import
from vigie.fitted_state.format_4 import to_format_5
from vigie.fitted_state.rank_table import RankTable, RankTables
from vigie.fitted_state.state import FittedState, SelfTraining, Thresholds
from vigie.fitted_state.statistic import Family, Section
from vigie.fitted_state.value_counts import CountTables, ValueCounts

Array = npt.NDArray[Any]

FORMAT = 5

_KEY = "{}"
_BOOSTER = "booster "
_RELATED = "self-training related"
_THRESHOLDS = {
    "alert": "alert line",
    "explained": "explanation line",
    "medium": "far out",
    "prior_log_odds": "odds",
    "abstained": "doubt",
    "leader_log_odds": "leader's odds",
}


@dataclass(frozen=True)
class _Slot:
    """Where a stored name belongs.

    Attributes:
        pattern: of the name; `{}` stands for the key.
        path: attributes from the state on; `{}` is the key.
        record: wraps the value; None where it is the value itself.
        second: pattern of the name of the second array of a table.
    """

    pattern: str
    path: tuple[str, ...]
    record: type[Any] | None
    second: str

    def target(self, state: FittedState, key: str) -> Any:
        """Return the statistic or the tables of a state."""
        found: Any = state
        for step in self.path:
            found = found[key] if step == _KEY else getattr(found, step)
        return found


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
        version: of the format, 4 or 5.
    """
    if version == 4:
        answers, arrays = to_format_5(answers, arrays)
    values = {name: _decoded(value, arrays) for name, value in answers.items()}
    state = FittedState()
    for name, value in values.items():
        slot, key = _find(name)
        if slot is None:
            continue
        target = slot.target(state, key)
        if isinstance(target, RankTables):
            target.tables[key] = RankTable(value, values[slot.second.format(key)])
        elif isinstance(target, CountTables):
            target.tables[key] = ValueCounts(value, values[slot.second.format(key)])
        else:
            target.value = slot.record(value) if slot.record else value
    state.scoring.thresholds.value = _thresholds(values)
    state.scoring.self_training.value = _self_training(values)
    return state.fitted()


def _slots(section: Section, path: tuple[str, ...] = ()) -> Iterator[_Slot]:
    for field in fields(section):
        value, here, about = getattr(section, field.name), (*path, field.name), field.metadata
        if isinstance(value, Section):
            yield from _slots(value, here)
        elif isinstance(value, Family) and not about:
            yield from _slots(value.new(), (*here, _KEY))
        else:
            keyed = (*here, _KEY) if isinstance(value, Family) else here
            yield _Slot(about["stored"], keyed, about.get("record"), about.get("second", ""))


@cache
def _known_slots() -> tuple[dict[str, _Slot], dict[str, _Slot]]:
    """The slots by exact name, and by the beginning of names that have a key."""
    slots = {slot.pattern: slot for slot in _slots(FittedState())}
    starts = {pattern.removesuffix(_KEY): slot for pattern, slot in slots.items() if pattern.endswith(_KEY)}
    return slots, dict(sorted(starts.items(), key=lambda pair: -len(pair[0])))


def _find(name: str) -> tuple[_Slot | None, str]:
    """The slot of a stored name and its key; None for what belongs to another name."""
    exact, starts = _known_slots()
    if name in exact:
        return exact[name], ""
    found = ((slot, name.removeprefix(start)) for start, slot in starts.items() if name.startswith(start))
    return next(found, (None, ""))


def _values(section: Section, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every fitted value with its stored name."""
    for field in fields(section):
        value, about = getattr(section, field.name), field.metadata
        if isinstance(value, Section):
            yield from _values(value)
        elif isinstance(value, RankTables | CountTables):
            for name, table in value.tables.items():
                first, second = (
                    vars(table)["values"],
                    table.below if isinstance(table, RankTable) else table.counts,
                )
                yield about["stored"].format(name), first
                yield about["second"].format(name), second
        elif isinstance(value, Family) and not about:
            for name, one in value.items():
                yield from _values(one, name)
        else:
            every = value.items() if isinstance(value, Family) else [(key, value)]
            for name, one in every:
                yield from _parts(about["stored"].format(name), one.value, about["record"])


def _parts(name: str, value: Any, record: type[Any] | None) -> Iterator[tuple[str, Any]]:
    """One statistic under its stored name; a record of several values has a name for each."""
    if isinstance(value, Thresholds):
        for field, stored in _THRESHOLDS.items():
            if getattr(value, field) is not None:
                yield stored, getattr(value, field)
    elif isinstance(value, SelfTraining):
        yield _RELATED, value.related
        for view, booster in value.boosters.items():
            yield _BOOSTER + view, booster
    elif value is not None:
        yield name, value.values if record else value


def _thresholds(values: Mapping[str, Any]) -> Thresholds | None:
    found = {field: values[name] for field, name in _THRESHOLDS.items() if name in values}
    return Thresholds(**found) if found else None


def _self_training(values: Mapping[str, Any]) -> SelfTraining | None:
    if _RELATED not in values:
        return None
    boosters = {name.removeprefix(_BOOSTER): one for name, one in values.items() if name.startswith(_BOOSTER)}
    return SelfTraining(boosters, tuple(values[_RELATED]))


def _encoded(name: str, value: Any, arrays: dict[str, Array]) -> Any:
    """A value as JSON; what is large goes to `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if hasattr(value, "save_raw"):
        arrays[name] = np.frombuffer(value.save_raw("ubj"), dtype=np.uint8)
        return {"trees": name}
    if isinstance(value, Mapping):
        if not any(isinstance(part, np.ndarray) for part in value.values()):
            return {"map": dict(value)}
        arrays |= {f"{name} {part}": array for part, array in value.items()}
        return {"arrays": {part: f"{name} {part}" for part in value}}
    if isinstance(value, tuple):
        return list(value)
    return value.item() if isinstance(value, np.generic) else value


def _decoded(value: Any, arrays: Mapping[str, Array]) -> Any:
    match value:
        case {"array": name}:
            return arrays[name]
        case {"trees": name}:
            return xgboost_import.open_trees(arrays[name].tobytes())
        case {"arrays": names}:
            return {part: arrays[name] for part, name in names.items()}
        case {"map": plain}:
            return plain
        case _:
            return value
