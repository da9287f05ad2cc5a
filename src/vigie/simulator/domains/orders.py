"""Shop orders and card payments without entities: precomputed signals only.

Fraud is mostly a combination of two or three signals that are each common among legitimate rows.
"""

from __future__ import annotations

import numpy as np

from vigie.simulator.cases import CaseDomain, ColumnSpec, LatentTable, Rows, cells

_COMPONENTS = tuple(
    ColumnSpec(
        f"v{i}",
        f"#{i}",
        "number",
        cells.component,
        probability=0.0,
        loadings="wealth 0.3 appetite 0.3 digital 0.2",
    )
    for i in range(1, 19)
)

COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("time", "", "time", cells.event_time, probability=0.25),
    ColumnSpec("hour", "", "hour", cells.hour, probability=0.4, score_of="time"),
    ColumnSpec("weekday", "", "weekday", cells.weekday, probability=0.15, score_of="time"),
    ColumnSpec("month", "", "month", cells.month, probability=0.1, score_of="time"),
    ColumnSpec("amount", "", "amount", cells.money, (5, 3000), "wealth 0.7", 0.75),
    ColumnSpec("usual", "", "amount_usual", cells.money, (10, 3000), "wealth 0.9", 0.3),
    ColumnSpec("ratio", "ratio to median purchase, ratio to median price, amount to average, times usual | rapport au median, montant sur moyenne | razon mediana, veces lo habitual | razao mediana, vezes o habitual", "amount_ratio", cells.money, (0.7, 2.1), "appetite 0.3", 0.35),
    ColumnSpec("home", "distance from home, km from home, dist home, billing shipping distance | distance domicile | distancia hogar | distancia casa", "distance", cells.money, (3, 60), "digital 0.2", 0.3),
    ColumnSpec("last", "distance from last transaction, km since last, dist previous | distance derniere operation | distancia ultima | distancia ultima compra", "distance", cells.money, (1.1, 40), "digital 0.2", 0.25),
    ColumnSpec("shipping", "shipping distance, ship to bill km | distance livraison | distancia envio | distancia entrega", "distance", cells.money, (5, 400), "", 0.08),
    ColumnSpec("online", "online", "risk_signal", cells.flag, (0.15, 0.75), "digital 0.6", 0.35),
    ColumnSpec("virtual", "virtual card, is virtual, prepaid, is prepaid card | carte virtuelle, carte prepayee | tarjeta virtual, prepago | cartao virtual, pre pago", "risk_signal", cells.flag, (0.04, 0.5), "digital 0.4", 0.2),
    ColumnSpec("foreign", "foreign", "risk_signal", cells.flag, (0.02, 0.3), "wealth 0.2", 0.4),
    ColumnSpec("risky_country", "high risk country, is high risk country, risky country | pays a risque | pais alto riesgo | pais alto risco", "risk_signal", cells.flag, (0.01, 0.12), "", 0.2),
    ColumnSpec("declined", "declined", "risk_signal", cells.flag, (0.02, 0.15), "", 0.2),
    ColumnSpec("declines", "declines per day, total number of declines day, failed attempts 24h, declined last 24h | refus par jour, nb refus | rechazos dia, intentos fallidos | recusas dia, tentativas falhas", "risk_signal", cells.count, (0.3, 2.5), "", 0.25),
    ColumnSpec("chargebacks", "6 month chbk freq, past chargebacks, chargebacks count, disputes 12m | impayes 6 mois, nb litiges | contracargos 6m, disputas | chargebacks 6m, disputas", "risk_signal", cells.count, (0.2, 1.6), "", 0.25),
    ColumnSpec("chargeback_money", "daily chargeback avg amt, avg chbk amount, chargeback amount 6m | montant moyen impayes | monto contracargos | valor chargebacks", "risk_signal", cells.count, (2, 200), "", 0.2, "chargebacks"),
    ColumnSpec("mismatch", "address_mismatch", "risk_signal", cells.flag, (0.04, 0.3), "", 0.15),
    ColumnSpec("proxy", "proxy", "risk_signal", cells.flag, (0.01, 0.15), "digital 0.3", 0.2),
    ColumnSpec("score", "risk_score", "risk_signal", cells.scale_score, (1.0, 1.0), "appetite 0.2", 0.15),
    ColumnSpec("pin", "pin", "trust_signal", cells.flag, (0.1, 0.85), "digital -0.4", 0.3),
    ColumnSpec("chip", "chip", "trust_signal", cells.flag, (0.3, 0.9), "digital -0.3", 0.3),
    ColumnSpec("strong", "three_ds", "trust_signal", cells.flag, (0.3, 0.9), "", 0.15),
    ColumnSpec("cvv", "cvv_match", "trust_signal", cells.flag, (0.7, 0.97), "", 0.15),
    ColumnSpec("repeat", "repeat retailer, known merchant, returning customer, has bought before | commercant connu, client connu | comercio conocido, cliente recurrente | loja conhecida, cliente recorrente", "trust_signal", cells.flag, (0.4, 0.92), "age 0.3", 0.3),
    ColumnSpec("age", "account age days, account age, tenure days, days since signup | anciennete jours, age compte | antiguedad dias, antiguedad cuenta | idade conta dias, tempo conta", "account_age", cells.days, (60, 1500), "age 0.4", 0.4),
    ColumnSpec("method_age", "payment method age days, card age, days since card added | age moyen paiement, anciennete carte | antiguedad tarjeta | idade meio pagamento", "account_age", cells.days, (30, 700), "age 0.3", 0.25),
    ColumnSpec("device_age", "device age days, days device known | anciennete appareil | antiguedad dispositivo | idade dispositivo", "account_age", cells.days, (30, 500), "age 0.3", 0.1),
    ColumnSpec("items", "num items, items, quantity, basket size | nb articles, quantite | num articulos, cantidad | qtd itens, quantidade", "velocity", cells.count, (1.1, 4), "appetite 0.4", 0.25),
    ColumnSpec("count", "tx count 24h, num transactions 24h, orders last 24h, transactions today | nb operations 24h | num transacciones 24h | num transacoes dia, qtd transacoes 24h", "velocity", cells.count, (1.2, 8), "appetite 0.4", 0.35),
    ColumnSpec("monthly", "transactions per month, tx last month, num orders 30d | nb operations mois | num transacciones mes | num transacoes mes", "velocity", cells.count, (6, 30), "appetite 0.5", 0.2),
    ColumnSpec("sum", "amount 24h, spent today, sum last 24h | montant 24h | monto 24h | valor 24h", "velocity", cells.money, (30, 3000), "appetite 0.4 wealth 0.4", 0.15),
    ColumnSpec("gap", "seconds since last, minutes since last transaction, time since last order | temps depuis derniere | tiempo desde ultima | tempo desde ultima", "number", cells.money, (50, 20000), "appetite -0.4", 0.15),
    ColumnSpec("holder_age", "", "age", cells.years, loadings="age 0.9", probability=0.12),
    ColumnSpec("limit", "", "limit", cells.money, (800, 20000), "wealth 0.8", 0.12),
    ColumnSpec("method", "payment_method", "category", cells.category("creditcard, debitcard, paypal, storecredit, wallet, transfer, giftcard, voucher"), loadings="digital 0.3", probability=0.35),
    ColumnSpec("product", "product", "category", cells.category("shopping, electronics, food, travel, fashion, games, jewelry, health, home, gift, fuel, music"), loadings="appetite 0.3", probability=0.4),
    ColumnSpec("device", "device type, device, platform | type appareil | tipo dispositivo | tipo dispositivo", "category", cells.category("mobile, desktop, tablet, app, web, pos, unknown"), loadings="digital 0.5", probability=0.2),
    ColumnSpec("entry", "", "channel", cells.category("chip, swipe, contactless, online, manual, phone"), loadings="digital 0.5", probability=0.15),
    ColumnSpec("brand", "card_brand", "category", cells.category("visa, mastercard, amex, discover, other"), probability=0.15),
    ColumnSpec("country", "", "country", cells.category("US, GB, FR, NG, BR, IN, DE, RO, ID, MX, ZA, CA"), loadings="wealth 0.2", probability=0.15),
    *_COMPONENTS,
)  # fmt: skip

