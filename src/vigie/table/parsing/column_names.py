"""What the name of a column promises of its cells: money, a moment, or a code that only identifies.

Only how lenient a reader may be depends on this; what a column means is decided by `vigie.roles`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_MONEY = _word_set(
    """
    amount amounts amt amnt montant montants mnt importe importes monto montos valor valores quantia vlr betrag betrage summe umsatz
    price prices prix precio precios preco precos preis value val worth total totals sum somme suma soma balance solde saldo
    cost costs cout couts costo coste custo kosten charge charges fee fees frais commission comision comissao gebuhr tax taxe
    gross brut bruto brutto net neto netto liquido debit debits credit credits debito credito debe haber soll haben debito
    paid withdrawn withdrawal withdrawals deposit deposits depot depots retrait retraits cargo abono entrada entradas saida saidas
    salida salidas ingreso ingresos gasto gastos recette recettes depense depenses received sent outflow inflow spent
    premium prime salary salaire limit plafond income revenu versement remboursement refund payout payment_amount ht ttc tva
    """
)
_STRONG_MONEY = _word_set(
    """
    amount amounts amt montant montants importe importes monto montos valor betrag price prix precio preco preis balance solde saldo
    cost fee frais value
    """
)
_TIME = _word_set(
    """
    date dates datetime time timestamp stamp when day jour fecha fechas hora horas data datas dia datum tag zeit uhrzeit heure heures
    dt dob birth naissance nacimiento nascimento geburtsdatum created updated opened closed posted booked
    buchungstag buchungsdatum valuta wertstellung horodatage
    """
)
_IDENTIFIERS = _word_set(
    """
    id ids ident identifier identifiant identificador uuid guid ref refs reference referencia referenz code codes cod codigo no nr num
    number numero nummer n number account accounts acct acc compte comptes cuenta conta konto kontonummer iban bic swift rib card cards
    carte cartes tarjeta cartao karte pan phone tel telephone telefono telefone mobile msisdn zip zipcode postal postcode cp plz cep
    siret siren nif cif cpf cnpj dni invoice facture factura fatura rechnung receipt recu recibo beleg customer client cliente kunde
    user merchant terminal device key hash token mcc sku serial matricule imei ip batch order commande pedido policy police poliza apolice
    claim sinistre ticket check cheque vehicle plate
    """
)
_KINDS = _word_set(
    """
    type types tipo kind category categorie categoria currency devise moneda moeda wahrung ccy status statut estado range band class
    level unit flag indicator is has code desc description label name nom method mode reason in words text format source zone group
    """
)


@lru_cache(maxsize=4096)
def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a column name, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(word.lower() for word in _WORDS.findall(plain))


def names_identifier(name: str) -> bool:
    """Return whether the cells only tell one thing from another: `Invoice no.`, `merchant_code`, `N° de compte`."""
    words = name_words(name)
    if not words or set(words) & _STRONG_MONEY:
        return False
    ends = {words[0], words[-1]} & _IDENTIFIERS
    return bool(ends) or bool(set(words) & _IDENTIFIERS and not set(words) & (_MONEY | _TIME))


def names_money(name: str) -> bool:
    """Return whether the name promises sums of money: `Montant`, `Gross Debit (GC)`, `paidIn`."""
    words = set(name_words(name))
    return bool(words & _MONEY) and not words & _KINDS and not names_identifier(name)


def names_time(name: str) -> bool:
    """Return whether the name promises moments: `Date opération`, `created_at`."""
    words = set(name_words(name))
    return bool(words & _TIME) and not words & _KINDS and not names_identifier(name)
