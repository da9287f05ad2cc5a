"""Sums of money as they are written in the world -> plain numbers: currencies anywhere, debit and credit marks.

Only what a column shares is a currency: cells of several currencies are no column of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from vigie.table.parsing.column_names import names_money

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AZN BAM BDT BGN BHD BIF BND BOB BRL BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK
    DOP DZD EGP ERN ETB EUR FJD GBP GEL GHS GHC GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF
    KRW KWD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SLE SLL SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD
    TZS UAH UGX USD UYU UZS VES VND VUV XAF XCD XOF XPF YER ZAR ZMW ZWL BTC ETH USDT USDC
"""
_ABBREVIATIONS = """
    KSHS? TSHS? USHS? SHS? RS RE BS BSF BS\\.?S S/ RM RP KR KČ KC FT ZŁ ZL LEI DIN ЛВ РУБ ГРН ТГ СУМ
    TL DHS? DH DA DT FCFA CFA FC FCFP SFR FR AR FG LE LL JD KD SR QR NFK BR BIRR KZ MT ESC PTS PTA NAIRA CEDIS? RAND SOL SOLES PESOS?
    EUROS? DOLLARS? POUNDS? FRANCS? DIRHAMS? DINARS? SHILLINGS? RUPEES? REAIS REAL YEN YUAN RMB
"""
_LETTERS = "R K P N Q L E F"
"""Currencies of one letter: believed only in a column that is called an amount."""


def _alternatives(text: str) -> str:
    return "|".join(sorted((word for word in text.split()), key=len, reverse=True))


_SIGNED = r"[-+\u2212\u2013(\s]*"
_NOT_LETTERS = r"(?:\s*\.?\s*)"
_DEBIT = {"dr", "db", "deb", "debit", "d", "s", "soll", "débit", "debe"}
_CREDIT = {"cr", "cred", "credit", "c", "h", "haben", "crédit", "haber"}
_PAIRS = (
    {"dr", "cr"},
    {"db", "cr"},
    {"deb", "cred"},
    {"debit", "credit"},
    {"débit", "crédit"},
    {"d", "c"},
    {"d", "h"},
    {"s", "h"},
)
_SIDE = r"(?i)(?:\s|[\d).])\(?(DR|CR|DB|DEB|CRED|D[ÉE]BIT|CR[ÉE]DIT|D|C|S|H)\)?\.?$"
_SIDE_BEFORE = r"(?i)^(DR|CR|DB|DEB|CRED|D[ÉE]BIT|CR[ÉE]DIT)\.?\s*[-+\d(]"
_TAKE_SIDE = r"(?i)\s*\(?(?:DR|CR|DB|DEB|CRED|D[ÉE]BIT|CR[ÉE]DIT|D|C|S|H)\)?\.?$"
_TAKE_SIDE_BEFORE = r"(?i)^(?:DR|CR|DB|DEB|CRED|D[ÉE]BIT|CR[ÉE]DIT)\.?\s*"
_INSIDE = r"^([-+(]?\d[\d., ]*)\s?(?:\p{Sc}|F)\s?(\d{2}\)?)$"
_UNIT = r"\p{L}[\p{L}\p{M}. ]{0,14}[\p{L}\p{M}.]"
_FACTORS = """
    mm mn mln mil mio mrd mds md bn bln tsd lakh lakhs lac crore crores thousand thousands million millions billion billions mille milliers
    millier milliard milliards millon millones millón milhao milhão milhoes milhões tausend millionen
"""
"""Words after a number that change it, and so are no currency."""
_NEARLY_ALL = 0.9
_LEAST_SUMS = 3
_MOST = 0.5
_FEW_MARKED = 0.005


@dataclass(frozen=True)
class PlainMoney:
    """Sums of money without their currency and their side.

    Attributes:
        cells: text that `numbers` reads.
        is_debit: which cells are marked as a debit.
        is_marked: which cells are marked as a debit or a credit.
    """

    cells: pl.Series
    is_debit: pl.Series
    is_marked: pl.Series


def plain_money(cells: pl.Series, sample: pl.Series) -> PlainMoney | None:
    """Take currency and side from the cells; None where the sample has neither, or several currencies.

    Args:
        cells: stripped text.
        sample: some of the cells, none of them empty.
    """
    if not _has_digits(sample):
        return None
    has_sides = _has_sides(sample)
    bare = _without_sides(sample) if has_sides else sample
    currency = _currency(bare)
    if currency is None or not (currency or has_sides):
        return None
    if has_sides:
        side = pl.coalesce(
            pl.first().str.extract(_SIDE), pl.first().str.extract(_SIDE_BEFORE)
        ).str.to_lowercase()
        sides = cells.to_frame().select(side).to_series()
        cells = _without_sides(cells)
    else:
        sides = pl.Series(cells.name, [None], dtype=pl.String).new_from_index(0, len(cells))
    if currency:
        cells = _without_currency(cells, currency)
    marked = sides.is_not_null()
    return PlainMoney(cells, sides.is_in(list(_DEBIT)).fill_null(value=False), marked)


