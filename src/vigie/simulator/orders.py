"""Worlds of flat order and card-payment tables: signals somebody computed beforehand, and nobody's name.

Fraud here is mostly a coincidence: two or three signals that are each common among honest people.
"""

import numpy as np

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.applications import Setting, build
from vigie.simulator.engine.cells import (
    choice,
    count,
    days,
    flag,
    hour,
    moment,
    money,
    month,
    plain,
    points,
    weekday,
    years,
)
from vigie.simulator.engine.latent_rows import Case, Field, Rows

_COMPONENTS = tuple(
    Field(f"v{i}", f"#{i}", "number", plain, odds=0.0, loads="wealth 0.3 appetite 0.3 digital 0.2")
    for i in range(1, 19)
)

FIELDS: tuple[Field, ...] = (
    Field("time", "", "time", moment, odds=0.25),
    Field("hour", "", "hour", hour, odds=0.4, latent="time"),
    Field("weekday", "", "weekday", weekday, odds=0.15, latent="time"),
    Field("month", "", "month", month, odds=0.1, latent="time"),
    Field("amount", "", "amount", money, (5, 3000), "wealth 0.7", 0.75),
    Field("usual", "", "amount_usual", money, (10, 3000), "wealth 0.9", 0.3),
    Field("ratio", "ratio to median purchase, ratio to median price, amount to average, times usual | rapport au median, montant sur moyenne | razon mediana, veces lo habitual | razao mediana, vezes o habitual", "amount_ratio", money, (0.7, 2.1), "appetite 0.3", 0.35),
    Field("home", "distance from home, km from home, dist home, billing shipping distance | distance domicile | distancia hogar | distancia casa", "distance", money, (3, 60), "digital 0.2", 0.3),
    Field("last", "distance from last transaction, km since last, dist previous | distance derniere operation | distancia ultima | distancia ultima compra", "distance", money, (1.1, 40), "digital 0.2", 0.25),
    Field("shipping", "shipping distance, ship to bill km | distance livraison | distancia envio | distancia entrega", "distance", money, (5, 400), "", 0.08),
    Field("online", "online", "risk_signal", flag, (0.15, 0.75), "digital 0.6", 0.35),
    Field("virtual", "virtual card, is virtual, prepaid, is prepaid card | carte virtuelle, carte prepayee | tarjeta virtual, prepago | cartao virtual, pre pago", "risk_signal", flag, (0.04, 0.5), "digital 0.4", 0.2),
    Field("foreign", "foreign", "risk_signal", flag, (0.02, 0.3), "wealth 0.2", 0.4),
    Field("risky_country", "high risk country, is high risk country, risky country | pays a risque | pais alto riesgo | pais alto risco", "risk_signal", flag, (0.01, 0.12), "", 0.2),
    Field("declined", "declined", "risk_signal", flag, (0.02, 0.15), "", 0.2),
    Field("declines", "declines per day, total number of declines day, failed attempts 24h, declined last 24h | refus par jour, nb refus | rechazos dia, intentos fallidos | recusas dia, tentativas falhas", "risk_signal", count, (0.3, 2.5), "", 0.25),
    Field("chargebacks", "6 month chbk freq, past chargebacks, chargebacks count, disputes 12m | impayes 6 mois, nb litiges | contracargos 6m, disputas | chargebacks 6m, disputas", "risk_signal", count, (0.2, 1.6), "", 0.25),
    Field("chargeback_money", "daily chargeback avg amt, avg chbk amount, chargeback amount 6m | montant moyen impayes | monto contracargos | valor chargebacks", "risk_signal", count, (2, 200), "", 0.2, "chargebacks"),
    Field("mismatch", "address_mismatch", "risk_signal", flag, (0.04, 0.3), "", 0.15),
    Field("proxy", "proxy", "risk_signal", flag, (0.01, 0.15), "digital 0.3", 0.2),
    Field("score", "risk_score", "risk_signal", points, (1.0, 1.0), "appetite 0.2", 0.15),
    Field("pin", "pin", "trust_signal", flag, (0.1, 0.85), "digital -0.4", 0.3),
    Field("chip", "chip", "trust_signal", flag, (0.3, 0.9), "digital -0.3", 0.3),
    Field("strong", "three_ds", "trust_signal", flag, (0.3, 0.9), "", 0.15),
    Field("cvv", "cvv_match", "trust_signal", flag, (0.7, 0.97), "", 0.15),
    Field("repeat", "repeat retailer, known merchant, returning customer, has bought before | commercant connu, client connu | comercio conocido, cliente recurrente | loja conhecida, cliente recorrente", "trust_signal", flag, (0.4, 0.92), "age 0.3", 0.3),
    Field("age", "account age days, account age, tenure days, days since signup | anciennete jours, age compte | antiguedad dias, antiguedad cuenta | idade conta dias, tempo conta", "account_age", days, (60, 1500), "age 0.4", 0.4),
    Field("method_age", "payment method age days, card age, days since card added | age moyen paiement, anciennete carte | antiguedad tarjeta | idade meio pagamento", "account_age", days, (30, 700), "age 0.3", 0.25),
    Field("device_age", "device age days, days device known | anciennete appareil | antiguedad dispositivo | idade dispositivo", "account_age", days, (30, 500), "age 0.3", 0.1),
    Field("items", "num items, items, quantity, basket size | nb articles, quantite | num articulos, cantidad | qtd itens, quantidade", "velocity", count, (1.1, 4), "appetite 0.4", 0.25),
    Field("count", "tx count 24h, num transactions 24h, orders last 24h, transactions today | nb operations 24h | num transacciones 24h | num transacoes dia, qtd transacoes 24h", "velocity", count, (1.2, 8), "appetite 0.4", 0.35),
    Field("monthly", "transactions per month, tx last month, num orders 30d | nb operations mois | num transacciones mes | num transacoes mes", "velocity", count, (6, 30), "appetite 0.5", 0.2),
    Field("sum", "amount 24h, spent today, sum last 24h | montant 24h | monto 24h | valor 24h", "velocity", money, (30, 3000), "appetite 0.4 wealth 0.4", 0.15),
    Field("gap", "seconds since last, minutes since last transaction, time since last order | temps depuis derniere | tiempo desde ultima | tempo desde ultima", "number", money, (50, 20000), "appetite -0.4", 0.15),
    Field("holder_age", "", "age", years, loads="age 0.9", odds=0.12),
    Field("limit", "", "limit", money, (800, 20000), "wealth 0.8", 0.12),
    Field("method", "payment_method", "category", choice("creditcard, debitcard, paypal, storecredit, wallet, transfer, giftcard, voucher"), loads="digital 0.3", odds=0.35),
    Field("product", "product", "category", choice("shopping, electronics, food, travel, fashion, games, jewelry, health, home, gift, fuel, music"), loads="appetite 0.3", odds=0.4),
    Field("device", "device type, device, platform | type appareil | tipo dispositivo | tipo dispositivo", "category", choice("mobile, desktop, tablet, app, web, pos, unknown"), loads="digital 0.5", odds=0.2),
    Field("entry", "", "channel", choice("chip, swipe, contactless, online, manual, phone"), loads="digital 0.5", odds=0.15),
    Field("brand", "card_brand", "category", choice("visa, mastercard, amex, discover, other"), odds=0.15),
    Field("country", "", "country", choice("US, GB, FR, NG, BR, IN, DE, RO, ID, MX, ZA, CA"), loads="wealth 0.2", odds=0.15),
    *_COMPONENTS,
)  # fmt: skip

