"""Worlds of account opening: registrations and applications, most of people nobody knew before.

Every number here is our own; a typology names a source where its story is somebody else's.
"""

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.applications import Setting, build
from vigie.simulator.engine.cells import (
    born,
    choice,
    count,
    days,
    flag,
    hour,
    moment,
    money,
    month,
    points,
    years,
)
from vigie.simulator.engine.contacts import CONTACTS, household, office, returning
from vigie.simulator.engine.latent_rows import Case, Field, Rows

FIELDS: tuple[Field, ...] = (
    Field("time", "", "time", moment, odds=0.5),
    Field("month", "", "month", month, odds=0.15, latent="time"),
    Field("hour", "", "hour", hour, odds=0.1, latent="time"),
    *CONTACTS,
    Field("birth", "", "birth", born, odds=0.2, latent="years"),
    Field("years", "", "age", years, loads="age 0.9", odds=0.4),
    Field("income", "", "income", money, (800, 60000), "wealth 0.8 age 0.2", 0.4),
    Field("name_match", "name email similarity, name email match score, email matches name | similarite nom email | similitud nombre correo | similaridade nome email", "trust_signal", points, odds=0.25),
    Field("email_age", "email age days, email age, mail first seen days | anciennete email | antiguedad correo | idade email", "account_age", days, (300, 3000), "age 0.3", 0.2),
    Field("email_free", "email is free, free email domain, is free mail | email gratuit | correo gratuito | email gratuito", "risk_signal", flag, (0.3, 0.8), "wealth -0.2", 0.25),
    Field("disposable", "disposable email, is disposable, temp mail | email jetable | correo desechable | email descartavel", "risk_signal", flag, (0.01, 0.06), "", 0.12),
    Field("phone_valid", "phone valid, phone home valid, mobile valid | telephone valide | telefono valido | telefone valido", "trust_signal", flag, (0.4, 0.95), "age 0.3", 0.25),
    Field("mobile_valid", "phone mobile valid, mobile verified | mobile valide | celular valido | celular valido", "trust_signal", flag, (0.7, 0.96), "", 0.2),
    Field("zip_count", "zip count 4w, applications same zip, zip velocity | demandes meme code postal | solicitudes mismo cp | pedidos mesmo cep", "velocity", count, (20, 2000), "season 0.5", 0.25),
    Field("velocity_day", "velocity 24h, applications last 24h, requests day | demandes 24h | solicitudes 24h | pedidos 24h", "velocity", count, (10, 5000), "season 0.8", 0.25),
    Field("velocity_hours", "velocity 6h, requests last hours, signups 1h | demandes 6h | solicitudes 6h | pedidos 6h", "velocity", money, (10, 5000), "season 0.8", 0.2),
    Field("ip_count", "signups per ip, accounts per ip, ip count 24h | comptes par ip | cuentas por ip | contas por ip", "velocity", count, (1.2, 4), "digital 0.3", 0.2),
    Field("device_emails", "device distinct emails, emails per device, distinct emails 8w | emails par appareil | correos por dispositivo | emails por dispositivo", "risk_signal", count, (0.4, 1.5), "", 0.25),
    Field("birth_emails", "dob distinct emails, emails same birth date, distinct emails 4w | emails meme naissance | correos misma fecha | emails mesma data", "risk_signal", count, (3, 12), "season 0.3", 0.15),
    Field("device_frauds", "device fraud count, past device alerts, device risk hits | alertes appareil | alertas dispositivo | alertas dispositivo", "risk_signal", count, (0.05, 1.1), "", 0.1),
    Field("proxy", "proxy", "risk_signal", flag, (0.02, 0.15), "digital 0.3", 0.15),
    Field("foreign", "foreign request, foreign ip, request from abroad | demande etranger | solicitud extranjera | pedido estrangeiro", "risk_signal", flag, (0.01, 0.12), "", 0.3),
    Field("ip_distance", "ip address distance, ip to home km, ip zip distance | distance ip domicile | distancia ip | distancia ip", "distance", money, (5, 80), "", 0.15),
    Field("address_months", "current address months count, months at address, time at address | mois adresse actuelle | meses direccion actual | meses endereco atual", "account_age", days, (100, 2500), "age 0.5", 0.3),
    Field("previous_months", "prev address months count, previous address months | mois adresse precedente | meses direccion anterior | meses endereco anterior", "account_age", days, (50, 1500), "age 0.4", 0.2),
    Field("bank_months", "bank months count, months with bank, customer tenure | mois banque, anciennete client | meses banco, antiguedad | meses banco, tempo conta", "account_age", days, (200, 2500), "age 0.5", 0.25),
    Field("score", "credit risk score, application score, bureau score | score credit | puntaje credito | score credito", "number", points, loads="wealth 0.5 age 0.3", odds=0.35),
    Field("vendor", "risk_score", "risk_signal", points, loads="appetite 0.3", odds=0.15),
    Field("cards", "has other cards, existing customer, other products | autres produits | otros productos | outros produtos", "trust_signal", flag, (0.1, 0.5), "wealth 0.4", 0.2),
    Field("kyc", "verified", "trust_signal", flag, (0.6, 0.97), "", 0.15),
    Field("limit", "proposed credit limit, requested limit, credit limit asked | plafond demande | limite solicitado | limite pedido", "limit", money, (300, 8000), "wealth 0.6", 0.3),
    Field("deposit", "initial deposit, intended balance amount, first deposit | depot initial, premier versement | deposito inicial | deposito inicial", "amount", money, (20, 3000), "wealth 0.6", 0.3),
    Field("session", "session length minutes, form duration, time on page | duree session | duracion sesion | duracao sessao", "number", money, (3, 15), "digital -0.4", 0.3),
    Field("typing", "copy paste count, pasted fields, autofill fields | champs colles | campos pegados | campos colados", "risk_signal", count, (0.5, 3), "digital 0.3", 0.1),
    Field("keep_alive", "keep alive session, remember me, stay connected | session persistante | sesion persistente | sessao persistente", "trust_signal", flag, (0.3, 0.7), "digital 0.2", 0.2),
    Field("delay", "days since request, request age days | jours depuis demande | dias desde solicitud | dias desde pedido", "number", money, (0.02, 3), "", 0.15),
    Field("employment", "employment status, job status, occupation | statut emploi, profession | situacion laboral, ocupacion | situacao emprego, profissao", "category", choice("CA, CB, CC, CD, CE, CF, CG"), loads="age 0.5", odds=0.3),
    Field("work", "job", "category", choice("employed, retired, student, self-employed, unemployed"), loads="age -0.4 wealth -0.4", odds=0.2),
    Field("housing", "housing status, residence type, home ownership | logement, statut logement | vivienda, tipo vivienda | moradia, tipo residencia", "category", choice("owner, mortgage, family, social, tenant, other", True), loads="age -0.3 wealth -0.4", odds=0.3),
    Field("payment", "payment type, plan type, product type | type paiement, formule | tipo pago, plan | tipo pagamento, plano", "category", choice("AA, AB, AC, AD, AE"), loads="appetite 0.3", odds=0.3),
    Field("source", "channel", "channel", choice("internet, app, branch, partner, phone"), loads="digital 0.4", odds=0.3),
    Field("system", "device os, os, platform | systeme | sistema operativo | sistema operacional", "category", choice("windows, macintosh, linux, android, ios, other, x11"), loads="digital 0.4", odds=0.3),
    Field("country", "", "country", choice("US, GB, FR, SN, NG, BR, ES, PT, IN, MX, DE"), loads="wealth 0.2", odds=0.2),
)  # fmt: skip


