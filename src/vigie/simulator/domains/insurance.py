"""Insurance: one row per claim, mostly motor, some health and home."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigie.simulator.cases import (
    CONTACTS,
    DAY,
    CaseDomain,
    ColumnSpec,
    LatentTable,
    Rows,
    cells,
    code,
    household,
    returning,
)


def incident(table: LatentTable, spec: ColumnSpec) -> pl.Series:
    """Write the day of the loss: the day of the claim less the reporting delay."""
    return cells.datetimes(
        (table.time - cells.duration_days(table, table.columns["delay"]) * DAY) // DAY * DAY
    )


COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("time", "claim date, date reported, event timestamp, claim received | date declaration, date sinistre | fecha reclamo, fecha siniestro | data sinistro, data aviso", "time", cells.event_time, probability=0.45),
    ColumnSpec("month", "month, month claimed, accident month | mois, mois sinistre | mes, mes siniestro | mes, mes sinistro", "month", cells.month, probability=0.25, score_of="time"),
    ColumnSpec("weekday", "day of week, day of week claimed, accident weekday | jour semaine | dia semana | dia semana", "weekday", cells.weekday, probability=0.25, score_of="time"),
    ColumnSpec("hour", "incident hour, incident hour of the day, accident hour | heure sinistre, heure accident | hora siniestro | hora sinistro", "hour", cells.hour, probability=0.25, score_of="time"),
    *CONTACTS,
    ColumnSpec("incident", "incident date, accident date, loss date | date accident, date survenance | fecha accidente | data acidente", "time", incident, probability=0.15, score_of="delay"),
    ColumnSpec("start", "policy bind date, policy start, inception date | date effet, debut contrat | inicio poliza, fecha poliza | inicio apolice, data apolice", "opened", cells.start_date, probability=0.25, score_of="tenure"),
    ColumnSpec("tenure", "months as customer, policy age, days policy accident, days since inception, policy tenure | anciennete contrat, anciennete client | antiguedad poliza, antiguedad cliente | tempo apolice, tempo cliente", "account_age", cells.days, (200, 2500), "age 0.4", 0.45),
    ColumnSpec("delay", "days to report, reporting delay, days incident claim | delai declaration, jours declaration | dias reporte, demora aviso | dias aviso, demora aviso", "number", cells.days, (2, 25), "", 0.25),
    ColumnSpec("birth", "", "birth", cells.birth_date, probability=0.15, score_of="years"),
    ColumnSpec("years", "age, customer age, driver age, age of policy holder, insured age | age, age assure, age conducteur | edad, edad asegurado | idade, idade segurado", "age", cells.years, loadings="age 0.9", probability=0.5),
    ColumnSpec("premium", "policy annual premium, premium, annual premium | prime annuelle, prime, cotisation | prima anual, prima | premio anual, premio", "amount_usual", cells.money, (200, 2500), "wealth 0.5 age -0.3", 0.4),
    ColumnSpec("deductible", "deductible, policy deductible, excess | franchise | deducible, franquicia | franquia", "number", cells.money, (100, 1000), "wealth 0.3", 0.35),
    ColumnSpec("insured", "sum insured, policy limit, umbrella limit, coverage amount | capital assure, plafond garantie | suma asegurada, limite poliza | capital segurado, limite apolice", "limit", cells.money, (5000, 200000), "wealth 0.7", 0.25),
    ColumnSpec("injury", "injury claim, bodily injury amount, medical cost | montant corporel, frais medicaux | reclamo lesiones, gastos medicos | valor lesoes, despesas medicas", "amount", cells.money, (300, 12000), "severity 0.8", 0.3),
    ColumnSpec("vehicle", "vehicle claim, vehicle damage, repair cost, repair estimate | dommage vehicule, cout reparation | danos vehiculo, costo reparacion | danos veiculo, custo reparo", "amount", cells.money, (800, 15000), "severity 0.8 wealth 0.4", 0.35),
    ColumnSpec("property", "property claim, property damage amount, third party cost | dommage materiel | danos propiedad | danos materiais", "amount", cells.money, (300, 8000), "severity 0.7", 0.25),
    ColumnSpec("total", "total claim amount, claim amount, amount claimed, claim total | montant sinistre, montant total | monto reclamado, total reclamo | valor sinistro, total reclamado", "amount", cells.total("injury", "vehicle", "property"), probability=0.5, score_of="vehicle"),
    ColumnSpec("price", "vehicle price, vehicle value, car value | valeur vehicule, prix vehicule | valor vehiculo, precio auto | valor veiculo, preco carro", "number", cells.money, (3000, 45000), "wealth 0.8", 0.3),
    ColumnSpec("share", "claim to value ratio, claim to premium, severity ratio | sinistre sur prime | razon reclamo prima | razao sinistro premio", "amount_ratio", cells.quotient("vehicle", "premium"), probability=0.12, score_of="vehicle"),
    ColumnSpec("income", "", "income", cells.money, (900, 80000), "wealth 0.9", 0.12),
    ColumnSpec("gains", "capital gains, savings | plus values, epargne | ganancias, ahorros | ganhos, poupanca", "number", cells.money, (500, 60000), "wealth 0.6", 0.08),
    ColumnSpec("severity", "incident severity, severity, damage level | gravite, niveau dommage | gravedad, severidad | gravidade, severidade", "number", cells.scale_score, loadings="severity 0.9", probability=0.4),
    ColumnSpec("injuries", "num injuries, bodily injuries, injured persons | nb blesses, blesses | num lesionados, heridos | num feridos, feridos", "risk_signal", cells.count, (0.5, 2.2), "severity 0.5", 0.35),
    ColumnSpec("vehicles", "num vehicles involved, number of vehicles | nb vehicules impliques | vehiculos involucrados | veiculos envolvidos", "number", cells.count, (1.0, 2.2), "severity 0.3", 0.3),
    ColumnSpec("witnesses", "num witnesses, witnesses, witness count | nb temoins, temoins | num testigos, testigos | num testemunhas, testemunhas", "trust_signal", cells.count, (0.6, 2.5), "", 0.25),
    ColumnSpec("witness", "witness present, witness available | temoin present | testigo presente | testemunha presente", "trust_signal", cells.flag, (0.05, 0.6), "", 0.2),
    ColumnSpec("police", "police report filed, police report available, police report | constat police, rapport police | reporte policial, informe policial | boletim ocorrencia, relatorio policial", "trust_signal", cells.flag, (0.05, 0.8), "severity 0.3", 0.4),
    ColumnSpec("past", "num claims past year, past number of claims, prior claims, claims 3y | sinistres anterieurs, nb sinistres | reclamos previos, siniestros previos | sinistros anteriores", "risk_signal", cells.count, (0.4, 2.5), "appetite 0.5", 0.45),
    ColumnSpec("moved", "address change claim, days since address change, address age | changement adresse, anciennete adresse | cambio domicilio | mudanca endereco", "account_age", cells.days, (300, 3000), "age 0.3", 0.2),
    ColumnSpec("extras", "number of supplements, supplements, added items | nb complements, supplements | num suplementos | num suplementos", "risk_signal", cells.count, (0.5, 2.5), "severity 0.3", 0.2),
    ColumnSpec("cars", "number of cars, vehicles insured | nb voitures | num autos | num carros", "number", cells.count, (0.5, 1.5), "wealth 0.4", 0.15),
    ColumnSpec("car_age", "age of vehicle, vehicle age, auto age | age vehicule | edad vehiculo, antiguedad auto | idade veiculo", "number", cells.days, (800, 4000), "wealth -0.4", 0.3),
    ColumnSpec("rating", "driver rating, bonus malus, risk class | bonus malus, note conducteur | calificacion conductor | classe bonus", "number", cells.scale_score, loadings="age 0.3 appetite -0.3", probability=0.2),
    ColumnSpec("lawyer", "attorney involved, lawyer represented | avocat | abogado | advogado", "risk_signal", cells.flag, (0.05, 0.25), "severity 0.4", 0.12),
    ColumnSpec("cash", "cash settlement, total loss claimed, cash out asked | reglement especes, perte totale | pago efectivo, perdida total | pagamento dinheiro, perda total", "risk_signal", cells.flag, (0.05, 0.25), "", 0.1),
    ColumnSpec("photos", "photos provided, documents complete, receipts provided | photos fournies, dossier complet | fotos entregadas | fotos enviadas", "trust_signal", cells.flag, (0.6, 0.95), "", 0.12),
    ColumnSpec("damage", "property damage, third party damage | dommage tiers | dano terceros | dano terceiros", "flag", cells.flag, (0.2, 0.6), "severity 0.4", 0.12),
    ColumnSpec("sessions", "num procedures, services billed, units billed, visits | nb actes, nb consultations | num procedimientos, visitas | num procedimentos, consultas", "velocity", cells.count, (1.5, 8), "severity 0.6", 0.12),
    ColumnSpec("stay", "length of stay, days in hospital | duree sejour | dias hospital | dias internado", "number", cells.days, (2, 9), "severity 0.7", 0.1),
    ColumnSpec("provider", "provider id, garage, repair shop, hospital, doctor, clinic | prestataire, garage, clinique | proveedor, taller, clinica | prestador, oficina, clinica", "counterparty", cells.entity("P"), (10, 400), probability=0.3),
    ColumnSpec("agent", "agent id, rep number, broker, adjuster, agency | agent, courtier, expert | agente, corredor, perito | agente, corretor, perito", "counterparty", cells.entity("A-"), (5, 150), probability=0.35),
    ColumnSpec("account", "bank account, iban, payout account | compte bancaire, iban | cuenta bancaria | conta bancaria", "account", code("ES91"), probability=0.1),
    ColumnSpec("policy", "policy number, policy id, contract number | numero contrat, police | numero poliza | numero apolice", "customer", code("POL"), probability=0.3),
    ColumnSpec("fault", "fault, at fault, responsible party | responsabilite, responsable | culpable, responsable | culpado, responsavel", "category", cells.category("Third Party, Shared, Policy Holder", True), loadings="appetite 0.2", probability=0.3),
    ColumnSpec("cover", "base policy, policy type, coverage, product | garantie, formule, type contrat | cobertura, tipo poliza | cobertura, tipo apolice", "category", cells.category("Liability, Third Party Fire, Comprehensive, Collision, All Perils", True), loadings="wealth 0.4", probability=0.4),
    ColumnSpec("kind", "incident type, claim type, accident type | type sinistre, nature sinistre | tipo siniestro | tipo sinistro", "category", cells.category("collision, theft, fire, glass, parked car, storm, vandalism, breakdown"), loadings="severity 0.4", probability=0.4),
    ColumnSpec("hit", "collision type, impact point | type collision, point choc | tipo colision | tipo colisao", "category", cells.category("rear, front, side, unknown"), loadings="severity 0.3", probability=0.15),
    ColumnSpec("class", "vehicle category, vehicle class, body type | categorie vehicule | categoria vehiculo | categoria veiculo", "category", cells.category("Sedan, Utility, Sport, Truck, Van, Motorcycle"), loadings="wealth 0.5", probability=0.3),
    ColumnSpec("make", "make, auto make, brand | marque | marca | marca", "category", cells.category("Toyota, Renault, Honda, Ford, BMW, Peugeot, Fiat, VW, Mazda, Kia, Audi, Seat, Dacia, Nissan"), loadings="wealth 0.4", probability=0.3),
    ColumnSpec("area", "accident area, area type, incident location | zone, zone accident | zona, area | zona, area", "category", cells.category("Urban, Rural, Highway, Parking"), probability=0.25),
    ColumnSpec("gender", "gender", "category", cells.category("Male, Female"), probability=0.35),
    ColumnSpec("marital", "marital status | situation familiale | estado civil | estado civil", "category", cells.category("Married, Single, Divorced, Widow"), loadings="age -0.5", probability=0.25),
    ColumnSpec("school", "education level, insured education | niveau etudes | educacion | escolaridade", "category", cells.category("High School, College, Masters, PhD, MD, JD"), loadings="wealth 0.3", probability=0.1),
    ColumnSpec("job", "job", "category", cells.category("craft repair, sales, tech support, farming, exec managerial, armed forces, clerical"), loadings="wealth 0.4", probability=0.15),
    ColumnSpec("hobby", "hobbies, insured hobbies | loisirs | aficiones | passatempos", "category", cells.category("chess, reading, golf, camping, yachting, exercise, skydiving, movies"), loadings="appetite 0.4", probability=0.08),
    ColumnSpec("agent_kind", "agent type, sales channel | type agent, canal | tipo agente, canal | tipo agente, canal", "channel", cells.category("Internal, External, Online"), probability=0.25),
    ColumnSpec("diagnosis", "diagnosis code, procedure code, treatment | code acte, diagnostic | codigo diagnostico | codigo procedimento", "category", cells.category("A10, B20, C31, D42, E55, F61, G70, H83, J90, K12"), loadings="severity 0.4", probability=0.1),
)  # fmt: skip


def staged_accident(table: LatentTable, rows: Rows) -> None:
    """Staged accident: no police, no witness, many injuries, a recent policy with full cover.

    Source: R. A. Derrig, Insurance Fraud, Journal of Risk and Insurance 69(3), 2002, in general terms.
    """
    table.shift(
        rows,
        police=-1.2,
        witnesses=-1.1,
        witness=-1.2,
        injuries=1.3,
        tenure=-1.1,
        past=0.8,
        injury=0.9,
        severity=-0.3,
        vehicles=0.5,
        cover=0.7,
        lawyer=1.1,
        car_age=0.5,
    )


def own_fault(table: LatentTable, rows: Rows) -> None:
    """Own fault under full cover, shortly after the policy holder moved or changed the contract."""
    table.shift(
        rows,
        fault=1.5,
        cover=1.2,
        moved=-1.3,
        price=0.4,
        deductible=-0.3,
        years=-0.4,
        past=-0.3,
        **{"class": 0.4},
    )


def padded_claim(table: LatentTable, rows: Rows) -> None:
    """Padded claim: a real loss with an amount too large for the damage, the car and the premium."""
    part = str(table.rng.choice(("injury", "vehicle", "property")))
    table.shift(rows, extras=1.1, photos=-0.9, severity=-0.5, share=0.5, **{part: 1.7})
    table.affected.update(("severity", "premium", "price"))


def early_claim(table: LatentTable, rows: Rows) -> None:
    """Early claim: the loss is reported within days of the start of the policy."""
    table.shift(rows, tenure=-2.2, delay=0.6, insured=0.7, cash=0.8, premium=0.3, witness=-0.4)


def late_report(table: LatentTable, rows: Rows) -> None:
    """Late report: reported so long after the loss that it cannot be inspected."""
    table.leave_empty(
        rows, str(table.rng.choice(("severity", "witnesses", "hit"))), table.rng.uniform(0, 0.5)
    )
    table.shift(rows, delay=2.0, police=-0.9, photos=-1.2, witnesses=-0.6, cash=0.9, kind=0.6)


def claim_ring(table: LatentTable, rows: Rows) -> None:
    """Claim ring: claimants without a stated relation share a telephone, address, garage, agent or account."""
    width = int(table.rng.integers(3, 16))
    table.make_ring(
        rows,
        ("vehicle", "injury", "kind", "hit", "tenure"),
        ("phone", "address", "provider", "agent", "account", "place"),
        width,
    )
    table.shift(rows, injuries=0.8, lawyer=1.1, police=-0.5, past=0.5)
    if table.rng.random() < 0.4:
        table.cluster_in_time(rows, max(1, len(rows) // width), 3 * DAY)


def upcoding(table: LatentTable, rows: Rows) -> None:
    """Upcoding: a provider bills more and more expensive treatments than the case needs."""
    table.make_ring(rows, ("diagnosis",), ("provider",), max(5, len(rows) // int(table.rng.integers(1, 4))))
    table.shift(rows, injury=1.5, sessions=1.5, stay=-0.4, severity=-0.4)


def phantom_billing(table: LatentTable, rows: Rows) -> None:
    """Phantom billing: treatments that did not take place, alike, many per day at one provider, at odd hours."""
    table.make_ring(
        rows,
        ("injury", "sessions", "diagnosis", "stay"),
        ("provider", "account"),
        max(5, len(rows) // int(table.rng.integers(1, 4))),
    )
    table.time[rows] += (table.rng.random(len(rows)) < 0.5) * table.rng.uniform(8, 14) * 3600
    table.affected.add("time")


def serial_claimant(table: LatentTable, rows: Rows) -> None:
    """Serial claimant: the same loss claimed again, by a person with many claims."""
    table.shift(rows, past=2.0, tenure=-0.5, cash=0.8, moved=-0.6, rating=-0.7)
    if table.rng.random() < 0.5:
        table.copy_rows(rows, ("past", "cash", "moved"), ("account", "phone", "provider", "address"))
        table.affected.update(("vehicle", "injury", "price"))


def borrowed_identity(table: LatentTable, rows: Rows) -> None:
    """Borrowed identity: a policy in another person's name; invented contact details, an age that does not match the car."""
    table.set_style(rows, "email", int(table.rng.choice((1, 2, 4))), 0.8)
    table.set_style(rows, "phone", 1, 0.5)
    table.set_style(rows, "address", 1, 0.5)
    table.shift(rows, years=-1.2, price=1.1, premium=-0.6, tenure=-1.2, income=-0.6)