_CORNERS = ("home", "last", "ratio", "amount", "online", "foreign", "declines", "count", "-pin", "-chip", "-repeat", "-age", "-method_age", "virtual", "mismatch", "chargebacks", "items", "-strong")  # fmt: skip


def coincidence(case: Case, rows: Rows) -> None:
    """Two or three signals of any kind at once: each alone is common, together they are a thief's."""
    rng = case.rng
    keys = rng.permutation(np.array(_CORNERS))[: int(rng.choice((2, 3, 4), p=(0.35, 0.45, 0.2)))]
    case.coincide(rows, [str(k) for k in keys], rng.uniform(0.72, 0.95), rng.choice((0.3, 0.8, 1.0)))


def stolen_card(case: Case, rows: Rows) -> None:
    """A stolen card far from its owner: an unusual price, no chip or PIN, often online."""
    keys = ["home" if case.rng.random() < 0.6 else "last", "ratio", "-pin", "online", "-chip"]
    taken = [k for k in keys if case.rng.random() < 0.6][:3] or ["ratio"]
    case.coincide(rows, taken, case.rng.uniform(0.7, 0.93), case.rng.choice((0.3, 0.9, 1.0)))
    case.push(rows, home=0.8, ratio=0.8, online=0.6, pin=-0.8, chip=-0.5, repeat=-0.3)


def extreme_ratio(case: Case, rows: Rows) -> None:
    """Somebody spends the card at once: many times the usual amount, whatever the rest."""
    case.push(rows, ratio=2.4, amount=1.6, repeat=-0.3, limit=0.3, sum=1.4)


def new_account(case: Case, rows: Rows) -> None:
    """An account opened to buy dear things that resell well, with a card added the same day."""
    case.push(
        rows, age=-2.0, method_age=-1.8, amount=1.2, items=0.8, product=0.9, device_age=-1.3, repeat=-1.0
    )