_CORNERS = ("home", "last", "ratio", "amount", "online", "foreign", "declines", "count", "-pin", "-chip", "-repeat", "-age", "-method_age", "virtual", "mismatch", "chargebacks", "items", "-strong")  # fmt: skip


def coincidence(table: LatentTable, rows: Rows) -> None:
    """Combination of two to four signals, each of them common alone."""
    rng = table.rng
    keys = rng.permutation(np.array(_CORNERS))[: int(rng.choice((2, 3, 4), p=(0.35, 0.45, 0.2)))]
    table.set_jointly_high(rows, [str(k) for k in keys], rng.uniform(0.72, 0.95), rng.choice((0.3, 0.8, 1.0)))


def stolen_card(table: LatentTable, rows: Rows) -> None:
    """Stolen card: far from its owner, an unusual price, no chip or PIN, often online."""
    keys = ["home" if table.rng.random() < 0.6 else "last", "ratio", "-pin", "online", "-chip"]
    taken = [k for k in keys if table.rng.random() < 0.6][:3] or ["ratio"]
    table.set_jointly_high(rows, taken, table.rng.uniform(0.7, 0.93), table.rng.choice((0.3, 0.9, 1.0)))
    table.shift(rows, home=0.8, ratio=0.8, online=0.6, pin=-0.8, chip=-0.5, repeat=-0.3)


