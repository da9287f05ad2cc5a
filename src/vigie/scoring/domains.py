"""What kind of payments a table is about, from the words in its column names and its category values.

A vocabulary and the counting of it. Every word is ours; a value of the user's table leaves this module only
when it is one of them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

UNSAID = 0.5
"""The share of the domain's points that a table gets when nothing in it names a domain."""

# domain | in English | in French | words, folded, English, French, Spanish and Portuguese mixed; @role is a column of that role.
_VOCABULARY = """
mobile_money | mobile money | mobile money | cash in, cash out, cashin, cashout, mobile money, momo, wallet, portefeuille, billetera, carteira, msisdn, depot, retrait, mpesa, orange money, wave, airtime, agent code, transfert, debit, @counter_balance_after
card_present | card payments at terminals | paiements par carte au terminal | pos, card present, chip, swipe, swiped, contactless, magstripe, tpe, terminal, pin, entry mode, mode saisie, carte, tarjeta, cartao, card, cc num, cvv, grocery pos, gas transport, retailer, @card, @counter_latitude
card_not_present | online card payments | paiements par carte en ligne | cnp, card not present, ecommerce, online, internet, shopping net, misc net, checkout, basket, cart, panier, carrito, billing, shipping, facturation, livraison, envio, browser, user agent, navigateur, product, order, commande, pedido, paypal, credit card, card, carte, tarjeta, cartao, @card, @user_agent, @email
transfers | bank transfers | virements bancaires | wire, iban, swift, bic, sepa, ach, transfer, virement, transferencia, remittance, beneficiary bank, beneficiaire, beneficiario, donneur ordre, ordenante, pix, correspondent, @counter_balance_after
p2p | payments between persons | paiements entre particuliers | p2p, peer, friend, zelle, venmo, cash app, recipient, request money, payee, split, note
atm | cash machines | retraits aux distributeurs | atm, dab, cajero, withdrawal, retrait, retiro, saque, cash withdrawal, caixa eletronico, pin, dispenser
acquiring | merchant payments | encaissements des commerçants | chargeback, merchant, mcc, acquirer, settlement, refund, dispute, authorization, decline, declined, commercant, comercio, lojista, impaye, is declined, foreign transaction, high risk country, store
crypto | crypto-assets | crypto-actifs | crypto, bitcoin, btc, eth, ethereum, usdt, token, blockchain, gas, gas price, exchange, hash, tx hash, contract, mixer, utxo, wallet, withdrawal address, erc20, coin
loyalty_refunds | loyalty and refunds | fidélité et remboursements | loyalty, point, mile, reward, redemption, redeem, refund, return, remboursement, retour, fidelite, reembolso, devolucion, devolucao, puntos, voucher, coupon, gift card, promo, bonus
corporate_payments | corporate payments | paiements d'entreprise | invoice, facture, factura, fatura, vendor, supplier, fournisseur, proveedor, fornecedor, payroll, salary, salaire, paie, nomina, employee, salarie, empleado, funcionario, purchase order, approver, approval, cost center, gl account
account_opening | account opening | ouvertures de compte | application, signup, registration, inscription, onboarding, kyc, document, selfie, proposed credit, email similarity, phone valid, housing, velocity 6h, name email, account opening, ouverture, apertura, abertura, identity, @email, @phone, @birth
lending | lending | crédit | loan, pret, prestamo, emprestimo, borrower, emprunteur, installment, echeance, cuota, parcela, interest rate, default, collateral, apr, mortgage, principal, repayment, bureau, debt, income, @income
orders | shop orders | commandes en ligne | order, commande, pedido, item, article, articulo, quantity, quantite, cantidad, quantidade, basket, panier, shipping, billing, livraison, facturation, envio, product, produit, producto, produto, discount, remise, seller, vendeur, delivery, checkout, cart, carrito
insurance | insurance claims | sinistres d'assurance | claim, sinistre, siniestro, sinistro, policy, police, poliza, apolice, premium, prime, deductible, franchise, insured, assure, asegurado, segurado, incident, accident, witness, vehicle, vehicule, vehiculo, damage, injury, auto make, police report, hospital, adjuster, bodily
"""

