"""Margins of XGBoost models, fast on many rows with missing values.

XGBoost takes twice as long on a row with any missing value, and no table has every input of a model. So many rows are scored
by a rewritten model without missing values. Splits on inputs that every row lacks are removed, since all rows go the same
way. An input that some rows lack becomes two columns, one in which a missing value lies below every number and one in which
it lies above; each split uses the one that sends missing values the way the model would have sent them. The margins are the
same to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.boosting import ubjson, xgboost_import
from vigie.boosting.tree_document import ROOT_PARENT, to_ubjson
from vigie.parallel import in_threads

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

CHUNK = 20_000
"""Rows a thread scores at a time: fewer cost more than they save."""

MIN_ROWS = 20_000
"""Rows, in chunks or at once, from which a rewritten model pays: making it takes as long as 160 trees take over 20,000 rows."""

MIN_CHUNK = 8_000
"""Rows of a chunk of a long table, about, from which it pays to look for gaps."""

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
    rewritten = _for_rows(model, inputs, columns) if _pays(model, count) else None

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
        # Column by column, which is how most tables lie in memory; XGBoost reads either order at the same speed.
        out = np.empty((len(rows), width + len(self.incomplete)), dtype=np.float32, order="F")
        for place, column in enumerate(self.present):
            out[:, place] = rows[:, column]
        for place, column in enumerate(self.incomplete):
            values = out[:, column]
            missing = np.isnan(values)
            out[:, width + place] = np.where(missing, _BEYOND, values)
            values[missing] = -_BEYOND
        return out


def _pays(model: xgboost.Booster, rows: int) -> bool:
    return rows >= min(MIN_CHUNK, MIN_ROWS) and _rewriting(model).pays(rows)


def _for_rows(
    model: xgboost.Booster, inputs: Matrix | Floats, columns: Sequence[int] | Places | None
) -> RewrittenModel | None:
    """Return the model rewritten for some rows; None where nothing is missing, or it is of another kind."""
    chosen = np.arange(inputs.shape[1]) if columns is None else np.array(columns, dtype=np.intp)
    absent, incomplete = np.ones(len(chosen), dtype=bool), np.zeros(len(chosen), dtype=bool)
    if inputs.flags.f_contiguous:
        for place, column in enumerate(chosen):
            missing = np.isnan(inputs[:, column])
            absent[place], incomplete[place] = missing.all(), missing.any()
    else:
        for start in range(0, len(inputs), CHUNK):
            missing = np.isnan(inputs[start : start + CHUNK])
            absent &= np.asarray(missing.all(axis=0))[chosen]
            incomplete |= np.asarray(missing.any(axis=0))[chosen]
    if not incomplete.any() or absent.all():
        return None
    found = _rewriting(model).for_gaps(absent, incomplete)
    return None if found is None else replace(found, present=chosen[found.present])


class _Rewriting:
    """The rewritten model of a booster, for all rows of a table so far: a long table comes in chunks.

    Args:
        model: the booster.
    """

    def __init__(self, model: xgboost.Booster) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._absent = self._incomplete = np.zeros(0, dtype=bool)
        self._made: RewrittenModel | None = None
        self._is_possible = True
        self._rows = 0

    def pays(self, rows: int) -> bool:
        """Return whether so many rows more make it worth rewriting the model."""
        with self._lock:
            self._rows += rows
            return self._is_possible and self._rows >= MIN_ROWS

    def for_gaps(self, absent: Mask, incomplete: Mask) -> RewrittenModel | None:
        """Return a model for rows with such gaps; None where it cannot be rewritten.

        It may expect more gaps than these rows have: those of earlier chunks.

        Args:
            absent: (inputs,) which inputs every row lacks.
            incomplete: (inputs,) which inputs some row lacks.
        """
        with self._lock:
            if self._is_possible and (self._made is None or not self._serves(absent, incomplete)):
                if self._made is not None:
                    absent, incomplete = absent & self._absent, incomplete | self._incomplete
                self._absent, self._incomplete = absent, incomplete
                self._made = _rewritten(self._model, absent, incomplete)
                self._is_possible = self._made is not None
            return self._made

    def _serves(self, absent: Mask, incomplete: Mask) -> bool:
        return not ((self._absent & ~absent).any() or (incomplete & ~self._incomplete).any())


@lru_cache(maxsize=16)
def _rewriting(model: xgboost.Booster) -> _Rewriting:
    return _Rewriting(model)


def _rewritten(model: xgboost.Booster, absent: Mask, incomplete: Mask) -> RewrittenModel | None:
    """Return a model for rows that all lack the `absent` inputs and may lack the `incomplete` ones."""
    written = ubjson.read(bytes(model.save_raw("ubj")))
    booster = written["learner"]["gradient_booster"]
    if booster["name"] != "gbtree" or len(booster["model"].get("weight_drop", [])):
        return None  # DART is a kind of its own before XGBoost 3.4, and has weights of trees since
    if any(tree["split_type"].any() for tree in booster["model"]["trees"]):
        return None
    present, partly = np.flatnonzero(~absent), np.flatnonzero(incomplete & ~absent)
    width = len(present) + len(partly)
    below = np.full(len(absent), -1)
    below[present] = np.arange(len(present))
    above = below.copy()
    above[partly] = np.arange(len(present), width)
    booster["model"]["trees"] = _trees(booster["model"]["trees"], below, above, width)
    written["learner"] |= {"feature_names": [], "feature_types": []}
    written["learner"]["learner_model_param"]["num_feature"] = str(width)
    return RewrittenModel(xgboost_import.open_trees(to_ubjson(written)), present, below[partly])


def _trees(trees: list[dict[str, Any]], below: Places, above: Places, width: int) -> list[dict[str, Any]]:
    """Return trees over the new columns, all at once; `below[input]` is -1 where every row lacks the input.

    Nodes are numbered level by level, the right child next to the left one: below the sixth level XGBoost takes its number for
    granted.
    """
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    offset = np.repeat(roots, sizes)
    left, right, split, defaults, conditions = (
        np.concatenate([tree[name] for tree in trees])
        for name in ("left_children", "right_children", "split_indices", "default_left", "split_conditions")
    )
    leaf = left < 0
    left, right = np.where(leaf, 0, left + offset), np.where(leaf, 0, right + offset)
    # A node that splits on an absent input is replaced by the child that all rows go to.
    follows = np.where(~leaf & (below[split] < 0), np.where(defaults > 0, left, right), np.arange(len(left)))
    while (follows[follows] != follows).any():
        follows = follows[follows]
    found = _levels(follows[roots], np.where(leaf, -1, follows[left]), follows[right])
    node = found.node
    column = np.where(leaf, 0, np.where(defaults > 0, below[split], above[split]))[node]
    starts = np.searchsorted(found.tree, np.arange(len(trees) + 1))
    made = []
    for tree, start, end in zip(trees, starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        zeros = np.zeros(end - start)
        parents = found.parent[start:end] - start
        parents[0] = ROOT_PARENT
        child = np.where(found.child[start:end] < 0, -1, found.child[start:end] - start)
        made.append(
            tree
            | dict.fromkeys(
                ("split_type", "default_left", "base_weights", "loss_changes", "sum_hessian"), zeros
            )
            | {
                "tree_param": tree["tree_param"] | {"num_nodes": str(end - start), "num_feature": str(width)},
                "left_children": child,
                "right_children": np.where(child < 0, -1, child + 1),
                "parents": parents,
                "split_indices": column[start:end],
                "split_conditions": conditions[node[start:end]],
            }
        )
    return made


@dataclass(frozen=True)
class _Levels:
    """The nodes of all trees, tree by tree and level by level in each.

    Attributes:
        node: (nodes,) its number before.
        tree: (nodes,) ascending.
        parent: (nodes,) position of the parent; its own for a root.
        child: (nodes,) position of the left child, before that of the right one; -1 for a leaf.
    """

    node: Places
    tree: Places
    parent: Places
    child: Places


def _levels(roots: Places, left: Places, right: Places) -> _Levels:
    """Walk down all trees at once.

    Args:
        roots: (trees,) nodes.
        left: (nodes,) left children; -1 for a leaf.
        right: (nodes,) right children.
    """
    levels: list[tuple[Places, Places, Places, Places]] = []
    here, tree, parent, count = roots, np.arange(len(roots)), np.arange(len(roots)), 0
    while len(here):
        inner = left[here] >= 0
        child = np.full(len(here), -1)
        child[inner] = count + len(here) + 2 * np.arange(int(inner.sum()))
        levels.append((here, tree, parent, child))
        parent = np.repeat(count + np.flatnonzero(inner), 2)
        count += len(here)
        tree = np.repeat(tree[inner], 2)
        here = np.stack([left[here[inner]], right[here[inner]]], axis=1).ravel()
    nodes, trees, parents, children = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    order = np.argsort(trees, kind="stable")
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    child = children[order]
    return _Levels(nodes[order], trees[order], place[parents[order]], np.where(child < 0, -1, place[child]))
