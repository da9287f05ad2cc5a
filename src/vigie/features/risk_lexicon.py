"""Words in cells that raise or lower risk: `TRANSFER`, `gift card`, `prépayée`, `en ligne`, `chip`, `Third Party`.

A prior on which fraud reports agree (remote before face to face, cash-like before consumables, unverified before verified), in
English, French, Spanish and Portuguese. Words are stems, so that plurals and genders match. The list is short on purpose.
"""

from __future__ import annotations

from functools import lru_cache

from vigie.roles.name_parser import fold

RISKIER: dict[str, float] = {
    # money that leaves for good
    "transfer": 1.0, "virement": 1.0, "cash_out": 1.0, "cashout": 1.0, "cash out": 1.0, "withdraw": 0.8, "retrait": 0.8,
    "retiro": 0.8, "saque": 0.8, "wire": 0.8, "crypto": 1.0, "gift": 1.0, "prepaid": 0.8, "prepay": 0.8, "prepag": 0.8,
    "voucher": 0.6, "money transfer": 1.0, "gambl": 0.8, "casino": 0.8, "betting": 0.8, "apuesta": 0.8,
    # goods that are easily sold
    "electron": 0.6, "jewel": 0.8, "bijou": 0.8, "joyer": 0.8, "luxury": 0.7, "luxe": 0.7, "travel": 0.6, "airline": 0.6,
    "voyage": 0.6, "viaje": 0.6,
    # remote
    "online": 0.8, "internet": 0.8, "en ligne": 0.8, "en linea": 0.8, "ecommerce": 0.8, "e commerce": 0.8,
    "remote": 0.7, "not present": 0.9, "card absent": 0.9, "keyed": 0.7, "manual": 0.4, "moto": 0.3, "virtual": 0.6,
    # foreign or unverified
    "foreign": 0.7, "international": 0.7, "etranger": 0.7, "extranj": 0.7, "unknown": 0.3, "unverified": 0.9, "not verified": 0.9,
    "mismatch": 0.8, "failed": 0.6, "declin": 0.6, "proxy": 0.8, "vpn": 0.8, "tor exit": 0.9, "emulator": 0.9, "rooted": 0.8,
    "disposable": 0.8, "unemployed": 0.4, "chomage": 0.4,
    # claims
    "policy holder": 0.6, "own fault": 0.6, "all perils": 0.6, "no witness": 0.5, "total loss": 0.5, "theft": 0.5, "vol ": 0.4,
}  # fmt: skip
SAFER: dict[str, float] = {
    "payment": 0.3, "paiement": 0.3, "pago": 0.3, "cash_in": 0.7, "cash in": 0.7, "deposit": 0.5, "depot": 0.5, "salary": 0.7,
    "salaire": 0.7, "payroll": 0.5, "bill": 0.5, "facture": 0.5, "factura": 0.5, "utilit": 0.6, "grocer": 0.6, "supermarch": 0.6,
    "supermerc": 0.6, "food": 0.5, "restaurant": 0.3, "pharma": 0.5, "health": 0.5, "sante": 0.5, "transport": 0.4, "fuel": 0.2,
    "debit": 0.3, "in store": 0.6, "en magasin": 0.6, "face to face": 0.7, "present": 0.3, "chip": 0.7, "puce": 0.7,
    "contactless": 0.5, "sans contact": 0.5, "domestic": 0.6, "local": 0.3, "verified": 0.6, "verifie": 0.6, "third party": 0.6,
    "liability": 0.5, "direct debit": 0.6, "prelevement": 0.6, "employed": 0.2, "owner": 0.2,
}  # fmt: skip


@lru_cache(maxsize=50_000)
def risk(value: str) -> float:
    """Return the risk of a cell's words, from -1 (safer) to 1 (riskier); 0 where no word is known.

    The riskier word counts where both are as strong; negations are words of their own (`not present`, `unverified`).
    """
    text = f" {fold(value).replace('-', ' ')} "
    riskier = max((weight for stem, weight in RISKIER.items() if stem in text), default=0.0)
    safer = max((weight for stem, weight in SAFER.items() if stem in text), default=0.0)
    return riskier - (0.0 if riskier >= safer else safer)
