"""Margins of XGBoost models, fast on many rows with missing values.

XGBoost takes twice as long on a row with any missing value, and no table has every input of a model. So many rows are scored
by a rewritten model without missing values. Splits on inputs that every row lacks are removed, since all rows go the same
way. An input that some rows lack becomes two columns, one in which a missing value lies below every number and one in which
it lies above; each split uses the one that sends missing values the way the model would have sent them. The margins are the
same to the last bit.
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
from vigie.boosting.tree_document import ROOT_PARENT
from vigie.parallel import in_threads

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

CHUNK = 20_000
"""Rows a thread scores at a time: fewer cost more than they save."""

MIN_ROWS = 20_000
"""Rows from which a rewritten model pays: making it takes as long as 160 trees take over 20,000 rows."""

_BEYOND = np.finfo(np.float32).max


def margins(
    model: xgboost.Booster,
    inputs: Matrix | Floats,
    columns: Sequence[int] | Places | None = None,
    rows: Places | None = None,
) -> Floats:
    """Return the (rows,) margins of a model.

    Many rows are shared between threads of ours. XGBoost's own threads wait for each other in a busy loop, which costs more
    than it saves on a machine with other work.

    Args:
        model: as `xgboost_import.open_trees` opens it.
        inputs: (rows, inputs), NaN where missing.
        columns: positions of the inputs of the model, in its order; all of them where it is not given.
        rows: positions of the rows to score; all of them where it is not given.
    """
    count = len(inputs) if rows is None else len(rows)
    out = np.empty(count)
    rewritten = _for_rows(model, inputs, columns) if count >= MIN_ROWS else None

    def predict(start: int) -> None:
        # A chunk at a time: a copy of all inputs would need as much memory again.
        chunk = slice(start, start + CHUNK)
        part = inputs[chunk if rows is None else rows[chunk]]
        if rewritten is not None:
            margin = rewritten.booster.inplace_predict(rewritten.inputs_of(part), predict_type="margin")
        else:
            part = np.ascontiguousarray(part if columns is None else part[:, columns], dtype=np.float32)
            margin = model.inplace_predict(part, predict_type="margin")
        out[chunk] = margin

    in_threads(predict, range(0, count, CHUNK))
    return out


@dataclass(frozen=True)
class RewrittenModel:
    """A model without missing values, for the rows of one table.

    Attributes:
        booster: the model; it expects the columns that `inputs_of` makes.
        present: positions of the inputs that some row has.
        incomplete: positions in `present` of those that some row lacks.
    """

    booster: xgboost.Booster
    present: Places
    incomplete: Places

    def inputs_of(self, rows: Matrix | Floats) -> Matrix:
        """Return (rows, present + incomplete) without NaN."""
        width = len(self.present)
        out = np.empty((len(rows), width + len(self.incomplete)), dtype=np.float32)
        out[:, :width] = rows[:, self.present]
        values = out[:, self.incomplete]
        missing = np.isnan(values)
        out[:, self.incomplete] = np.where(missing, -_BEYOND, values)
        out[:, width:] = np.where(missing, _BEYOND, values)
        return out


def _for_rows(
    model: xgboost.Booster, inputs: Matrix | Floats, columns: Sequence[int] | Places | None
) -> RewrittenModel | None:
    """Return the model rewritten for some rows; None where nothing is missing, or it is of another kind."""
    chosen = np.arange(inputs.shape[1]) if columns is None else np.array(columns, dtype=np.intp)
    absent, incomplete = np.ones(inputs.shape[1], dtype=bool), np.zeros(inputs.shape[1], dtype=bool)
    for start in range(0, len(inputs), CHUNK):
        missing = np.isnan(inputs[start : start + CHUNK])
        absent &= missing.all(axis=0)
        incomplete |= missing.any(axis=0)
    absent, incomplete = absent[chosen], incomplete[chosen]
    if not incomplete.any() or absent.all():
        return None
    found = _rewritten(model, absent.tobytes(), (incomplete & ~absent).tobytes())
    return None if found is None else replace(found, present=chosen[found.present])


@lru_cache(maxsize=16)
def _rewritten(model: xgboost.Booster, absent: bytes, incomplete: bytes) -> RewrittenModel | None:
    """Return `rewritten` of the columns packed as bytes; cached, because a large table comes in chunks."""
    written = json.loads(model.save_raw("json"))
    booster = written["learner"]["gradient_booster"]
    if booster["name"] != "gbtree" or any(any(tree["split_type"]) for tree in booster["model"]["trees"]):
        return None
    never, sometimes = np.frombuffer(absent, dtype=bool), np.frombuffer(incomplete, dtype=bool)
    present, partly = np.flatnonzero(~never), np.flatnonzero(sometimes)
    width = len(present) + len(partly)
    below = np.full(len(never), -1)
    below[present] = np.arange(len(present))
    above = below.copy()
    above[partly] = np.arange(len(present), width)
    trees = [_tree(tree, below.tolist(), above.tolist(), width) for tree in booster["model"]["trees"]]
    booster["model"]["trees"] = trees
    written["learner"] |= {"feature_names": [], "feature_types": []}
    written["learner"]["learner_model_param"]["num_feature"] = str(width)
    return RewrittenModel(xgboost_import.open_trees(json.dumps(written).encode()), present, below[partly])


def _tree(tree: dict[str, Any], below: list[int], above: list[int], width: int) -> dict[str, Any]:
    """Return one tree over the new columns; `below[input]` is -1 where every row lacks the input."""
    left, right, split_on = tree["left_children"], tree["right_children"], tree["split_indices"]
    defaults, conditions = tree["default_left"], tree["split_conditions"]
    lefts: list[int] = []
    rights: list[int] = []
    columns: list[int] = []
    values: list[float] = []

    def present(node: int) -> int:
        while left[node] >= 0 and below[split_on[node]] < 0:
            node = left[node] if defaults[node] else right[node]
        return node

    # Level by level, the right child next to the left one: below the sixth level XGBoost takes its number for granted.
    nodes, parents = [present(0)], [ROOT_PARENT]
    for here, node in enumerate(nodes):
        leaf = left[node] < 0
        lefts.append(-1 if leaf else len(nodes))
        rights.append(-1 if leaf else len(nodes) + 1)
        columns.append(0 if leaf else (below if defaults[node] else above)[split_on[node]])
        values.append(conditions[node])
        if not leaf:
            nodes += [present(left[node]), present(right[node])]
            parents += [here, here]
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