def fresh_method(case: Case, rows: Rows) -> None:
    """An old account taken over: a payment method used within minutes of being added, delivered elsewhere."""
    case.push(rows, method_age=-2.4, shipping=1.3, mismatch=1.4, device_age=-1.5, amount=0.6, method=0.6)


def foreign_declines(case: Case, rows: Rows) -> None:
    """Card numbers tried abroad until one passes: foreign, declined again and again, a risky country."""
    case.push(rows, foreign=1.6, declines=1.9, declined=1.3, risky_country=1.5, count=0.8, gap=-0.8)


def friendly_fraud(case: Case, rows: Rows) -> None:
    """The holder disputes what they bought: nothing stands out but the disputes of the past."""
    case.push(rows, chargebacks=2.2, declines=0.6, amount=0.7, age=-0.3, product=0.5)


def component_shift(case: Case, rows: Rows) -> None:
    """A cluster in a few anonymous components; the direction of each means nothing."""
    keys = case.rng.permutation(np.arange(1, 19))[: int(case.rng.integers(3, 13))]
    sizes = case.rng.uniform(0.6, 2.6, len(keys)) * case.rng.choice((-1, 1), len(keys))
    case.push(rows, **{f"v{key}": float(size) for key, size in zip(keys, sizes, strict=True)})
    case.touched.update(f"v{i}" for i in range(1, int(case.rng.integers(4, 19))))
    if case.rng.random() < 0.4:
        case.ring(rows, [f"v{key}" for key in keys[:4]], (), max(5, len(rows) // 3))


def night_limit(case: Case, rows: Rows) -> None:
    """Amounts above a limit in the small hours, often international."""
    case.time[rows] = case.time[rows] // 86_400 * 86_400 + case.rng.uniform(0, 5.5, len(rows)) * 3600
    case.touched.add("time")
    case.coincide(rows, ["amount"], case.rng.uniform(0.8, 0.97), 0.0)
    case.push(rows, foreign=1.1, virtual=0.7, monthly=0.6)


def international_amount(case: Case, rows: Rows) -> None:
    """International and above a limit, or international with a virtual card."""
    second = "amount" if case.rng.random() < 0.6 else "virtual"
    case.coincide(rows, ["foreign", second], case.rng.uniform(0.6, 0.95), case.rng.choice((0.5, 1.0)))
    case.push(rows, monthly=0.5, declines=0.4)


def rare_combination(case: Case, rows: Rows) -> None:
    """Categories that are each common but hardly ever meet."""
    keys = [
        str(k)
        for k in case.rng.permutation(np.array(("method", "product", "device", "entry", "country")))[:2]
    ]
    signs = [k if case.rng.random() < 0.5 else f"-{k}" for k in keys]
    case.coincide(rows, signs, case.rng.uniform(0.7, 0.92), 1.0)
    case.push(rows, amount=0.5, age=-0.4)


def card_testing(case: Case, rows: Rows) -> None:
    """Small amounts in quick succession to learn which stolen numbers still work."""
    case.push(
        rows, amount=-1.6, count=2.0, gap=-2.0, declines=1.3, monthly=1.0, cvv=-1.2, items=-0.4, ratio=-0.9
    )
    case.burst(rows, int(case.rng.integers(1, 8)), 3600)


def traveller(case: Case, rows: Rows) -> None:
    """An honest trip: far from home, abroad, sometimes declined."""
    case.push(rows, home=1.8, last=1.4, foreign=1.8, declined=0.5)


def rich_shopper(case: Case, rows: Rows) -> None:
    """Large amounts of people who can."""
    case.push(rows, amount=1.8, ratio=1.3, limit=1.2, items=0.6, monthly=0.5)


def campaign(case: Case, rows: Rows) -> None:
    """New customers brought by an offer, all in the same days."""
    case.push(rows, age=-2.0, method_age=-1.6, count=0.5, repeat=-0.9)
    case.burst(rows, 2, 3 * 86_400)


def night_worker(case: Case, rows: Rows) -> None:
    """Honest orders in the small hours, mostly online."""
    case.time[rows] = case.time[rows] // 86_400 * 86_400 + case.rng.uniform(0, 6, len(rows)) * 3600
    case.push(rows, online=0.9)


SETTING = Setting(
    "orders",
    14,
    FIELDS,
    (coincidence, coincidence, stolen_card, extreme_ratio, new_account, fresh_method, foreign_declines, friendly_fraud, component_shift, night_limit, international_amount, rare_combination, card_testing),
    (traveller, rich_shopper, campaign, night_worker),
    columns=(4, 22),
)  # fmt: skip


def simulate(seed: int, rows: int | None) -> SimulatedTable:
    """One flat table of orders or card payments; at random 1,000 to 8,000 rows when ``rows`` is None."""
    return build(SETTING, seed, rows)