def extreme_ratio(table: LatentTable, rows: Rows) -> None:
    """Extreme amount: many times the usual amount."""
    table.shift(rows, ratio=2.4, amount=1.6, repeat=-0.3, limit=0.3, sum=1.4)


def new_account(table: LatentTable, rows: Rows) -> None:
    """New-account fraud: expensive goods for resale, with a payment method added the same day."""
    table.shift(
        rows, age=-2.0, method_age=-1.8, amount=1.2, items=0.8, product=0.9, device_age=-1.3, repeat=-1.0
    )


def fresh_method(table: LatentTable, rows: Rows) -> None:
    """Account takeover: an old account, a payment method used at once, delivery to another address."""
    table.shift(rows, method_age=-2.4, shipping=1.3, mismatch=1.4, device_age=-1.5, amount=0.6, method=0.6)


def foreign_declines(table: LatentTable, rows: Rows) -> None:
    """Foreign card testing: foreign, repeatedly declined, a high-risk country."""
    table.shift(rows, foreign=1.6, declines=1.9, declined=1.3, risky_country=1.5, count=0.8, gap=-0.8)


def friendly_fraud(table: LatentTable, rows: Rows) -> None:
    """Friendly fraud: ordinary but for past chargebacks."""
    table.shift(rows, chargebacks=2.2, declines=0.6, amount=0.7, age=-0.3, product=0.5)