def inconsistent_details(table: LatentTable, rows: Rows) -> None:
    """Inconsistent details: heavy injuries and light damage, an expensive old car, a witness and no police."""
    keys = (
        "injuries",
        "-severity",
        "price",
        "car_age",
        "-police",
        "fault",
        "-tenure",
        "past",
        "cover",
        "vehicle",
    )
    taken = [str(k) for k in table.rng.permutation(np.array(keys))[: int(table.rng.integers(2, 4))]]
    table.set_jointly_high(rows, taken, table.rng.uniform(0.7, 0.9), table.rng.choice((0.3, 0.8)))


def storm(table: LatentTable, rows: Rows) -> None:
    """Storm: many claims of one kind within days, without police or witness."""
    table.cluster_in_time(rows, 1, 2 * DAY)
    table.shift(rows, kind=1.0, witnesses=-0.8, witness=-0.8, police=-0.6, vehicle=0.5)


def grave(table: LatentTable, rows: Rows) -> None:
    """Severe accidents: all amounts large, all of it reported."""
    table.shift(rows, injuries=1.8, injury=1.8, vehicle=1.4, severity=1.8, lawyer=1.2, police=1.0, stay=1.5)


def recently_insured(table: LatentTable, rows: Rows) -> None:
    """Early losses of new customers."""
    table.shift(rows, tenure=-2.0, years=-0.5, moved=-1.2)