def synthetic_identity(case: Case, rows: Rows) -> None:
    """A person put together from parts: young e-mail that does not fit the name, dead telephone, short past, good income.

    Source: Federal Reserve, Synthetic Identity Fraud in the U.S. Payment System, 2019.
    """
    case.push(
        rows,
        name_match=-1.5,
        email_age=-1.6,
        phone_valid=-1.2,
        mobile_valid=-0.6,
        email_free=0.8,
        disposable=1.0,
        previous_months=-0.8,
        bank_months=-0.8,
        cards=-0.8,
        limit=0.7,
        years=-0.3,
        birth_emails=0.6,
    )
    case.restyle(rows, "email", int(case.rng.choice((1, 2, 4))), 0.7)
    case.restyle(rows, "phone", 1, 0.4)
    if case.rng.random() < 0.5:
        case.ring(rows, (), ("phone", "address", "device"), int(case.rng.integers(2, 6)))


def fake_contacts(case: Case, rows: Rows) -> None:
    """Whoever typed did not care: invented address, test e-mail, impossible number, odd browser."""
    case.restyle(rows, "address", 1, 0.8)
    case.restyle(rows, "email", int(case.rng.choice((2, 4, 5))), 0.8)
    case.restyle(rows, "phone", 1, 0.5)
    case.restyle(rows, "user_agent", 1, 0.4)
    case.blank(
        rows, str(case.rng.choice(("phone", "address", "email", "employment"))), case.rng.uniform(0, 0.4)
    )
    case.push(rows, kyc=-1.0, phone_valid=-1.0, disposable=0.8, vendor=0.9)


def device_farm(case: Case, rows: Rows) -> None:
    """Few machines, many customers: shared device and ip, same browser build, names followed by three digits."""
    case.ring(
        rows,
        ("years", "income", "deposit"),
        ("device", "ip", "phone", "place"),
        int(case.rng.integers(4, 40)),
    )
    case.restyle(rows, "user_agent", 3, 0.7)
    case.restyle(rows, "email", int(case.rng.choice((1, 3))), 0.7)
    case.push(rows, device_emails=1.8, device_frauds=1.0, ip_count=1.7, velocity_hours=0.6)


