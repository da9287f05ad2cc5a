"""One model by FLAML, for bench/train_rivals.py: run by the Python of build/flaml, which has FLAML and not Vigie.

Arguments: a Parquet file to learn from, its label column, a Parquet file to score, where the scores go, seconds, and
`time` where the rows are in the order of time. FLAML sees the columns as they are and encodes them itself.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from flaml import AutoML


def read(path: str) -> pd.DataFrame:
    """A table as FLAML takes it: texts as categories, moments without a zone."""
    frame = pd.read_parquet(path)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[ns]")
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(str).astype(object)
    return frame


def main() -> None:
    learn, label, score, out, seconds, order = sys.argv[1:]
    start = time.perf_counter()
    frame = read(learn)
    answer = frame.pop(label).to_numpy().astype(int)
    automl = AutoML()
    automl.fit(
        frame, answer, task="classification", metric="ap", time_budget=float(seconds), n_jobs=1, seed=0, verbose=0,
        **({"split_type": "time"} if order == "time" else {}),
    )  # fmt: skip
    chance = automl.predict_proba(read(score))[:, 1]
    np.save(out, chance)
    print(automl.best_estimator, round(time.perf_counter() - start, 1))


if __name__ == "__main__":
    main()