def component_shift(table: LatentTable, rows: Rows) -> None:
    """A cluster in some anonymous components, each in a random direction."""
    keys = table.rng.permutation(np.arange(1, 19))[: int(table.rng.integers(3, 13))]
    sizes = table.rng.uniform(0.6, 2.6, len(keys)) * table.rng.choice((-1, 1), len(keys))
    table.shift(rows, **{f"v{key}": float(size) for key, size in zip(keys, sizes, strict=True)})
    table.affected.update(f"v{i}" for i in range(1, int(table.rng.integers(4, 19))))
    if table.rng.random() < 0.4:
        table.make_ring(rows, [f"v{key}" for key in keys[:4]], (), max(5, len(rows) // 3))


def night_limit(table: LatentTable, rows: Rows) -> None:
    """Large amounts at night, often foreign."""
    table.time[rows] = table.time[rows] // 86_400 * 86_400 + table.rng.uniform(0, 5.5, len(rows)) * 3600
    table.affected.add("time")
    table.set_jointly_high(rows, ["amount"], table.rng.uniform(0.8, 0.97), 0.0)
    table.shift(rows, foreign=1.1, virtual=0.7, monthly=0.6)


def international_amount(table: LatentTable, rows: Rows) -> None:
    """Foreign with a large amount, or foreign with a virtual card."""
    second = "amount" if table.rng.random() < 0.6 else "virtual"
    table.set_jointly_high(
        rows, ["foreign", second], table.rng.uniform(0.6, 0.95), table.rng.choice((0.5, 1.0))
    )
    table.shift(rows, monthly=0.5, declines=0.4)


def rare_combination(table: LatentTable, rows: Rows) -> None:
    """Rare combination of categories that are each common."""
    keys = [
        str(k)
        for k in table.rng.permutation(np.array(("method", "product", "device", "entry", "country")))[:2]
    ]
    signs = [k if table.rng.random() < 0.5 else f"-{k}" for k in keys]
    table.set_jointly_high(rows, signs, table.rng.uniform(0.7, 0.92), 1.0)
    table.shift(rows, amount=0.5, age=-0.4)


def card_testing(table: LatentTable, rows: Rows) -> None:
    """Card testing: small amounts in quick succession, to find stolen numbers that work."""
    table.shift(
        rows, amount=-1.6, count=2.0, gap=-2.0, declines=1.3, monthly=1.0, cvv=-1.2, items=-0.4, ratio=-0.9
    )
    table.cluster_in_time(rows, int(table.rng.integers(1, 8)), 3600)


def traveller(table: LatentTable, rows: Rows) -> None:
    """Travel: far from home, abroad, sometimes declined."""
    table.shift(rows, home=1.8, last=1.4, foreign=1.8, declined=0.5)


def rich_shopper(table: LatentTable, rows: Rows) -> None:
    """Wealthy customers: large amounts."""
    table.shift(rows, amount=1.8, ratio=1.3, limit=1.2, items=0.6, monthly=0.5)


def campaign(table: LatentTable, rows: Rows) -> None:
    """Marketing campaign: many new customers within days."""
    table.shift(rows, age=-2.0, method_age=-1.6, count=0.5, repeat=-0.9)
    table.cluster_in_time(rows, 2, 3 * 86_400)


def night_worker(table: LatentTable, rows: Rows) -> None:
    """Night workers: orders at night, mostly online."""
    table.time[rows] = table.time[rows] // 86_400 * 86_400 + table.rng.uniform(0, 6, len(rows)) * 3600
    table.shift(rows, online=0.9)


DOMAIN = CaseDomain(
    name="orders",
    number=14,
    words="basket size, order count, num order, shipping distance, envio, pedido, panier, carrito, online order, median price, used chip, repeat retailer, known merchant",
    hints="order, commande, basket, cart, item, quantity, quantite, article, product, produit, billing, shipping, jewelry, music, game, storecredit, giftcard, discount, attempt, returning customer, avs match, @amount_ratio, @distance",
    related={"card_not_present": 0.7, "loyalty_refunds": 0.5, "acquiring": 0.4},
    anonymisable=True,
    columns=COLUMNS,
    typologies=(
        coincidence,
        coincidence,
        stolen_card,
        extreme_ratio,
        new_account,
        fresh_method,
        foreign_declines,
        friendly_fraud,
        component_shift,
        night_limit,
        international_amount,
        rare_combination,
        card_testing,
    ),
    hard_negatives=(traveller, rich_shopper, campaign, night_worker),
    column_count=(4, 22),
)
