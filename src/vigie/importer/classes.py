"""Which of the two classes of a classifier means fraud.

scikit-learn sorts classes, and the second is the positive one. That is fraud where they are numbers; among words `fraud` comes
before `legit`, so they decide by what they mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vigie.importer.records import UNCLEAR_CLASSES, Record
from vigie.importer.sklearn_transformers import Unsupported, as_record, get
from vigie.roles.label_words import is_fraud_word, is_legitimate_word

_ATTRIBUTES = ("classes_", "_classes")
_ENCODER = "sklearn.preprocessing._label.LabelEncoder"


def classes_of(record: Record) -> list[Any] | None:
    """Return the classes of a fitted classifier in its order; None where it does not have them."""
    own = next((found for name in _ATTRIBUTES if (found := get(record, name)) is not None), None)
    encoder = as_record(get(record, "_le"))
    if own is None and encoder is not None:
        own = get(encoder, "classes_")
    return None if own is None else np.asarray(own).tolist()


def encoder_classes(fitted: Any) -> list[Any] | None:
    """Return the two classes that a LabelEncoder of the label numbers; None where it is something else."""
    record = as_record(fitted)
    if record is None or record.path != _ENCODER:
        return None
    classes = np.asarray(get(record, "classes_")).tolist()
    return classes if isinstance(classes, list) and len(classes) == 2 else None


def fraud_is_first(classes: list[Any] | None, stated: str | None) -> bool:
    """Return whether the first of two classes means fraud.

    Args:
        classes: in the order of the classifier; None where it does not have them, and the second one means fraud.
        stated: the class that means fraud, as the owner states it; None where the owner states none.

    Raises:
        Unsupported: neither the words nor the owner say which class means fraud.
    """
    if classes is None or len(classes) != 2:
        return False
    texts = [str(one) for one in classes]
    if stated is not None and _same(stated, texts[0]) != _same(stated, texts[1]):
        return _same(stated, texts[0])
    if not all(isinstance(one, str) for one in classes):
        return False
    first, second = texts
    for_first = is_fraud_word(first) or is_legitimate_word(second)
    for_second = is_fraud_word(second) or is_legitimate_word(first)
    if for_first == for_second:
        raise Unsupported(UNCLEAR_CLASSES)
    return for_first


def _same(stated: str, text: str) -> bool:
    return stated.strip().lower() in {text.strip().lower(), text.strip().lower().removesuffix(".0")}
