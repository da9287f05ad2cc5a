"""Worlds of insurance: one row per claim, motor most often, sometimes health or home."""

import numpy as np
import polars as pl

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.applications import Setting, build
from vigie.simulator.engine.cells import (
    born,
    choice,
    count,
    days,
    flag,
    hour,
    lag,
    moment,
    money,
    month,
    points,
    pool,
    quotient,
    since,
    stamps,
    total,
    weekday,
    years,
)
from vigie.simulator.engine.contacts import CONTACTS, code, household, returning
from vigie.simulator.engine.latent_rows import DAY, Case, Field, Rows


def incident(case: Case, spec: Field) -> pl.Series:
    """The day it happened: the claim's own day less the delay in reporting it."""
    return stamps((case.time - lag(case, case.fields["delay"]) * DAY) // DAY * DAY)


FIELDS: tuple[Field, ...] = (
    Field("time", "claim date, date reported, event timestamp, claim received | date declaration, date sinistre | fecha reclamo, fecha siniestro | data sinistro, data aviso", "time", moment, odds=0.45),
    Field("month", "month, month claimed, accident month | mois, mois sinistre | mes, mes siniestro | mes, mes sinistro", "month", month, odds=0.25, latent="time"),
    Field("weekday", "day of week, day of week claimed, accident weekday | jour semaine | dia semana | dia semana", "weekday", weekday, odds=0.25, latent="time"),
    Field("hour", "incident hour, incident hour of the day, accident hour | heure sinistre, heure accident | hora siniestro | hora sinistro", "hour", hour, odds=0.25, latent="time"),
    *CONTACTS,
    Field("incident", "incident date, accident date, loss date | date accident, date survenance | fecha accidente | data acidente", "time", incident, odds=0.15, latent="delay"),
    Field("start", "policy bind date, policy start, inception date | date effet, debut contrat | inicio poliza, fecha poliza | inicio apolice, data apolice", "opened", since, odds=0.25, latent="tenure"),
    Field("tenure", "months as customer, policy age, days policy accident, days since inception, policy tenure | anciennete contrat, anciennete client | antiguedad poliza, antiguedad cliente | tempo apolice, tempo cliente", "account_age", days, (200, 2500), "age 0.4", 0.45),
    Field("delay", "days to report, reporting delay, days incident claim | delai declaration, jours declaration | dias reporte, demora aviso | dias aviso, demora aviso", "number", days, (2, 25), "", 0.25),
    Field("birth", "", "birth", born, odds=0.15, latent="years"),
    Field("years", "age, customer age, driver age, age of policy holder, insured age | age, age assure, age conducteur | edad, edad asegurado | idade, idade segurado", "age", years, loads="age 0.9", odds=0.5),
    Field("premium", "policy annual premium, premium, annual premium | prime annuelle, prime, cotisation | prima anual, prima | premio anual, premio", "amount_usual", money, (200, 2500), "wealth 0.5 age -0.3", 0.4),
    Field("deductible", "deductible, policy deductible, excess | franchise | deducible, franquicia | franquia", "number", money, (100, 1000), "wealth 0.3", 0.35),
    Field("insured", "sum insured, policy limit, umbrella limit, coverage amount | capital assure, plafond garantie | suma asegurada, limite poliza | capital segurado, limite apolice", "limit", money, (5000, 200000), "wealth 0.7", 0.25),
    Field("injury", "injury claim, bodily injury amount, medical cost | montant corporel, frais medicaux | reclamo lesiones, gastos medicos | valor lesoes, despesas medicas", "amount", money, (300, 12000), "severity 0.8", 0.3),
    Field("vehicle", "vehicle claim, vehicle damage, repair cost, repair estimate | dommage vehicule, cout reparation | danos vehiculo, costo reparacion | danos veiculo, custo reparo", "amount", money, (800, 15000), "severity 0.8 wealth 0.4", 0.35),
    Field("property", "property claim, property damage amount, third party cost | dommage materiel | danos propiedad | danos materiais", "amount", money, (300, 8000), "severity 0.7", 0.25),
    Field("total", "total claim amount, claim amount, amount claimed, claim total | montant sinistre, montant total | monto reclamado, total reclamo | valor sinistro, total reclamado", "amount", total("injury", "vehicle", "property"), odds=0.5, latent="vehicle"),
    Field("price", "vehicle price, vehicle value, car value | valeur vehicule, prix vehicule | valor vehiculo, precio auto | valor veiculo, preco carro", "number", money, (3000, 45000), "wealth 0.8", 0.3),
    Field("share", "claim to value ratio, claim to premium, severity ratio | sinistre sur prime | razon reclamo prima | razao sinistro premio", "amount_ratio", quotient("vehicle", "premium"), odds=0.12, latent="vehicle"),
    Field("income", "", "income", money, (900, 80000), "wealth 0.9", 0.12),
    Field("gains", "capital gains, savings | plus values, epargne | ganancias, ahorros | ganhos, poupanca", "number", money, (500, 60000), "wealth 0.6", 0.08),
    Field("severity", "incident severity, severity, damage level | gravite, niveau dommage | gravedad, severidad | gravidade, severidade", "number", points, loads="severity 0.9", odds=0.4),
    Field("injuries", "num injuries, bodily injuries, injured persons | nb blesses, blesses | num lesionados, heridos | num feridos, feridos", "risk_signal", count, (0.5, 2.2), "severity 0.5", 0.35),
    Field("vehicles", "num vehicles involved, number of vehicles | nb vehicules impliques | vehiculos involucrados | veiculos envolvidos", "number", count, (1.0, 2.2), "severity 0.3", 0.3),
    Field("witnesses", "num witnesses, witnesses, witness count | nb temoins, temoins | num testigos, testigos | num testemunhas, testemunhas", "trust_signal", count, (0.6, 2.5), "", 0.25),
    Field("witness", "witness present, witness available | temoin present | testigo presente | testemunha presente", "trust_signal", flag, (0.05, 0.6), "", 0.2),
    Field("police", "police report filed, police report available, police report | constat police, rapport police | reporte policial, informe policial | boletim ocorrencia, relatorio policial", "trust_signal", flag, (0.05, 0.8), "severity 0.3", 0.4),
    Field("past", "num claims past year, past number of claims, prior claims, claims 3y | sinistres anterieurs, nb sinistres | reclamos previos, siniestros previos | sinistros anteriores", "risk_signal", count, (0.4, 2.5), "appetite 0.5", 0.45),
    Field("moved", "address change claim, days since address change, address age | changement adresse, anciennete adresse | cambio domicilio | mudanca endereco", "account_age", days, (300, 3000), "age 0.3", 0.2),
    Field("extras", "number of supplements, supplements, added items | nb complements, supplements | num suplementos | num suplementos", "risk_signal", count, (0.5, 2.5), "severity 0.3", 0.2),
    Field("cars", "number of cars, vehicles insured | nb voitures | num autos | num carros", "number", count, (0.5, 1.5), "wealth 0.4", 0.15),
    Field("car_age", "age of vehicle, vehicle age, auto age | age vehicule | edad vehiculo, antiguedad auto | idade veiculo", "number", days, (800, 4000), "wealth -0.4", 0.3),
    Field("rating", "driver rating, bonus malus, risk class | bonus malus, note conducteur | calificacion conductor | classe bonus", "number", points, loads="age 0.3 appetite -0.3", odds=0.2),
    Field("lawyer", "attorney involved, lawyer represented | avocat | abogado | advogado", "risk_signal", flag, (0.05, 0.25), "severity 0.4", 0.12),
    Field("cash", "cash settlement, total loss claimed, cash out asked | reglement especes, perte totale | pago efectivo, perdida total | pagamento dinheiro, perda total", "risk_signal", flag, (0.05, 0.25), "", 0.1),
    Field("photos", "photos provided, documents complete, receipts provided | photos fournies, dossier complet | fotos entregadas | fotos enviadas", "trust_signal", flag, (0.6, 0.95), "", 0.12),
    Field("damage", "property damage, third party damage | dommage tiers | dano terceros | dano terceiros", "flag", flag, (0.2, 0.6), "severity 0.4", 0.12),
    Field("sessions", "num procedures, services billed, units billed, visits | nb actes, nb consultations | num procedimientos, visitas | num procedimentos, consultas", "velocity", count, (1.5, 8), "severity 0.6", 0.12),
    Field("stay", "length of stay, days in hospital | duree sejour | dias hospital | dias internado", "number", days, (2, 9), "severity 0.7", 0.1),
    Field("provider", "provider id, garage, repair shop, hospital, doctor, clinic | prestataire, garage, clinique | proveedor, taller, clinica | prestador, oficina, clinica", "counterparty", pool("P"), (10, 400), odds=0.3),
    Field("agent", "agent id, rep number, broker, adjuster, agency | agent, courtier, expert | agente, corredor, perito | agente, corretor, perito", "counterparty", pool("A-"), (5, 150), odds=0.35),
    Field("account", "bank account, iban, payout account | compte bancaire, iban | cuenta bancaria | conta bancaria", "account", code("ES91"), odds=0.1),
    Field("policy", "policy number, policy id, contract number | numero contrat, police | numero poliza | numero apolice", "customer", code("POL"), odds=0.3),
    Field("fault", "fault, at fault, responsible party | responsabilite, responsable | culpable, responsable | culpado, responsavel", "category", choice("Third Party, Shared, Policy Holder", True), loads="appetite 0.2", odds=0.3),
    Field("cover", "base policy, policy type, coverage, product | garantie, formule, type contrat | cobertura, tipo poliza | cobertura, tipo apolice", "category", choice("Liability, Third Party Fire, Comprehensive, Collision, All Perils", True), loads="wealth 0.4", odds=0.4),
    Field("kind", "incident type, claim type, accident type | type sinistre, nature sinistre | tipo siniestro | tipo sinistro", "category", choice("collision, theft, fire, glass, parked car, storm, vandalism, breakdown"), loads="severity 0.4", odds=0.4),
    Field("hit", "collision type, impact point | type collision, point choc | tipo colision | tipo colisao", "category", choice("rear, front, side, unknown"), loads="severity 0.3", odds=0.15),
    Field("class", "vehicle category, vehicle class, body type | categorie vehicule | categoria vehiculo | categoria veiculo", "category", choice("Sedan, Utility, Sport, Truck, Van, Motorcycle"), loads="wealth 0.5", odds=0.3),
    Field("make", "make, auto make, brand | marque | marca | marca", "category", choice("Toyota, Renault, Honda, Ford, BMW, Peugeot, Fiat, VW, Mazda, Kia, Audi, Seat, Dacia, Nissan"), loads="wealth 0.4", odds=0.3),
    Field("area", "accident area, area type, incident location | zone, zone accident | zona, area | zona, area", "category", choice("Urban, Rural, Highway, Parking"), odds=0.25),
    Field("gender", "gender", "category", choice("Male, Female"), odds=0.35),
    Field("marital", "marital status | situation familiale | estado civil | estado civil", "category", choice("Married, Single, Divorced, Widow"), loads="age -0.5", odds=0.25),
    Field("school", "education level, insured education | niveau etudes | educacion | escolaridade", "category", choice("High School, College, Masters, PhD, MD, JD"), loads="wealth 0.3", odds=0.1),
    Field("job", "job", "category", choice("craft repair, sales, tech support, farming, exec managerial, armed forces, clerical"), loads="wealth 0.4", odds=0.15),
    Field("hobby", "hobbies, insured hobbies | loisirs | aficiones | passatempos", "category", choice("chess, reading, golf, camping, yachting, exercise, skydiving, movies"), loads="appetite 0.4", odds=0.08),
    Field("agent_kind", "agent type, sales channel | type agent, canal | tipo agente, canal | tipo agente, canal", "channel", choice("Internal, External, Online"), odds=0.25),
    Field("diagnosis", "diagnosis code, procedure code, treatment | code acte, diagnostic | codigo diagnostico | codigo procedimento", "category", choice("A10, B20, C31, D42, E55, F61, G70, H83, J90, K12"), loads="severity 0.4", odds=0.1),
)  # fmt: skip


def staged_accident(case: Case, rows: Rows) -> None:
    """A crash arranged between accomplices: no police, no witness, many sore necks, a young policy with full cover.

    Source: R. A. Derrig, Insurance Fraud, Journal of Risk and Insurance 69(3), 2002, in general terms.
    """
    case.push(
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


def own_fault(case: Case, rows: Rows) -> None:
    """The policy holder says they did it themselves under full cover, having just moved or just changed the contract."""
    case.push(
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


def padded_claim(case: Case, rows: Rows) -> None:
    """An honest loss with a dishonest bill: one part, or the whole, too large for the damage, the car and the premium."""
    part = str(case.rng.choice(("injury", "vehicle", "property")))
    case.push(rows, extras=1.1, photos=-0.9, severity=-0.5, share=0.5, **{part: 1.7})
    case.touched.update(("severity", "premium", "price"))


def early_claim(case: Case, rows: Rows) -> None:
    """Insured after the loss, or for it: the claim comes within days of the start."""
    case.push(rows, tenure=-2.2, delay=0.6, insured=0.7, cash=0.8, premium=0.3, witness=-0.4)


def late_report(case: Case, rows: Rows) -> None:
    """Reported long after the day, when nothing can be looked at any more."""
    case.blank(rows, str(case.rng.choice(("severity", "witnesses", "hit"))), case.rng.uniform(0, 0.5))
    case.push(rows, delay=2.0, police=-0.9, photos=-1.2, witnesses=-0.6, cash=0.9, kind=0.6)


def claim_ring(case: Case, rows: Rows) -> None:
    """Strangers on paper who share a telephone, an address, a garage, an agent or an account."""
    width = int(case.rng.integers(3, 16))
    case.ring(
        rows,
        ("vehicle", "injury", "kind", "hit", "tenure"),
        ("phone", "address", "provider", "agent", "account", "place"),
        width,
    )
    case.push(rows, injuries=0.8, lawyer=1.1, police=-0.5, past=0.5)
    if case.rng.random() < 0.4:
        case.burst(rows, max(1, len(rows) // width), 3 * DAY)


def upcoding(case: Case, rows: Rows) -> None:
    """A provider bills dearer acts, and more of them, than the case needs."""
    case.ring(rows, ("diagnosis",), ("provider",), max(5, len(rows) // int(case.rng.integers(1, 4))))
    case.push(rows, injury=1.5, sessions=1.5, stay=-0.4, severity=-0.4)


def phantom_billing(case: Case, rows: Rows) -> None:
    """Acts nobody received: weekends and nights, always the same, many a day at one provider."""
    case.ring(
        rows,
        ("injury", "sessions", "diagnosis", "stay"),
        ("provider", "account"),
        max(5, len(rows) // int(case.rng.integers(1, 4))),
    )
    case.time[rows] += (case.rng.random(len(rows)) < 0.5) * case.rng.uniform(8, 14) * 3600
    case.touched.add("time")


def serial_claimant(case: Case, rows: Rows) -> None:
    """The same loss claimed again, here or elsewhere, by somebody with many behind them."""
    case.push(rows, past=2.0, tenure=-0.5, cash=0.8, moved=-0.6, rating=-0.7)
    if case.rng.random() < 0.5:
        case.resubmit(rows, ("past", "cash", "moved"), ("account", "phone", "provider", "address"))
        case.touched.update(("vehicle", "injury", "price"))


def borrowed_identity(case: Case, rows: Rows) -> None:
    """A policy taken in somebody else's name: contact details invented, age out of keeping with the car."""
    case.restyle(rows, "email", int(case.rng.choice((1, 2, 4))), 0.8)
    case.restyle(rows, "phone", 1, 0.5)
    case.restyle(rows, "address", 1, 0.5)
    case.push(rows, years=-1.2, price=1.1, premium=-0.6, tenure=-1.2, income=-0.6)


def unlikely_story(case: Case, rows: Rows) -> None:
    """Details that do not go together: heavy injuries and light damage, a dear old car, a witness and no police."""
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
    taken = [str(k) for k in case.rng.permutation(np.array(keys))[: int(case.rng.integers(2, 4))]]
    case.coincide(rows, taken, case.rng.uniform(0.7, 0.9), case.rng.choice((0.3, 0.8)))


def storm(case: Case, rows: Rows) -> None:
    """Hail or flood: hundreds of honest claims in two days, one kind, without police or witness."""
    case.burst(rows, 1, 2 * DAY)
    case.push(rows, kind=1.0, witnesses=-0.8, witness=-0.8, police=-0.6, vehicle=0.5)


def grave(case: Case, rows: Rows) -> None:
    """Terrible and honest accidents: everything large, everything reported."""
    case.push(rows, injuries=1.8, injury=1.8, vehicle=1.4, severity=1.8, lawyer=1.2, police=1.0, stay=1.5)


def newcomer(case: Case, rows: Rows) -> None:
    """New policies with bad luck."""
    case.push(rows, tenure=-2.0, years=-0.5, moved=-1.2)


def unlucky(case: Case, rows: Rows) -> None:
    """Honest people with many claims: bad drivers, delivery riders."""
    case.push(rows, past=1.8, rating=-0.8, fault=0.7, premium=0.8)


def slow(case: Case, rows: Rows) -> None:
    """Elders and people in hospital who report late, at odd hours."""
    case.push(rows, delay=1.6, years=1.0)


SETTING = Setting(
    "insurance",
    13,
    FIELDS,
    (staged_accident, own_fault, padded_claim, early_claim, late_report, claim_ring, upcoding, phantom_billing, serial_claimant, borrowed_identity, unlikely_story),
    (storm, grave, newcomer, unlucky, slow, household, returning),
    columns=(6, 36),
)  # fmt: skip


def simulate(seed: int, rows: int | None) -> SimulatedTable:
    """One table of claims; at random 1,000 to 8,000 rows when ``rows`` is None."""
    return build(SETTING, seed, rows)