def unlucky(table: LatentTable, rows: Rows) -> None:
    """Frequent claimants: bad drivers, delivery riders."""
    table.shift(rows, past=1.8, rating=-0.8, fault=0.7, premium=0.8)


def slow(table: LatentTable, rows: Rows) -> None:
    """Late reporters: older persons, persons in hospital."""
    table.shift(rows, delay=1.6, years=1.0)


DOMAIN = CaseDomain(
    name="insurance",
    number=13,
    words="claim, sinistre, siniestro, sinistro, policy, poliza, apolice, deductible, franchise, insured, assure, asegurado, segurado, incident, accident, witness, vandalism, collision, bodily, injury, adjuster, third party, all peril, damage, total loss",
    hints="premium, prime, police, vehicle, vehicule, vehiculo, auto make, hospital, fire, theft, repair, severity, liability, comprehensive, fault",
    anonymisable=True,
    columns=COLUMNS,
    typologies=(
        staged_accident,
        own_fault,
        padded_claim,
        early_claim,
        late_report,
        claim_ring,
        upcoding,
        phantom_billing,
        serial_claimant,
        borrowed_identity,
        inconsistent_details,
    ),
    hard_negatives=(storm, grave, recently_insured, unlucky, slow, household, returning),
    column_count=(6, 36),
)