def bot_burst(case: Case, rows: Rows) -> None:
    """A program registers accounts seconds apart from one range, with counters in the e-mails."""
    case.burst(rows, int(case.rng.integers(1, 6)), float(case.rng.choice((20, 300, 3000))))
    case.restyle(rows, "ip", int(case.rng.integers(2, 200)), 0.8)
    case.restyle(rows, "email", int(case.rng.choice((1, 2, 3))), 0.8)
    case.restyle(rows, "user_agent", int(case.rng.choice((2, 3))), 0.8)
    case.push(rows, session=-1.8, velocity_day=1.2, velocity_hours=1.4, ip_count=1.6, typing=1.0)


def stolen_identity(case: Case, rows: Rows) -> None:
    """A real person's papers in other hands: asked from abroad, highest limit, long hesitant session, contact details not theirs.

    Source: the kind of column follows Jesus et al., Turning the Tables (Bank Account Fraud suite), NeurIPS 2022; no value of theirs is used.
    """
    case.push(
        rows,
        foreign=1.2,
        housing=0.9,
        bank_months=-0.5,
        keep_alive=-0.8,
        session=0.7,
        limit=1.2,
        score=0.7,
        years=0.7,
        income=0.7,
        name_match=-1.1,
        address_months=0.7,
        phone_valid=-0.6,
        cards=-0.6,
        ip_distance=1.1,
        system=0.6,
        proxy=0.9,
    )
    case.restyle(rows, "ip", 1, 0.6)


def mule_account(case: Case, rows: Rows) -> None:
    """Opened to pass money on: young, short of money, next to no deposit, brought by the same recruiter."""
    case.push(
        rows,
        years=-1.1,
        income=-1.0,
        deposit=-0.8,
        work=0.9,
        bank_months=-0.9,
        address_months=-0.8,
        device_emails=0.8,
        payment=0.5,
    )
    if case.rng.random() < 0.6:
        case.ring(rows, ("years",), ("address", "ip", "place"), int(case.rng.integers(3, 15)))
        case.burst(rows, max(1, len(rows) // 10), 2 * 86_400)


def zip_wave(case: Case, rows: Rows) -> None:
    """A wave of applications from a few zip codes within days."""
    case.ring(rows, ("employment", "payment", "limit"), ("place",), max(5, len(rows) // 5))
    case.burst(rows, int(case.rng.integers(2, 8)), 2 * 86_400)
    case.push(rows, zip_count=1.5, velocity_day=0.8, birth_emails=0.6, name_match=-0.5)


def second_try(case: Case, rows: Rows) -> None:
    """The application of somebody else, or one refused before, sent again with new contact details."""
    case.resubmit(rows, ("delay", "velocity_day"), ("device", "address", "phone", "place"))
    case.touched.update(("income", "limit", "deposit", "score", "address_months"))
    case.push(rows, delay=0.5, velocity_day=0.8)
    case.restyle(rows, "email", 1, 0.5)


def campaign(case: Case, rows: Rows) -> None:
    """An offer brings honest newcomers: all at once, young e-mails, no past."""
    case.burst(rows, 2, 2 * 86_400)
    case.push(rows, bank_months=-1.2, email_age=-0.7, velocity_day=1.0, zip_count=0.6)


def student(case: Case, rows: Rows) -> None:
    """Young, poor, short addresses, in one hall with one network."""
    case.push(rows, years=-1.4, income=-1.2, address_months=-1.2, bank_months=-0.8, work=0.4)
    office(case, rows)


def newcomer(case: Case, rows: Rows) -> None:
    """Honest migrants: asked from abroad, no local past, foreign telephone."""
    case.push(rows, foreign=1.5, bank_months=-1.0, address_months=-1.0, ip_distance=1.2, phone_valid=-0.5)


def careless(case: Case, rows: Rows) -> None:
    """Honest people with silly e-mails and half an address."""
    case.restyle(rows, "email", int(case.rng.integers(1, 5)), 1.0)
    case.restyle(rows, "address", 1, 0.2)
    case.push(rows, name_match=-0.9, email_free=0.5)


SETTING = Setting(
    "account_opening",
    11,
    FIELDS,
    (
        synthetic_identity,
        fake_contacts,
        device_farm,
        bot_burst,
        stolen_identity,
        mule_account,
        zip_wave,
        second_try,
    ),
    (household, office, returning, campaign, student, newcomer, careless),
    columns=(6, 32),
)


def simulate(seed: int, rows: int | None) -> SimulatedTable:
    """One table of applications for an account; at random 1,000 to 8,000 rows when ``rows`` is None."""
    return build(SETTING, seed, rows)
