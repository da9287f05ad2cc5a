"""Account opening: registrations and applications, most of them by persons without a history.

Every number is our own; a typology names its source where it follows a published description.
"""

from __future__ import annotations

from vigie.simulator.cases import (
    CONTACTS,
    CaseDomain,
    ColumnSpec,
    LatentTable,
    Rows,
    cells,
    household,
    office,
    returning,
)

COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("time", "", "time", cells.event_time, probability=0.5),
    ColumnSpec("month", "", "month", cells.month, probability=0.15, score_of="time"),
    ColumnSpec("hour", "", "hour", cells.hour, probability=0.1, score_of="time"),
    *CONTACTS,
    ColumnSpec("birth", "", "birth", cells.birth_date, probability=0.2, score_of="years"),
    ColumnSpec("years", "", "age", cells.years, loadings="age 0.9", probability=0.4),
    ColumnSpec("income", "", "income", cells.money, (800, 60000), "wealth 0.8 age 0.2", 0.4),
    ColumnSpec("name_match", "name email similarity, name email match score, email matches name | similarite nom email | similitud nombre correo | similaridade nome email", "trust_signal", cells.scale_score, probability=0.25),
    ColumnSpec("email_age", "email age days, email age, mail first seen days | anciennete email | antiguedad correo | idade email", "account_age", cells.days, (300, 3000), "age 0.3", 0.2),
    ColumnSpec("email_free", "email is free, free email domain, is free mail | email gratuit | correo gratuito | email gratuito", "risk_signal", cells.flag, (0.3, 0.8), "wealth -0.2", 0.25),
    ColumnSpec("disposable", "disposable email, is disposable, temp mail | email jetable | correo desechable | email descartavel", "risk_signal", cells.flag, (0.01, 0.06), "", 0.12),
    ColumnSpec("phone_valid", "phone valid, phone home valid, mobile valid | telephone valide | telefono valido | telefone valido", "trust_signal", cells.flag, (0.4, 0.95), "age 0.3", 0.25),
    ColumnSpec("mobile_valid", "phone mobile valid, mobile verified | mobile valide | celular valido | celular valido", "trust_signal", cells.flag, (0.7, 0.96), "", 0.2),
    ColumnSpec("zip_count", "zip count 4w, applications same zip, zip velocity | demandes meme code postal | solicitudes mismo cp | pedidos mesmo cep", "velocity", cells.count, (20, 2000), "season 0.5", 0.25),
    ColumnSpec("velocity_day", "velocity 24h, applications last 24h, requests day | demandes 24h | solicitudes 24h | pedidos 24h", "velocity", cells.count, (10, 5000), "season 0.8", 0.25),
    ColumnSpec("velocity_hours", "velocity 6h, requests last hours, signups 1h | demandes 6h | solicitudes 6h | pedidos 6h", "velocity", cells.money, (10, 5000), "season 0.8", 0.2),
    ColumnSpec("ip_count", "signups per ip, accounts per ip, ip count 24h | comptes par ip | cuentas por ip | contas por ip", "velocity", cells.count, (1.2, 4), "digital 0.3", 0.2),
    ColumnSpec("device_emails", "device distinct emails, emails per device, distinct emails 8w | emails par appareil | correos por dispositivo | emails por dispositivo", "risk_signal", cells.count, (0.4, 1.5), "", 0.25),
    ColumnSpec("birth_emails", "dob distinct emails, emails same birth date, distinct emails 4w | emails meme naissance | correos misma fecha | emails mesma data", "risk_signal", cells.count, (3, 12), "season 0.3", 0.15),
    ColumnSpec("device_frauds", "device fraud count, past device alerts, device risk hits | alertes appareil | alertas dispositivo | alertas dispositivo", "risk_signal", cells.count, (0.05, 1.1), "", 0.1),
    ColumnSpec("proxy", "proxy", "risk_signal", cells.flag, (0.02, 0.15), "digital 0.3", 0.15),
    ColumnSpec("foreign", "foreign request, foreign ip, request from abroad | demande etranger | solicitud extranjera | pedido estrangeiro", "risk_signal", cells.flag, (0.01, 0.12), "", 0.3),
    ColumnSpec("ip_distance", "ip address distance, ip to home km, ip zip distance | distance ip domicile | distancia ip | distancia ip", "distance", cells.money, (5, 80), "", 0.15),
    ColumnSpec("address_months", "current address months count, months at address, time at address | mois adresse actuelle | meses direccion actual | meses endereco atual", "account_age", cells.days, (100, 2500), "age 0.5", 0.3),
    ColumnSpec("previous_months", "prev address months count, previous address months | mois adresse precedente | meses direccion anterior | meses endereco anterior", "account_age", cells.days, (50, 1500), "age 0.4", 0.2),
    ColumnSpec("bank_months", "bank months count, months with bank, customer tenure | mois banque, anciennete client | meses banco, antiguedad | meses banco, tempo conta", "account_age", cells.days, (200, 2500), "age 0.5", 0.25),
    ColumnSpec("score", "credit risk score, application score, bureau score | score credit | puntaje credito | score credito", "number", cells.scale_score, loadings="wealth 0.5 age 0.3", probability=0.35),
    ColumnSpec("vendor", "risk_score", "risk_signal", cells.scale_score, loadings="appetite 0.3", probability=0.15),
    ColumnSpec("cards", "has other cards, existing customer, other products | autres produits | otros productos | outros produtos", "trust_signal", cells.flag, (0.1, 0.5), "wealth 0.4", 0.2),
    ColumnSpec("kyc", "verified", "trust_signal", cells.flag, (0.6, 0.97), "", 0.15),
    ColumnSpec("limit", "proposed credit limit, requested limit, credit limit asked | plafond demande | limite solicitado | limite pedido", "limit", cells.money, (300, 8000), "wealth 0.6", 0.3),
    ColumnSpec("deposit", "initial deposit, intended balance amount, first deposit | depot initial, premier versement | deposito inicial | deposito inicial", "amount", cells.money, (20, 3000), "wealth 0.6", 0.3),
    ColumnSpec("session", "session length minutes, form duration, time on page | duree session | duracion sesion | duracao sessao", "number", cells.money, (3, 15), "digital -0.4", 0.3),
    ColumnSpec("typing", "copy paste count, pasted fields, autofill fields | champs colles | campos pegados | campos colados", "risk_signal", cells.count, (0.5, 3), "digital 0.3", 0.1),
    ColumnSpec("keep_alive", "keep alive session, remember me, stay connected | session persistante | sesion persistente | sessao persistente", "trust_signal", cells.flag, (0.3, 0.7), "digital 0.2", 0.2),
    ColumnSpec("delay", "days since request, request age days | jours depuis demande | dias desde solicitud | dias desde pedido", "number", cells.money, (0.02, 3), "", 0.15),
    ColumnSpec("employment", "employment status, job status, occupation | statut emploi, profession | situacion laboral, ocupacion | situacao emprego, profissao", "category", cells.category("CA, CB, CC, CD, CE, CF, CG"), loadings="age 0.5", probability=0.3),
    ColumnSpec("work", "job", "category", cells.category("employed, retired, student, self-employed, unemployed"), loadings="age -0.4 wealth -0.4", probability=0.2),
    ColumnSpec("housing", "housing status, residence type, home ownership | logement, statut logement | vivienda, tipo vivienda | moradia, tipo residencia", "category", cells.category("owner, mortgage, family, social, tenant, other", True), loadings="age -0.3 wealth -0.4", probability=0.3),
    ColumnSpec("payment", "payment type, plan type, product type | type paiement, formule | tipo pago, plan | tipo pagamento, plano", "category", cells.category("AA, AB, AC, AD, AE"), loadings="appetite 0.3", probability=0.3),
    ColumnSpec("source", "channel", "channel", cells.category("internet, app, branch, partner, phone"), loadings="digital 0.4", probability=0.3),
    ColumnSpec("system", "device os, os, platform | systeme | sistema operativo | sistema operacional", "category", cells.category("windows, macintosh, linux, android, ios, other, x11"), loadings="digital 0.4", probability=0.3),
    ColumnSpec("country", "", "country", cells.category("US, GB, FR, SN, NG, BR, ES, PT, IN, MX, DE"), loadings="wealth 0.2", probability=0.2),
)  # fmt: skip


