"""The engine of tables with no history: one row per claim, application, registration or order.

A domain gives fields, typologies and look-alikes; which of them a world has, how strong they are, what legitimate rows share with
the frauds, and how the owner spells it all is drawn here, per world.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.latent_rows import DAY, FACTORS, Case, Field, Rows
from vigie.simulator.engine.names import Namer

Typology = Callable[[Case, Rows], None]


@dataclass(frozen=True)
class Setting:
    """What a domain gives to ``build``.

    Attributes:
        number: what the domain's random stream starts from; never shared by two domains.
        typologies: make their rows fraudulent.
        lookalikes: make legitimate rows suspicious.
        columns: fewest and most columns a world shows, before noise.
        rate: lowest and highest share of frauds.
    """

    domain: str
    number: int
    fields: tuple[Field, ...]
    typologies: tuple[Typology, ...]
    lookalikes: tuple[Typology, ...]
    columns: tuple[int, int] = (6, 30)
    rate: tuple[float, float] = (0.006, 0.15)


def build(setting: Setting, seed: int, rows: int | None) -> SimulatedTable:
    """Draw one world of a domain; the same arguments always give the same world."""
    rng = np.random.default_rng([seed, setting.number])
    size = rows if rows is not None else int(rng.integers(1000, 8001))
    low, high = np.log(setting.rate[0]), np.log(setting.rate[1])
    rate = float(np.exp(np.clip(rng.normal((low + high) / 2 + 0.15, (high - low) / 5), low, high)))
    case = _legitimate(setting, rng, size)
    wanted = int(rng.integers(*setting.columns, endpoint=True))
    truth = _afflict(case, setting, max(4, round(rate * size)), wanted)
    _disguise(case, setting)
    label, typology = _record(case, truth)
    spelt = _columns(case, setting, wanted, label)
    order = np.argsort(case.time, kind="stable") if rng.random() < 0.6 else rng.permutation(size)
    frame = pl.DataFrame({name: cells for name, (_, cells) in spelt.items()})[order]
    frame = _number(frame, rng, *(name for name, (role, _) in spelt.items() if role == "row_id"))
    roles = {name: role for name, (role, _) in spelt.items()}
    drawn: dict[str, float | str] = {
        "fraud_rate": rate,
        "grip": case.grip,
        "vigour": float(case.vigour.std()),
    }
    return SimulatedTable(setting.domain, seed, frame, label[order], typology[order], roles, drawn)


def _legitimate(setting: Setting, rng: np.random.Generator, size: int) -> Case:
    span = rng.uniform(20, 1100) * DAY
    start = rng.uniform(1.2e9, 1.75e9)
    hours = np.mod(rng.normal(rng.uniform(11, 16), rng.uniform(2.5, 6), size), 24)
    days = np.floor(rng.beta(rng.uniform(0.8, 1.6), rng.uniform(0.8, 1.6), size) * span / DAY)
    factors = {name: rng.normal(size=size) for name in FACTORS}
    spread = rng.choice((0.0, 0.25, 0.6, 0.9))
    vigour = np.clip(rng.normal(1, spread, size), 0, 2.5)
    # Tables of one row a case are shared because something can be found in them: most can be told apart well.
    grip = float(np.clip(np.exp(rng.normal(0.4, 0.5)), 0.45, 3.0))
    clock = (start // DAY + days) * DAY + hours * 3600 + rng.uniform(0, 60, size)
    fields = {f.key: f for f in setting.fields}
    return Case(rng, size, fields, grip, clock, factors, vigour, np.zeros(size, bool))


def _afflict(case: Case, setting: Setting, budget: int, wanted: int) -> NDArray[np.str_]:
    """Choose typologies, give each its rows, let decoys show half of the same symptoms; some frauds show nothing at all."""
    rng, kinds = case.rng, setting.typologies
    names = np.full(case.size, "", dtype="U32")
    most = min(4, 1 + wanted // 5)
    picked = rng.permutation(len(kinds))[: min(most, int(rng.choice((1, 2, 3, 4), p=(0.35, 0.35, 0.2, 0.1))))]
    chosen = rng.permutation(case.size)[:budget]
    cuts = np.sort(rng.integers(0, budget, len(picked) - 1))
    unseen = float(rng.choice((0.0, 0.1, 0.3), p=(0.65, 0.23, 0.12)))
    for index, rows in zip(picked, np.split(chosen, cuts), strict=True):
        if len(rows):
            case.label[rows] = True
            names[rows] = kinds[index].__name__
            kinds[index](case, rows[round(unseen * len(rows)) :])
            _decoys(case)
    return names


def _decoys(case: Case) -> None:
    """Legitimate rows that show some symptoms of the typology but not their coincidence."""
    symptoms, case.symptoms = case.symptoms, []
    if case.rng.random() < 0.5 or not symptoms:
        return
    legit = np.flatnonzero(~case.label)
    rows = legit[case.rng.random(len(legit)) < case.rng.uniform(0.02, 0.3)]
    share = case.rng.uniform(0.8, 1.6) / max(2, len(symptoms))
    for key, shift in symptoms:
        some = rows[case.rng.random(len(rows)) < share]
        case.z(key)[some] += shift * case.vigour[some]


def _disguise(case: Case, setting: Setting) -> None:
    legit = np.flatnonzero(~case.label)
    for index in case.rng.permutation(len(setting.lookalikes))[: int(case.rng.integers(0, 4))]:
        share = case.rng.uniform(0.01, 0.15)
        setting.lookalikes[index](case, legit[case.rng.random(len(legit)) < share])


def _columns(
    case: Case, setting: Setting, wanted: int, label: NDArray[np.bool_]
) -> dict[str, tuple[str, pl.Series]]:
    """Choose the columns an owner shows, spell them, write their cells, add noise and gaps."""
    rng, namer = case.rng, Namer(case.rng)
    shown = _shown(case, setting, wanted)
    for f in shown:
        case.z(f.latent or f.key)
    for rows, sources, changed in case.twins:
        for score in (case.scores[key] for key in case.scores if key not in changed):
            score[rows] = score[sources] + rng.normal(0, 0.02, len(rows))
    out: dict[str, tuple[str, pl.Series]] = {}
    if rng.random() < 0.3:
        out[namer.name("row_id")] = ("row_id", pl.Series(np.arange(case.size)))
    keep, stem = rng.random() < 0.5, str(rng.choice(("v", "v", "pc", "feature ", "x", "var", "component ")))
    for f in sorted(shown, key=setting.fields.index) if keep else shown:
        cells = _gaps(rng, f.cells(case, f))
        if f.key in case.blanks:
            cells = cells.set(pl.Series(case.blanks[f.key]), None)
        out[_spell(namer, f.role, f.spellings.replace("#", stem), rng)] = (f.role, cells)
    if rng.random() < 0.08:
        word = str(
            rng.choice(
                ("", "investigation opened", "dispute received", "case confirmed", "refused after review")
            )
        )
        known = (label ^ (rng.random(case.size) < 0.01)).astype(np.int64)
        out[_spell(namer, "leak", word, rng)] = ("leak", pl.Series(known))
    return out | _noise(case, namer)


def _shown(case: Case, setting: Setting, wanted: int) -> list[Field]:
    """Most columns the typologies touch, then others by their odds, at most ``wanted``."""
    rng = case.rng
    touched = [f for f in setting.fields if (f.latent or f.key) in case.touched]
    first = [f for f in touched if rng.random() < (0.6 if f.latent else 0.9)] or touched
    rest = [f for f in setting.fields if f not in first and rng.random() < f.odds]
    first = [first[i] for i in rng.permutation(len(first))][:wanted]
    return first + [rest[i] for i in rng.permutation(len(rest))][: wanted - len(first)]


def _number(frame: pl.DataFrame, rng: np.random.Generator, *names: str) -> pl.DataFrame:
    """Number the rows as they lie, or write opaque identifiers."""
    for name in names:
        cells = pl.Series(name, np.arange(frame.height) + int(rng.integers(1, 1_000_000)))
        if rng.random() < 0.3:
            cells = ("R" + pl.Series(rng.integers(10**9, 10**10, frame.height)).cast(pl.String)).alias(name)
        frame = frame.with_columns(cells)
    return frame


def _spell(namer: Namer, role: str, spellings: str, rng: np.random.Generator) -> str:
    """A domain's own words in the owner's language and style; the shared vocabulary when it has none."""
    parts = spellings.split("|")
    texts = parts[("en", "fr", "es", "pt").index(namer.language)] if len(parts) == 4 else parts[0]
    words = [w.strip() for w in texts.split(",")]
    concept = words[int(rng.integers(len(words)))].replace(" ", "_")
    return namer.name(role, concept)


def _gaps(rng: np.random.Generator, cells: pl.Series) -> pl.Series:
    if rng.random() > 0.08:
        return cells
    empty = pl.Series(rng.random(len(cells)) < rng.uniform(0.01, 0.2))
    minus = cells.dtype.is_numeric() and rng.random() < 0.3
    return cells.set(empty, -1 if minus else None)


def _noise(case: Case, namer: Namer) -> dict[str, tuple[str, pl.Series]]:
    """Columns that mean nothing for fraud: numbers, flags, categories."""
    rng, out = case.rng, dict[str, tuple[str, pl.Series]]()
    for _ in range(int(rng.choice((0, 0, 1, 2, 3, 6)))):
        kind = rng.random()
        if kind < 0.45:
            factor = case.factors[FACTORS[int(rng.integers(len(FACTORS)))]]
            values = rng.normal(size=case.size) + rng.normal() * factor * (rng.random() < 0.4)
            shape = (values, np.exp(values), values.round() * 10)[int(rng.integers(3))]
            out[namer.name("number")] = ("number", pl.Series(shape.round(4)))
        elif kind < 0.75:
            out[namer.name("flag")] = (
                "flag",
                pl.Series((rng.random(case.size) < rng.uniform(0.02, 0.9)).astype(np.int64)),
            )
        else:
            codes = np.array([f"{c}{d}" for c in "ABCD" for d in (1, 2, 3)])[: int(rng.integers(2, 13))]
            out[namer.name("category", "group")] = ("category", pl.Series(rng.choice(codes, case.size)))
    return out


def _record(case: Case, typology: NDArray[np.str_]) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    """What the owner's books say: some frauds were never found, a few legitimate rows were blamed."""
    rng, label = case.rng, case.label.copy()
    label[label & (rng.random(case.size) < rng.choice((0.0, 0.03, 0.1, 0.2)))] = False
    blamed = ~case.label & (rng.random(case.size) < rng.choice((0.0, 0.0, 0.05)) * label.mean())
    named = np.where(blamed, "mislabelled", np.where(label, typology, ""))
    return label | blamed, named