_RELATED = {
    frozenset(pair): share
    for *pair, share in (
        ("mobile_money", "p2p", 0.6),
        ("mobile_money", "transfers", 0.5),
        ("mobile_money", "atm", 0.3),
        ("p2p", "transfers", 0.7),
        ("p2p", "crypto", 0.4),
        ("transfers", "corporate_payments", 0.5),
        ("transfers", "crypto", 0.4),
        ("card_present", "atm", 0.6),
        ("card_present", "acquiring", 0.6),
        ("card_present", "card_not_present", 0.5),
        ("card_not_present", "acquiring", 0.6),
        ("card_not_present", "loyalty_refunds", 0.5),
        ("account_opening", "lending", 0.5),
        ("orders", "card_not_present", 0.7),
        ("orders", "loyalty_refunds", 0.5),
        ("orders", "acquiring", 0.4),
    )
}

_STOP = frozenset(
    "id|nb|num|no|is|has|the|of|de|du|la|le|des|da|do|a|to|tx|txn|trx|trans|transaction".split("|")  # noqa: SIM905
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_SPLIT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class DomainEvidence:
    """What a table says of its domain.

    Attributes:
        scores: domain -> [0, 1]; `UNSAID` for all where nothing was found.
        words: domain -> the words found that speak for it, best first.
    """

    scores: Mapping[str, float]
    words: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=20_000)
def tokens(text: str) -> tuple[str, ...]:
    """The words of a name in order: accents folded, camelCase split, plural s and digits dropped."""
    folded = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    words = (word.lower() for word in _SPLIT.split(_CAMEL.sub(" ", plain)))
    return tuple(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
        for word in words
        if word and not word.isdigit()
    )


def meaningful(text: str) -> tuple[str, ...]:
    """The words of a column name that tell it from others; all of them where none does."""
    return tuple(word for word in tokens(text) if word not in _STOP) or tokens(text)


def read(texts: Iterable[str], roles: Iterable[str]) -> DomainEvidence:
    """Counts the words of each domain.

    Args:
        texts: column names and distinct values of category columns.
        roles: the roles the table has.
    """
    vocabulary = _vocabulary()
    found = {f"@{role}" for role in roles} & vocabulary.keys()
    for text in set(texts):
        words = tokens(text)
        for length in (1, 2, 3):
            grams = (" ".join(words[i : i + length]) for i in range(len(words) - length + 1))
            found.update(gram for gram in grams if gram in vocabulary)
    weight: dict[str, float] = dict.fromkeys(domains(), 0.0)
    said: dict[str, list[str]] = {}
    for word in sorted(found, key=lambda w: (len(vocabulary[w]), w)):
        for domain in vocabulary[word]:
            weight[domain] += 1.0 / len(vocabulary[word])
            if not word.startswith("@"):
                said.setdefault(domain, []).append(word)
    most = max(weight.values())
    if most == 0.0:
        return DomainEvidence(dict.fromkeys(weight, UNSAID), {})
    share = {domain: value / most for domain, value in weight.items()}
    near = {one: max(share[other] * _related(one, other) for other in share) for one in share}
    trust = 1.0 - math.exp(-most)
    scores = {domain: round(UNSAID * (1 - trust) + trust * value, 6) for domain, value in near.items()}
    return DomainEvidence(scores, {domain: tuple(words) for domain, words in said.items()})


@cache
def domains() -> tuple[str, ...]:
    """The domains this vocabulary knows."""
    return tuple(domain for domain, *_ in _lines())


def label(domain: str) -> tuple[str, str]:
    """The domain's name for a reader, in English and French; its own name where it is not ours."""
    own = domain.replace("_", " ")
    return next(((en, fr) for name, en, fr, _ in _lines() if name == domain), (own, own))


@cache
def _lines() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(p.strip() for p in line.split("|")) for line in _VOCABULARY.strip().splitlines())


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for domain, _, _, words in _lines():
        for word in (w.strip() for w in words.split(",")):
            key = word if word.startswith("@") else " ".join(tokens(word))
            if domain not in found.setdefault(key, []):
                found[key].append(domain)
    return {word: tuple(names) for word, names in found.items()}


def _related(one: str, other: str) -> float:
    return 1.0 if one == other else _RELATED.get(frozenset((one, other)), 0.0)
