"""Reads `performance.json` and `dataset_metadata.json` of a third-party model.

The files have no fixed layout: known keys are looked for at any depth, those near the top first, and unknown ones are ignored.
Measures are marked as declared by the model's makers.

    measures     roc_auc (auc, auc_roc, …), average_precision (pr_auc, auprc, …), precision, recall, f1, accuracy
    table        feature_columns, feature_names, features or columns: names, or objects with a name, or an object
                 of name -> type; target or label: left out of them; rows, n_rows, n_samples or shape;
                 median or mean, std, min, max and categories (values, …) of a column; threshold; fraud_class
                 (positive_class, pos_label, …), the class that means fraud;
                 domain; typologies or fraud_types; prevalence, fraud_rate or fraud_ratio in 0..1
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vigie.errors import ForeignModelRefused
from vigie.roles.name_parser import fold

_PERFORMANCE = "performance.json"
_DATASET = "dataset_metadata.json"
_MAX_SIZE = 8 * 1024**2
_OPTIONAL = "correct it, or leave the file out: it is optional"
_MEASURES = {
    "roc_auc": ("roc_auc", "auc", "auc_roc", "rocauc", "roc_auc_score", "auroc", "aire_sous_la_courbe"),
    "average_precision": (
        *("average_precision", "pr_auc", "auc_pr", "prauc", "aucpr", "auprc", "average_precision_score"),
        *("avg_precision", "precision_moyenne"),
    ),
    "precision": ("precision", "precision_score"),
    "recall": ("recall", "recall_score", "sensitivity", "rappel"),
    "f1": ("f1", "f1_score", "score_f1"),
    "accuracy": ("accuracy", "accuracy_score", "exactitude"),
}
_TRAINING = ("train", "entrainement", "apprentissage")
_MEASURED_ON = ("test_", "holdout_", "val_", "valid_", "validation_", "oof_", "cv_", "mean_test_")
_BETWEEN = re.compile(r"[^a-z0-9%]+")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE]-?\d+)?")
_COLUMNS = ("feature_columns", "feature_names", "features", "columns", "colonnes", "variables")
_TARGET = ("target", "target_column", "label", "label_column", "cible", "colonne_cible")
_ROWS = ("rows", "n_rows", "num_rows", "n_samples", "row_count", "n_lignes", "nb_lignes", "lignes")
_THRESHOLD = (
    "threshold",
    "decision_threshold",
    "optimal_threshold",
    "best_threshold",
    "seuil",
    "seuil_decision",
    "seuil_optimal",
)
_FRAUD_CLASS = ("fraud_class", "positive_class", "positive_label", "pos_label", "fraud_label")
_FACTS = {
    "center": ("median", "50%", "p50", "mean", "average", "avg"),
    "scale": ("std", "stddev", "standard_deviation"),
    "low": ("min", "minimum"),
    "high": ("max", "maximum"),
}
_NAMES = ("metric", "name", "measure")
_CATEGORIES = ("categories", "values", "unique_values", "levels", "classes")
_MAX_CATEGORIES = 1000
_PREVALENCE = (
    "prevalence",
    "fraud_rate",
    "fraud_ratio",
    "fraud_prevalence",
    "positive_rate",
    "taux_fraude",
    "taux_de_fraude",
)


@dataclass(frozen=True)
class Metadata:
    """Content of the two files, and their digests.

    Attributes:
        columns: without the label; None where they list no columns.
        statistics: column -> `center`, `scale`, `low`, `high` and `categories`, as far as they state them.
        threshold: output from which a row is classified as fraud, in (0, 1); None where they state none.
        fraud_class: class of the label that means fraud; None where they state none.
    """

    columns: list[str] | None
    domain: str
    typologies: list[str]
    rows: int
    prevalence: float | None
    performance: dict[str, Any]
    digests: dict[str, str]
    statistics: dict[str, dict[str, Any]]
    threshold: float | None
    fraud_class: str | None

    def profile(self, features: dict[str, Any]) -> dict[str, Any]:
        """Return the bundle's profile. It has no roles and quantiles, which need a table; an unknown prevalence is null.

        Stated statistics are under `stated`, and a stated threshold under `threshold`.

        Args:
            features: features.json.
        """
        text = _text_columns(features)
        columns = [
            {
                "name": name,
                "role": "category" if name in text else "number",
                "type": "text" if name in text else "number",
            }
            for name in features["columns"]
        ]
        known: dict[str, Any] = {"domain": self.domain, "typologies": self.typologies, "columns": columns}
        known |= {"stated": self.statistics, "threshold": self.threshold}
        return known | {"roles": {}, "quantiles": {}, "rows": self.rows, "prevalence": self.prevalence}


def read_metadata(directory: Path) -> Metadata:
    """Read the folder's two files; both may be absent.

    Raises:
        ForeignModelRefused: a file that is not JSON, not an object, or too large.
    """
    digests: dict[str, str] = {}
    performance, dataset = (_document(directory / name, digests) for name in (_PERFORMANCE, _DATASET))
    rows = _first(dataset, _ROWS)
    shape = _first(dataset, ("shape",))
    if rows is None and isinstance(shape, list) and shape:
        rows = shape[0]
    share = _share(_first(dataset, _PREVALENCE))
    domain = _first(dataset, ("domain", "industry"))
    threshold = _share(_first(performance, _THRESHOLD) or _first(dataset, _THRESHOLD))
    columns = _columns(dataset)
    fraud_class = next(
        (v for file in (performance, dataset) for v in [_first(file, _FRAUD_CLASS)] if v is not None), None
    )
    return Metadata(
        columns=columns,
        domain=domain[:100] if isinstance(domain, str) else "",
        typologies=_names(_first(dataset, ("typologies", "fraud_types"))) or [],
        rows=rows if isinstance(rows, int) and not isinstance(rows, bool) and rows > 0 else 0,
        prevalence=share,
        performance=_measures(performance),
        digests=digests,
        statistics=_statistics(dataset),
        threshold=threshold if threshold is not None and 0 < threshold < 1 else None,
        fraud_class=str(fraud_class)[:100] if isinstance(fraud_class, str | int | float) else None,
    )


def _document(path: Path, digests: dict[str, str]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        data = file.read(_MAX_SIZE + 1)
    if len(data) > _MAX_SIZE:
        raise ForeignModelRefused(path.name, found="a larger file", expected=f"at most {_MAX_SIZE:,} bytes")
    digests[path.name] = sha256(data).hexdigest()
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ForeignModelRefused(
            path.name,
            found="an empty file" if not data.strip() else "no JSON",
            expected="a JSON object in UTF-8",
            hint=_OPTIONAL,
        ) from error
    if isinstance(document, list) and all(isinstance(entry, dict) for entry in document):
        return _by_name(document)
    if not isinstance(document, dict):
        raise ForeignModelRefused(
            path.name, found="JSON of another kind", expected="an object", hint=_OPTIONAL
        )
    return document


def _by_name(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a list of measures, each an object with its name and value, as one object; the entries themselves without."""
    found: dict[str, Any] = {str(number): entry for number, entry in enumerate(entries)}
    for entry in entries:
        named = next((entry[key] for key in _NAMES if isinstance(entry.get(key), str)), None)
        if named is not None and "value" in entry:
            found.setdefault(named, entry["value"])
    return found


