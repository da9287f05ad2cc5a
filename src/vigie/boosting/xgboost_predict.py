"""What trees say of rows.

XGBoost takes twice as long over a row with anything unknown, and a table never tells every input of a model. So many
rows are shown to trees of their own, in which nothing is unknown: questions about inputs that no row knows are settled
beforehand, since all rows go one way. Of an input that some rows do not know there are two columns, one where unknown
lies below every number and one where it lies above: each question asks the one that sends the unknown where the trees
would have sent it. The margins are the same to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import xgboost_import
from vigie.parallel import in_threads

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

CHUNK = 20_000
"""Rows a thread takes at a time: below, threads cost more than they save."""

MANY = 20_000
"""Rows from which trees of their own pay: they take as long to make as 160 trees take over 20,000 rows."""

_BEYOND = np.finfo(np.float32).max


def margins(
    model: xgboost.Booster,
    inputs: Matrix | Floats,
    columns: Sequence[int] | Places | None = None,
    rows: Places | None = None,
) -> Floats:
    """(rows,) margins.

    Many rows are shared between threads of ours and not between XGBoost's own, which wait for each other in a busy
    loop: on a machine with other work that costs more than it saves.

    Args:
        model: the trees, as `boosting.open_trees` opens them.
        inputs: (rows, inputs), NaN where unknown.
        columns: of the inputs, those the trees know, in their order; all of them where it is not given.
        rows: of the inputs, those that are asked for; all of them where it is not given.
    """
    count = len(inputs) if rows is None else len(rows)
    out = np.empty(count)
    settled = _for_rows(model, inputs, columns) if count >= MANY else None

    def some(start: int) -> None:
        # A chunk at a time: the same inputs in another order would be as large again.
        chunk = slice(start, start + CHUNK)
        part = inputs[chunk if rows is None else rows[chunk]]
        if settled is not None:
            said = settled.booster.inplace_predict(settled.inputs_of(part), predict_type="margin")
        else:
            part = np.ascontiguousarray(part if columns is None else part[:, columns], dtype=np.float32)
            said = model.inplace_predict(part, predict_type="margin")
        out[chunk] = said

    in_threads(some, range(0, count, CHUNK))
    return out


@dataclass(frozen=True)
class Settled:
    """Trees for the rows of one table.

    Attributes:
        booster: the trees; they expect the columns that `inputs_of` makes.
        there: the inputs that some row knows.
        unsure: of those, their places in `there`, the ones that some row does not know.
    """

    booster: xgboost.Booster
    there: Places
    unsure: Places

    def inputs_of(self, rows: Matrix | Floats) -> Matrix:
        """(rows, there + unsure) without NaN."""
        known = len(self.there)
        out = np.empty((len(rows), known + len(self.unsure)), dtype=np.float32)
        out[:, :known] = rows[:, self.there]
        above = out[:, self.unsure]
        unknown = np.isnan(above)
        out[:, self.unsure] = np.where(unknown, -_BEYOND, above)
        out[:, known:] = np.where(unknown, _BEYOND, above)
        return out


def _for_rows(
    model: xgboost.Booster, inputs: Matrix | Floats, columns: Sequence[int] | Places | None
) -> Settled | None:
    """None where nothing is unknown, or the trees are of another kind."""
    chosen = np.arange(inputs.shape[1]) if columns is None else np.array(columns, dtype=np.intp)
    absent, unsure = np.ones(inputs.shape[1], dtype=bool), np.zeros(inputs.shape[1], dtype=bool)
    for start in range(0, len(inputs), CHUNK):
        unknown = np.isnan(inputs[start : start + CHUNK])
        absent &= unknown.all(axis=0)
        unsure |= unknown.any(axis=0)
    absent, unsure = absent[chosen], unsure[chosen]
    if not unsure.any() or absent.all():
        return None
    found = _settled(model, absent.tobytes(), (unsure & ~absent).tobytes())
    return None if found is None else replace(found, there=chosen[found.there])


@lru_cache(maxsize=16)
def _settled(model: xgboost.Booster, absent: bytes, unsure: bytes) -> Settled | None:
    """Remembered, because a long table comes in pieces."""
    written = json.loads(model.save_raw("json"))
    booster = written["learner"]["gradient_booster"]
    if booster["name"] != "gbtree" or any(any(tree["split_type"]) for tree in booster["model"]["trees"]):
        return None
    never, sometimes = np.frombuffer(absent, dtype=bool), np.frombuffer(unsure, dtype=bool)
    there, doubtful = np.flatnonzero(~never), np.flatnonzero(sometimes)
    width = len(there) + len(doubtful)
    below = np.full(len(never), -1)
    below[there] = np.arange(len(there))
    above = below.copy()
    above[doubtful] = np.arange(len(there), width)
    trees = [_tree(tree, below.tolist(), above.tolist(), width) for tree in booster["model"]["trees"]]
    booster["model"]["trees"] = trees
    written["learner"] |= {"feature_names": [], "feature_types": []}
    written["learner"]["learner_model_param"]["num_feature"] = str(width)
    return Settled(xgboost_import.open_trees(json.dumps(written).encode()), there, below[doubtful])


def _tree(tree: dict[str, Any], below: list[int], above: list[int], width: int) -> dict[str, Any]:
    """One tree over the new columns; `below[input]` is -1 where no row knows the input."""
    left, right, asked = tree["left_children"], tree["right_children"], tree["split_indices"]
    defaults, conditions = tree["default_left"], tree["split_conditions"]
    lefts: list[int] = []
    rights: list[int] = []
    parents: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    waiting = [(0, 2147483647, False)]
    while waiting:
        node, parent, is_right = waiting.pop()
        while left[node] >= 0 and below[asked[node]] < 0:
            node = left[node] if defaults[node] else right[node]
        here = len(values)
        if here:
            (rights if is_right else lefts)[parent] = here
        leaf = left[node] < 0
        lefts.append(-1)
        rights.append(-1)
        parents.append(parent)
        columns.append(0 if leaf else (below if defaults[node] else above)[asked[node]])
        values.append(conditions[node])
        if not leaf:
            waiting += [(right[node], here, True), (left[node], here, False)]
    zeros, nothing = [0] * len(values), [0.0] * len(values)
    return tree | {
        "tree_param": tree["tree_param"] | {"num_nodes": str(len(values)), "num_feature": str(width)},
        "left_children": lefts,
        "right_children": rights,
        "parents": parents,
        "split_indices": columns,
        "split_conditions": values,
        "split_type": zeros,
        "default_left": zeros,
        "base_weights": nothing,
        "loss_changes": nothing,
        "sum_hessian": nothing,
    }
