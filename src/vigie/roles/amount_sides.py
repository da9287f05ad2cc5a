"""Debit and credit in two columns: the two sides of one amount, of which a row has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from vigie.roles.name_lexicon import word_set
from vigie.table.parsing.column_names import name_words

_OUT = word_set(
    """
    debit debits debited debito debitos debe deb dr withdrawn withdrawal withdrawals withdraw retrait retraits cargo cargos out outflow
    outgoing sortie sorties salida salidas saida saidas soll lastschrift paid_out money_out spent retiro retiros saque saques gasto
    gastos egreso egresos depense depenses belastung
    """
)
_IN = word_set(
    """
    credit credits credited credito creditos haber cred cr deposit deposits deposited depot depots versement versements abono abonos in
    inflow incoming entree entrees entrada entradas haben gutschrift paid_in money_in received recu ingreso ingresos recette recettes
    deposito depositos
    """
)
_WEAK = word_set("in out paid money cr dr")
"""Words that say which side only together with one that says what flows, or alone."""
_FLOWS = word_set(
    "in out paid money paid_in paid_out amount value funds cash transfer payment montant valor importe betrag"
)
_LESS = word_set(
    "net nett netto neto fee fees tax vat count number nb no qty limit card score rate balance solde saldo line"
)
_GROSS = word_set("gross brut bruto brutto brute bruta")
_NET = word_set("net nett netto neto nette neta liquido liquida liquide")
_MAX_SHARE = 0.01
"""Share of the rows that may have both sides."""
_MIN_SHARE = 0.02
"""Share of the rows that must have each side."""


def amount_sides(sample: pl.DataFrame) -> tuple[str, str] | None:
    """Return the column of the amounts going out and that of the amounts coming in; None where the table has no such pair.

    Args:
        sample: (rows, columns) typed rows.
    """
    numbers = {name for name, dtype in sample.schema.items() if dtype.is_numeric()}
    outs = [name for name in sample.columns if name in numbers and _side(name) == "out"]
    ins = [name for name in sample.columns if name in numbers and _side(name) == "in"]
    pairs = [(out, into) for out in outs for into in ins if _others(out) == _others(into)] or (
        [(outs[0], ins[0])] if len(outs) == len(ins) == 1 else []
    )
    found = (pair for pair in sorted(pairs, key=_is_less) if _are_exclusive(sample, *pair))
    return next(found, None)


def _side(name: str) -> str:
    words = set(name_words(name))
    joined = "_".join(name_words(name))
    for side, known in (("out", _OUT), ("in", _IN)):
        other = _IN if side == "out" else _OUT
        found = words & known or ({joined} & known)
        if found and not words & other and (found - _WEAK or words <= _FLOWS | known):
            return "" if words & (_LESS - {"net", "nett", "netto", "neto"}) else side
    return ""


def _others(name: str) -> frozenset[str]:
    return frozenset(name_words(name)) - _OUT - _IN


def _is_less(pair: tuple[str, str]) -> bool:
    return any(set(name_words(name)) & _LESS for name in pair)


def _are_exclusive(sample: pl.DataFrame, out: str, into: str) -> bool:
    """Whether nearly every row has one of the two, and hardly any row both."""
    filled = [(sample[name].fill_null(0) != 0) for name in (out, into)]
    rows = sample.height
    both, neither = int((filled[0] & filled[1]).sum()), int((~filled[0] & ~filled[1]).sum())
    each = min(int(one.sum()) for one in filled)
    return both <= _MAX_SHARE * rows and neither <= 0.2 * rows and each >= max(1, _MIN_SHARE * rows)


def gross_amounts(names: Iterator[str]) -> list[str]:
    """Return the columns that are called gross and nothing that is no amount: `Gross`, `Montant brut`."""
    fine = _GROSS | word_set(
        "amount montant importe valor betrag total value eur usd gbp xof gc nc ht ttc sale sales vente ventes venta ventas venda vendas receipts"
    )
    return [name for name in names if set(name_words(name)) & _GROSS and set(name_words(name)) <= fine]


def net_amounts(names: Sequence[str]) -> list[str]:
    """Return the columns that are called net where another one is called gross: `Valor líquido` beside `Valor bruto`."""
    words = {name: set(name_words(name)) for name in names}
    has_gross = any(words[name] & _GROSS for name in names)
    return [name for name in names if has_gross and words[name] & _NET and not words[name] & _GROSS]


def gross_or_net(names: Sequence[str]) -> list[str]:
    """Return the columns that are called gross, else those that are called net: `Salaire brut` and `Salaire net` of a payroll."""
    gross = [name for name in names if set(name_words(name)) & _GROSS]
    return gross or [name for name in names if set(name_words(name)) & _NET]