def _has_digits(sample: pl.Series) -> bool:
    share = sample.str.contains(r"\d").mean()
    return isinstance(share, float) and share > _MOST


def _has_sides(sample: pl.Series) -> bool:
    """Return whether most cells end with a mark of debit or credit, of one pair of marks."""
    found = sample.to_frame().select(
        pl.coalesce(pl.first().str.extract(_SIDE), pl.first().str.extract(_SIDE_BEFORE)).str.to_lowercase()
    )
    sides = found.to_series().drop_nulls()
    words = set(sides.unique().to_list())
    # A credit among unmarked debits is marked with two letters; single letters mark all cells, or are no marks.
    is_sure = bool(words) and min(map(len, words)) > 1 and names_money(sample.name)
    if not words or len(sides) <= (_FEW_MARKED if is_sure else _MOST / 2) * len(sample):
        return False
    if not any(words <= both for both in _PAIRS):
        return False
    return names_money(sample.name) or (max(map(len, words)) > 1 and _is_sum(sample))


def _is_sum(sample: pl.Series) -> bool:
    """Return whether cells are written as sums are and codes are not: with separators, or apart from their letters."""
    return bool(sample.str.contains(r"\d[.,]\d|\d\s|\s\d").any())


def _without_sides(cells: pl.Series) -> pl.Series:
    return cells.str.replace(_TAKE_SIDE_BEFORE, "").str.replace(_TAKE_SIDE, "").str.strip_chars()


def _currency(bare: pl.Series) -> str | None:
    """Return a pattern of the currency of the cells; empty where they have none, None where they have several."""
    is_named = names_money(bare.name)
    names = f"{_alternatives(_CODES)}|{_alternatives(_ABBREVIATIONS)}"
    letters = f"|(?-i:{_alternatives(_LETTERS)})" if is_named else ""
    # A letter after a number may be a factor, as in 12k; francs alone are written after it.
    francs = "|(?-i:F)" if is_named else ""
    leading, unit = (
        rf"(?:[A-Z]{{0,3}}\.?\s?\p{{Sc}}|(?:F\.?\s)?(?:{one})|/[-=])\.?"
        for one in (names + letters, names + francs)
    )
    before = rf"(?i)^{_SIGNED}({leading})\s*[-+\u2212(]*\s*[\d.,]"
    after = rf"(?i)\d[\d.,'\u2019\s]*\)?-?\s*({unit})\)?-?$"
    found = bare.to_frame().select(
        pl.coalesce(pl.first().str.extract(before), pl.first().str.extract(after))
        .str.to_lowercase()
        .str.replace_all(r"[.\s/=-]", "")
    )
    units = found.to_series().drop_nulls()
    if bare.str.contains(_INSIDE).sum() > _MOST * len(bare):
        return r"\p{Sc}|F"
    if len(units) <= _MOST * len(bare) / 2:
        return _other_unit(bare) if is_named and _is_sum(bare) else ""
    common = units.unique()
    if len(common) != 1:
        return None
    letters_only = str(common[0]).isalpha()
    return leading if is_named or not letters_only or _is_sum(bare) else ""


def _other_unit(bare: pl.Series) -> str:
    """Return a pattern of the one text that nearly all cells have before or after their number; empty without one.

    Sums differ: two texts such as `at least 1` in many rows are a category, whatever the name of the column.
    """
    if bare.n_unique() < min(_LEAST_SUMS, len(bare) / 10):
        return ""
    found = bare.to_frame().select(
        pl.coalesce(
            pl.first().str.extract(rf"^{_SIGNED}({_UNIT})\s*[-+\u2212(]*\s*[\d.,]"),
            pl.first().str.extract(rf"\d\)?-?\s*({_UNIT})\)?-?$"),
        ).str.to_lowercase()
    )
    units = found.to_series().drop_nulls().str.strip_chars()
    common = units.unique().to_list()
    if len(common) != 1 or len(units) < _NEARLY_ALL * len(bare) or common[0] in _FACTORS.split():
        return ""
    return str(common[0]).replace(".", r"\.").replace(" ", r"\s")


def _without_currency(cells: pl.Series, unit: str) -> pl.Series:
    cells = cells.str.replace(_INSIDE, "${1}.${2}")
    cells = cells.str.replace(rf"(?i)^({_SIGNED})(?:{unit})\s*", "${1}")
    cells = cells.str.replace(rf"(?i)\s*(?:{unit})(\)?-?)$", "${1}")
    return cells.str.replace_all(r"[\s\u00a0]+$|^[\s\u00a0]+", "").str.replace(r"^([-+\u2212])\s+", "${1}")