def _entries(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every key and value, level by level, without the parts about training."""
    level = [document]
    while level:
        below: list[dict[str, Any]] = []
        for part in level:
            for key, value in part.items():
                word = _BETWEEN.sub("_", fold(key)).strip("_")
                yield word, value
                if isinstance(value, dict) and not word.startswith(_TRAINING):
                    below.append(value)
        level = below


def _first(document: dict[str, Any], words: Sequence[str]) -> Any:
    return next((value for word, value in _entries(document) if word in words), None)


def _share(value: object) -> float | None:
    """Return a share in [0, 1], also one that was written as text or in percent."""
    text = str(value).strip().replace(",", ".") if isinstance(value, str) else ""
    number, percent = text.removesuffix("%").strip(), text.endswith("%")
    if _NUMBER.fullmatch(number):
        value = float(number) / (100 if percent else 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None


def _percentage(value: object) -> float | None:
    """Return a measure in [0, 1]; no measure exceeds 1, so a larger number is in percent."""
    larger = isinstance(value, int | float) and 1 < value <= 100
    return _share(value / 100 if larger else value)  # type: ignore[operator]


def _measures(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, float] = {}
    for word, value in _entries(document):
        plain = next((word.removeprefix(part) for part in _MEASURED_ON if word.startswith(part)), word)
        measure = next((name for name, words in _MEASURES.items() if plain in words), None)
        if measure is not None and (share := _percentage(value)) is not None:
            found.setdefault(measure, share)
    return {**found, "source": "declared"}


def _columns(document: dict[str, Any]) -> list[str] | None:
    names = next(
        (names for word, value in _entries(document) if word in _COLUMNS and (names := _names(value))), None
    )
    target = _first(document, _TARGET)
    return None if names is None else [name for name in names if name != target]


def _statistics(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return column -> its stated facts: of objects with a name, or of an object of name -> facts or categories."""
    found: dict[str, dict[str, Any]] = {}
    for word, value in _entries(document):
        if isinstance(value, list):
            named = {e["name"]: e for e in value if isinstance(e, dict) and isinstance(e.get("name"), str)}
        else:
            named = value if isinstance(value, dict) else {}
        for name, stated in named.items():
            listed = {"categories": stated} if isinstance(stated, list) and word in _CATEGORIES else stated
            facts = _column_facts(listed) if isinstance(listed, dict) else {}
            if facts:
                found[str(name)] = facts | found.get(str(name), {})
    return found


def _column_facts(stated: dict[str, Any]) -> dict[str, Any]:
    lowered = {str(key).lower(): value for key, value in stated.items()}
    facts: dict[str, Any] = {}
    for fact, words in _FACTS.items():
        numbers = (lowered[word] for word in words if word in lowered)
        number = next((n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)), None)
        if number is not None and math.isfinite(number):
            facts[fact] = float(number)
    for word in _CATEGORIES:
        values = lowered.get(word)
        listed = list(values) if isinstance(values, dict | list) else []
        if 0 < len(listed) <= _MAX_CATEGORIES and all(
            isinstance(v, str | int | float | bool) for v in listed
        ):
            facts["categories"] = listed
            break
    return facts