def synthetic_identity(table: LatentTable, rows: Rows) -> None:
    """Synthetic identity: recent e-mail that does not match the name, invalid telephone, short history, good income.

    Source: Federal Reserve, Synthetic Identity Fraud in the U.S. Payment System, 2019.
    """
    table.shift(
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
    table.set_style(rows, "email", int(table.rng.choice((1, 2, 4))), 0.7)
    table.set_style(rows, "phone", 1, 0.4)
    if table.rng.random() < 0.5:
        table.make_ring(rows, (), ("phone", "address", "device"), int(table.rng.integers(2, 6)))


def fake_contacts(table: LatentTable, rows: Rows) -> None:
    """Fake contact details: invented address, test e-mail, invalid telephone number, unusual browser."""
    table.set_style(rows, "address", 1, 0.8)
    table.set_style(rows, "email", int(table.rng.choice((2, 4, 5))), 0.8)
    table.set_style(rows, "phone", 1, 0.5)
    table.set_style(rows, "user_agent", 1, 0.4)
    table.leave_empty(
        rows, str(table.rng.choice(("phone", "address", "email", "employment"))), table.rng.uniform(0, 0.4)
    )
    table.shift(rows, kyc=-1.0, phone_valid=-1.0, disposable=0.8, vendor=0.9)


def device_farm(table: LatentTable, rows: Rows) -> None:
    """Device farm: many applicants share device and IP address, one browser build, names followed by three digits."""
    table.make_ring(
        rows,
        ("years", "income", "deposit"),
        ("device", "ip", "phone", "place"),
        int(table.rng.integers(4, 40)),
    )
    table.set_style(rows, "user_agent", 3, 0.7)
    table.set_style(rows, "email", int(table.rng.choice((1, 3))), 0.7)
    table.shift(rows, device_emails=1.8, device_frauds=1.0, ip_count=1.7, velocity_hours=0.6)


def bot_burst(table: LatentTable, rows: Rows) -> None:
    """Bot registrations: accounts opened seconds apart from one IP range, with counters in the e-mails."""
    table.cluster_in_time(rows, int(table.rng.integers(1, 6)), float(table.rng.choice((20, 300, 3000))))
    table.set_style(rows, "ip", int(table.rng.integers(2, 200)), 0.8)
    table.set_style(rows, "email", int(table.rng.choice((1, 2, 3))), 0.8)
    table.set_style(rows, "user_agent", int(table.rng.choice((2, 3))), 0.8)
    table.shift(rows, session=-1.8, velocity_day=1.2, velocity_hours=1.4, ip_count=1.6, typing=1.0)


def stolen_identity(table: LatentTable, rows: Rows) -> None:
    """Stolen identity: application from abroad, highest limit, long session, contact details that are not the person's.

    Source: the kind of column follows Jesus et al., Turning the Tables (Bank Account Fraud suite), NeurIPS 2022; no value of theirs is used.
    """
    table.shift(
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
    table.set_style(rows, "ip", 1, 0.6)


def mule_account(table: LatentTable, rows: Rows) -> None:
    """Mule account: opened to pass money on; young, low income, hardly a deposit, one recruiter for several."""
    table.shift(
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
    if table.rng.random() < 0.6:
        table.make_ring(rows, ("years",), ("address", "ip", "place"), int(table.rng.integers(3, 15)))
        table.cluster_in_time(rows, max(1, len(rows) // 10), 2 * 86_400)


def zip_wave(table: LatentTable, rows: Rows) -> None:
    """Application wave: many applications from a few zip codes within days."""
    table.make_ring(rows, ("employment", "payment", "limit"), ("place",), max(5, len(rows) // 5))
    table.cluster_in_time(rows, int(table.rng.integers(2, 8)), 2 * 86_400)
    table.shift(rows, zip_count=1.5, velocity_day=0.8, birth_emails=0.6, name_match=-0.5)


def second_try(table: LatentTable, rows: Rows) -> None:
    """Resubmission: the application of another person, or a refused one, sent again with new contact details."""
    table.copy_rows(rows, ("delay", "velocity_day"), ("device", "address", "phone", "place"))
    table.affected.update(("income", "limit", "deposit", "score", "address_months"))
    table.shift(rows, delay=0.5, velocity_day=0.8)
    table.set_style(rows, "email", 1, 0.5)


def campaign(table: LatentTable, rows: Rows) -> None:
    """Marketing campaign: many new customers at once, with recent e-mails and no history."""
    table.cluster_in_time(rows, 2, 2 * 86_400)
    table.shift(rows, bank_months=-1.2, email_age=-0.7, velocity_day=1.0, zip_count=0.6)


def young_applicants(table: LatentTable, rows: Rows) -> None:
    """Young applicants: in education, low income, recent addresses, one residence with one network."""
    table.shift(rows, years=-1.4, income=-1.2, address_months=-1.2, bank_months=-0.8, work=0.4)
    office(table, rows)


def migrants(table: LatentTable, rows: Rows) -> None:
    """Migrants: application from abroad, no local history, foreign telephone."""
    table.shift(rows, foreign=1.5, bank_months=-1.0, address_months=-1.0, ip_distance=1.2, phone_valid=-0.5)


def careless(table: LatentTable, rows: Rows) -> None:
    """Careless applicants: unusual e-mails, incomplete addresses."""
    table.set_style(rows, "email", int(table.rng.integers(1, 5)), 1.0)
    table.set_style(rows, "address", 1, 0.2)
    table.shift(rows, name_match=-0.9, email_free=0.5)


DOMAIN = CaseDomain(
    name="account_opening",
    number=11,
    words="account opening, signup, onboarding, kyc, selfie, proposed credit, email similarity, phone valid, name email, free email, email gratuit, disposable email, email jetable, distinct email, month with bank, existing customer, current address month, bank month, mois banque, mois adresse, first deposit, zip velocity",
    hints="application, registration, inscription, ouverture, apertura, abertura, identity, housing, session, owner, tenant, linux, macintosh, window, @email, @phone, @birth",
    related={"lending": 0.5},
    anonymisable=True,
    columns=COLUMNS,
    typologies=(
        synthetic_identity,
        fake_contacts,
        device_farm,
        bot_burst,
        stolen_identity,
        mule_account,
        zip_wave,
        second_try,
    ),
    hard_negatives=(household, office, returning, campaign, young_applicants, migrants, careless),
    column_count=(6, 32),
)
