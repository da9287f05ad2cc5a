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

# domain | words that name it | words that only hint at it; its name for a reader is in the catalogues of `i18n`
# Words are folded and of four languages; @role stands for a column of that role.
_VOCABULARY = """
mobile_money | cash in, cash out, cashin, cashout, mobile money, momo, airtime, mpesa, orange money, ussd, agent code, code agent | wallet, portefeuille, billetera, carteira, msisdn, depot, retrait, debit, cashier, bill, @counter_balance_after
card_present | chip, contactless, magstripe, swipe, swiped, card present, keyed, cc num, grocery pos, gas transport | pos, tpe, entry mode, mode saisie, terminal, pin, pharmacy, fuel, restaurant, card, carte, tarjeta, cartao, retailer, virtual card, @card, @counter_latitude, @distance
card_not_present | cnp, card not present, cvv match, avs match, 3ds, sca, strong auth, authentification forte, shopping net, misc net, subscription, gaming | ecommerce, online, internet, checkout, billing, shipping, facturation, livraison, browser, user agent, navigateur, toy, fashion, luxury, digital, food, mobile web, cvv, paypal, card, carte, tarjeta, cartao, @user_agent, @email, @ip
transfers | wire, swift, bic, sepa, ach, virement, transferencia, remittance, beneficiary bank, standing order, instant payment, cheque, pix, correspondent, ordering customer, donneur ordre, ordenante | iban, transfer, instant, beneficiary, benef, beneficiaire, beneficiario, @counter_balance_after
p2p | p2p, peer, friend, zelle, venmo, cash app, request money, split bill, merchant qr | recipient, contact, rent, gift, good, payee, note
atm | atm, dab, cajero, cash withdrawal, caixa eletronico, dispenser, enquiry, withdrawal atm | withdrawal, retrait, retiro, saque, deposit, pin, terminal
acquiring | acquirer, settlement, mcc, moto, payment link, high risk country, is declined, foreign transaction, refund purchase, authorization | merchant, marchand, mrch, commercant, comercio, lojista, chargeback, chbk, impaye, contracargo, dispute, litige, disputa, decline, declined, decl, refus, refuse, rechazo, rechazado, refund, store, boutique, tienda, seller, vendeur, vendedor
crypto | crypto, bitcoin, btc, eth, ethereum, usdt, token, blockchain, gas price, tx hash, swap, mixer, utxo, wallet from, wallet to, withdrawal address, erc20, coin | wallet, portefeuille, billetera, carteira, contract, exchange, hash, withdrawal, deposit, fee, api
loyalty_refunds | loyalty, redeem, redemption, earn, point transfer, mile, reward, reembolso, devolucion, devolucao, remboursement, puntos | point, refund, return, retour, fidelite, voucher, coupon, gift card, promo, bonus, purchase, call center
corporate_payments | invoice, facture, factura, fatura, supplier, fournisseur, proveedor, fornecedor, payroll, paie, nomina, treasury, erp, purchase order, approver, cost center, gl account, ebanking | vendor, employee, empleado, funcionario, matricule, salary, salaire, tax, expense, utility, approval, service
account_opening | account opening, signup, onboarding, kyc, selfie, proposed credit, email similarity, phone valid, name email, free email, email gratuit, disposable email, email jetable, distinct email, month with bank, existing customer, current address month, bank month, mois banque, mois adresse, first deposit, zip velocity | application, registration, inscription, ouverture, apertura, abertura, identity, housing, session, owner, tenant, linux, macintosh, window, @email, @phone, @birth
lending | loan, pret, prestamo, emprestimo, borrower, emprunteur, installment, echeance, cuota, parcela, interest rate, mortgage, repayment, annuity, credit bureau, bureau, debt, debt consolidation, revolving, payday, leasing, principal, tenor, outstanding, taux endettement, encours, deuda, garantia, debt to income | application, income, employer, employed, education, purpose, default, collateral, utilisation, enquiry last, document, rejection, solicitado, demande credit, @income
insurance | claim, sinistre, siniestro, sinistro, policy, poliza, apolice, deductible, franchise, insured, assure, asegurado, segurado, incident, accident, witness, vandalism, collision, bodily, injury, adjuster, third party, all peril, damage, total loss | premium, prime, police, vehicle, vehicule, vehiculo, auto make, hospital, fire, theft, repair, severity, liability, comprehensive, fault
orders | basket size, order count, num order, shipping distance, envio, pedido, panier, carrito, online order, median price, used chip, repeat retailer, known merchant | order, commande, basket, cart, item, quantity, quantite, article, product, produit, billing, shipping, jewelry, music, game, storecredit, giftcard, discount, attempt, returning customer, avs match, @amount_ratio, @distance
anonymised | pca, principal component, anonymised, anonymized, anonymisé, component, composante, componente | feature, variable, attribute, attr, masked, hidden, pc
"""
_HINT = 0.25

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
    plain = text
    if not text.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
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
    for word in sorted(found, key=lambda w: (-max(vocabulary[w].values()), w)):
        for domain in vocabulary[word]:
            weight[domain] += vocabulary[word][domain]
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


@cache
def _lines() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(p.strip() for p in line.split("|")) for line in _VOCABULARY.strip().splitlines())


@cache
def _vocabulary() -> dict[str, dict[str, float]]:
    """Word -> domain -> what it is worth there: less for a hint, less where domains share it."""
    found: dict[str, dict[str, float]] = {}
    for domain, *tiers in _lines():
        for words, worth in zip(tiers, (1.0, _HINT), strict=True):
            for word in (w.strip() for w in words.split(",")):
                key = word if word.startswith("@") else " ".join(tokens(word))
                found.setdefault(key, {}).setdefault(domain, worth)
    return {
        word: {name: worth / len(shared) for name, worth in shared.items()} for word, shared in found.items()
    }


def _related(one: str, other: str) -> float:
    return 1.0 if one == other else _RELATED.get(frozenset((one, other)), 0.0)