def _names(value: object) -> list[str] | None:
    if isinstance(value, dict):
        return [str(name) for name in value]
    if not isinstance(value, list):
        return None
    names = [entry.get("name") if isinstance(entry, dict) else entry for entry in value]
    return (
        [name for name in names if isinstance(name, str)] if all(isinstance(n, str) for n in names) else None
    )


def _text_columns(features: dict[str, Any]) -> set[str]:
    """Return the input columns that are looked up among text categories."""
    return {
        name
        for name, text in zip(
            features["columns"], _are_text(features["steps"], len(features["columns"])), strict=True
        )
        if text
    }


def _are_text(steps: list[dict[str, Any]], count: int) -> list[bool]:
    """Return for each input column of `steps` whether it is compared with, or filled by, text."""
    text = [False] * count
    origins = list(range(count))  # input column of each column, as long as the steps map one to one
    for step in steps:
        if step["op"] == "select":
            origins = [origins[at] for at in step["keep"]]
        elif step["op"] == "split":
            for part in step["parts"]:
                inner = _are_text(part["steps"], len(part["take"]))
                for at, is_text in zip(part["take"], inner, strict=True):
                    text[origins[at]] |= is_text
            return text
        elif step["op"] in {"onehot", "ordinal"}:
            for at, encoding in enumerate(step["columns"]):
                text[origins[at]] |= any(isinstance(category, str) for category in encoding["categories"])
            if step["op"] == "onehot":
                return text
        elif step["op"] == "impute":
            for at, value in enumerate(step["values"]):
                text[origins[at]] |= isinstance(value, str)
    return text
