"""Lending: one row per loan application, with what the applicant states and what the credit bureau knows."""

from __future__ import annotations

from vigie.simulator.cases import (
    CONTACTS,
    CaseDomain,
    ColumnSpec,
    LatentTable,
    Rows,
    cells,
    code,
    household,
    office,
    returning,
)

COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("time", "application date, loan date, created at, submitted at, date | date demande, date dossier | fecha solicitud | data pedido, data proposta", "time", cells.event_time, probability=0.5),
    ColumnSpec("month", "", "month", cells.month, probability=0.1, score_of="time"),
    *CONTACTS,
    ColumnSpec("birth", "", "birth", cells.birth_date, probability=0.15, score_of="years"),
    ColumnSpec("years", "", "age", cells.years, loadings="age 0.9", probability=0.45),
    ColumnSpec("loan", "loan amount, amount requested, amt credit, principal | montant pret, montant demande, capital | monto prestamo, monto solicitado | valor emprestimo, valor solicitado", "amount", cells.money, (500, 30000), "wealth 0.5 appetite 0.5", 0.9),
    ColumnSpec("income", "annual income, income, declared income, monthly income, salary | revenu annuel, revenu declare, salaire | ingreso anual, ingresos, salario | renda anual, renda, salario", "income", cells.money, (900, 70000), "wealth 0.85 age 0.2", 0.75),
    ColumnSpec("partner", "coapplicant income, spouse income, other income | revenu conjoint | ingreso conyuge | renda conjuge", "income", cells.money, (300, 30000), "wealth 0.4", 0.12),
    ColumnSpec("months", "term, loan term months, duration, tenor | duree, duree mois | plazo, plazo meses | prazo, prazo meses", "number", cells.money, (8, 60), "appetite 0.3", 0.4),
    ColumnSpec("instalment", "installment, monthly payment, annuity | mensualite, echeance | cuota, cuota mensual | parcela, prestacao", "amount", cells.quotient("loan", "months"), probability=0.25, score_of="loan"),
    ColumnSpec("burden", "debt to income, dti, loan to income | taux endettement, pret sur revenu | deuda ingreso | comprometimento renda", "amount_ratio", cells.quotient("loan", "income"), probability=0.3, score_of="loan"),
    ColumnSpec("goods", "goods price, property value, collateral value, asset price | valeur bien, prix achat | valor bien, valor garantia | valor bem, valor garantia", "amount", cells.money, (2000, 80000), "wealth 0.6 appetite 0.4", 0.2),
    ColumnSpec("down", "down payment, deposit, own funds | apport, versement initial | enganche, pago inicial | entrada, sinal", "amount", cells.money, (100, 8000), "wealth 0.6", 0.15),
    ColumnSpec("rate", "interest rate, int rate, apr | taux interet, taux | tasa interes, tasa | taxa juros", "number", cells.scale_score, loadings="wealth -0.5", probability=0.25),
    ColumnSpec("limit", "credit limit, approved limit, total limit | plafond | limite credito | limite credito", "limit", cells.money, (500, 20000), "wealth 0.7 age 0.3", 0.25),
    ColumnSpec("usage", "utilisation, revolving utilization, balance to limit | taux utilisation | utilizacion, uso credito | utilizacao credito", "number", cells.scale_score, loadings="appetite 0.6 wealth -0.2", probability=0.2),
    ColumnSpec("balance", "revolving balance, outstanding debt, total debt | encours, dette totale | saldo deuda, deuda total | divida total, saldo devedor", "number", cells.money, (300, 20000), "appetite 0.6 wealth 0.3", 0.2),
    ColumnSpec("bureau", "credit score, fico, bureau score, ext score | score credit, note bureau | puntaje credito, score buro | score credito, score bureau", "trust_signal", cells.scale_score, loadings="wealth 0.6 age 0.3 appetite -0.3", probability=0.45),
    ColumnSpec("history", "credit history months, oldest account age, earliest line months, months on file | anciennete credit | antiguedad credito | tempo historico credito", "account_age", cells.days, (400, 5000), "age 0.7", 0.3),
    ColumnSpec("job_time", "employment length, days employed, years in job | anciennete emploi | antiguedad laboral, tiempo empleo | tempo emprego", "account_age", cells.days, (300, 3000), "age 0.6 wealth 0.2", 0.4),
    ColumnSpec("hired", "employment start, hire date | date embauche | fecha ingreso empleo | data admissao", "opened", cells.start_date, probability=0.08, score_of="job_time"),
    ColumnSpec("home_time", "months at address, residence since, years at residence | anciennete logement | tiempo residencia | tempo residencia", "account_age", cells.days, (200, 3000), "age 0.5", 0.25),
    ColumnSpec("bank_time", "months as customer, bank tenure, relationship months | anciennete client, anciennete banque | antiguedad cliente | tempo relacionamento", "account_age", cells.days, (150, 3000), "age 0.5", 0.25),
    ColumnSpec("enquiries", "inquiries 6m, credit inquiries, enquiries last month, bureau requests | demandes credit 6m | consultas 6m, consultas buro | consultas 6m, consultas credito", "velocity", cells.count, (1.1, 3), "appetite 0.5", 0.35),
    ColumnSpec("recent_loans", "loans last 30d, open loans recent, new accounts 3m | prets recents, nouveaux comptes | prestamos recientes | emprestimos recentes", "velocity", cells.count, (0.5, 1.8), "appetite 0.5", 0.25),
    ColumnSpec("open_loans", "open accounts, num credits, existing loans | credits en cours, nb credits | creditos abiertos | creditos ativos", "number", cells.count, (2, 9), "appetite 0.5 age 0.3", 0.3),
    ColumnSpec("late", "delinquencies 2y, late payments, days past due, past defaults | impayes, retards paiement | atrasos, morosidad | atrasos, inadimplencias", "risk_signal", cells.count, (0.3, 1.2), "wealth -0.4", 0.3),
    ColumnSpec("returned", "returned payments, bounced payments, nsf count | rejets prelevement | pagos devueltos | pagamentos devolvidos", "risk_signal", cells.count, (0.1, 1.1), "wealth -0.3", 0.12),
    ColumnSpec("requests", "applications 7d, requests same phone, applications same device, duplicate requests | demandes 7j | solicitudes 7d | pedidos 7d", "velocity", cells.count, (0.3, 1.3), "", 0.2),
    ColumnSpec("verified", "income verified, documents verified, verification status, payslip checked | revenu verifie, justificatifs verifies | ingresos verificados | renda verificada", "trust_signal", cells.flag, (0.4, 0.9), "", 0.3),
    ColumnSpec("job_known", "employer verified, employer known, work phone provided | employeur verifie | empleador verificado | empregador verificado", "trust_signal", cells.flag, (0.5, 0.93), "", 0.2),
    ColumnSpec("papers", "documents provided, num documents, papers submitted | documents fournis, nb justificatifs | documentos entregados | documentos entregues", "trust_signal", cells.count, (2, 6), "", 0.12),
    ColumnSpec("mismatch", "address mismatch, city mismatch, reg city not work city, data mismatch | incoherence adresse | domicilio distinto | endereco divergente", "risk_signal", cells.flag, (0.05, 0.25), "", 0.2),
    ColumnSpec("night", "night", "risk_signal", cells.flag, (0.03, 0.2), "digital 0.3", 0.08),
    ColumnSpec("rejected", "previous rejections, refused applications, past refusals | refus precedents | rechazos previos | recusas anteriores", "risk_signal", cells.count, (0.3, 1.2), "wealth -0.3", 0.15),
    ColumnSpec("dependants", "dependents, num children, family members | enfants, personnes a charge | dependientes, hijos | dependentes, filhos", "number", cells.count, (0.6, 1.6), "age 0.3", 0.2),
    ColumnSpec("first_days", "days to first payment, first due days, days first default | jours premiere echeance | dias primer pago | dias primeira parcela", "number", cells.days, (20, 45), "", 0.08),
    ColumnSpec("drawn", "first month drawdown, share drawn, cash advance share | part retrait, tirage initial | retiro inicial | saque inicial", "risk_signal", cells.scale_score, loadings="appetite 0.4", probability=0.12),
    ColumnSpec("broker", "broker id, agent, dealer, branch, originator | courtier, apporteur, agence | corredor, agente, sucursal | corretor, agente, loja", "counterparty", cells.entity("BR"), (5, 120), probability=0.35),
    ColumnSpec("employer", "employer, company, employer name | employeur, entreprise | empleador, empresa | empregador, empresa", "counterparty", cells.entity("Company "), (100, 2500), probability=0.15),
    ColumnSpec("account", "bank account, iban, payout account | compte bancaire, iban | cuenta bancaria | conta bancaria", "account", code("FR76"), probability=0.2),
    ColumnSpec("purpose", "purpose, loan purpose, reason | objet, motif pret | destino, proposito | finalidade, motivo", "category", cells.category("car, debt consolidation, home improvement, education, medical, business, appliances, holiday, other"), loadings="appetite 0.4", probability=0.5),
    ColumnSpec("work", "occupation, job, employment status, income type | profession, situation emploi | ocupacion, situacion laboral | ocupacao, situacao emprego", "category", cells.category("salaried, retired, civil servant, trader, student, self-employed, unemployed"), loadings="age -0.4 wealth -0.4", probability=0.45),
    ColumnSpec("housing", "home ownership, housing, residence | logement | vivienda | moradia", "category", cells.category("OWN, MORTGAGE, RENT, PARENTS, OTHER", True), loadings="age -0.4 wealth -0.4", probability=0.4),
    ColumnSpec("school", "education, education level | diplome, niveau etudes | educacion, escolaridad | escolaridade", "category", cells.category("university, secondary, technical, primary"), loadings="wealth -0.5", probability=0.25),
    ColumnSpec("marital", "marital status, family status | situation familiale | estado civil | estado civil", "category", cells.category("married, single, divorced, widowed, civil union"), loadings="age -0.4", probability=0.25),
    ColumnSpec("gender", "gender", "category", cells.category("M, F"), probability=0.2),
    ColumnSpec("channel", "", "channel", cells.category("online, branch, phone, broker, app, dealer"), loadings="digital 0.5", probability=0.3),
    ColumnSpec("kind", "product type, loan type, contract type | type pret, produit | tipo prestamo, producto | tipo emprestimo, produto", "category", cells.category("cash, revolving, auto, mortgage, payday, leasing"), loadings="wealth 0.3", probability=0.25),
)  # fmt: skip


def inflated_income(table: LatentTable, rows: Rows) -> None:
    """Inflated income: fits the loan but not the age, the job or the housing; not verified."""
    table.scores["income"] = table.score("income")
    table.scores["income"][rows] = table.rng.normal(1.0, 0.6, len(rows)) * min(1.3, table.strength)
    table.shift(rows, loan=1.2, job_time=-1.0, years=-0.7, verified=-1.2, housing=0.6, balance=0.5, down=-0.9)
    table.affected.update(("income", "loan", "years"))


def first_payment_default(table: LatentTable, rows: Rows) -> None:
    """First-payment default: the largest loan and longest term available, drawn in cash at once.

    Lenders commonly read a missed first instalment as fraud rather than bad luck.
    """
    table.shift(
        rows,
        loan=1.3,
        months=0.8,
        enquiries=1.3,
        bank_time=-1.2,
        drawn=1.6,
        down=-1.0,
        job_known=-0.9,
        first_days=0.6,
        papers=-0.5,
    )


def bust_out(table: LatentTable, rows: Rows) -> None:
    """Bust-out: a good record, then every limit used at once and payments returned."""
    table.shift(
        rows,
        bureau=0.7,
        usage=1.8,
        balance=1.5,
        limit=1.0,
        recent_loans=1.2,
        returned=1.6,
        enquiries=0.9,
        drawn=1.2,
        history=-0.7,
    )


def loan_stacking(table: LatentTable, rows: Rows) -> None:
    """Loan stacking: applications to many lenders within days, before the bureau knows of any."""
    table.shift(rows, enquiries=1.9, recent_loans=1.7, requests=1.4, open_loans=0.6, loan=-0.3, night=0.7)
    if table.rng.random() < 0.5:
        table.make_ring(
            rows, ("loan", "income"), ("phone", "device", "account", "ip"), int(table.rng.integers(2, 5))
        )
        table.cluster_in_time(rows, max(1, len(rows) // 4), 86_400)


def forged_employment(table: LatentTable, rows: Rows) -> None:
    """Forged employment: payslips of one non-existent employer, similar incomes, few telephone numbers."""
    table.make_ring(
        rows, ("income", "job_time", "loan"), ("employer", "phone", "place"), int(table.rng.integers(4, 25))
    )
    table.shift(rows, job_known=-1.4, verified=-0.8, job_time=-1.0, income=0.9, mismatch=0.9)


def broker_collusion(table: LatentTable, rows: Rows) -> None:
    """Broker collusion: the applications of one broker resemble each other and look too good."""
    table.make_ring(
        rows,
        ("loan", "income", "years", "purpose", "work", "goods"),
        ("broker", "place"),
        max(6, len(rows) // int(table.rng.integers(1, 5))),
    )
    table.shift(rows, goods=0.9, bureau=0.4, down=-0.7, mismatch=0.6, channel=0.8)


def synthetic_borrower(table: LatentTable, rows: Rows) -> None:
    """Synthetic borrower: short history, no late payment, invented and shared contact details.

    Source: Federal Reserve, Synthetic Identity Fraud in the U.S. Payment System, 2019.
    """
    table.leave_empty(rows, str(table.rng.choice(("history", "employer", "late"))), table.rng.uniform(0, 0.6))
    table.shift(
        rows,
        history=-1.5,
        late=-0.4,
        home_time=-1.2,
        bank_time=-0.9,
        enquiries=0.9,
        bureau=0.3,
        dependants=-0.5,
        mismatch=0.7,
    )
    table.set_style(rows, "email", int(table.rng.choice((1, 2, 4))), 0.7)
    table.make_ring(rows, (), ("phone", "address", "account", "device"), int(table.rng.integers(2, 8)))


def resubmitted(table: LatentTable, rows: Rows) -> None:
    """Resubmission: a refused application sent again with a few changes."""
    table.copy_rows(rows, ("rejected", "requests", "income"), ("device", "phone", "account", "employer"))
    table.shift(rows, rejected=1.7, requests=1.7, income=0.2)
    table.affected.update(("loan", "income", "years"))


def rich(table: LatentTable, rows: Rows) -> None:
    """Wealthy applicants: large loans, high income."""
    table.shift(rows, loan=1.6, income=1.8, limit=1.4, goods=1.4, balance=0.8)


def young(table: LatentTable, rows: Rows) -> None:
    """Young applicants: short histories, low income."""
    table.shift(rows, years=-1.5, income=-1.0, history=-1.4, job_time=-1.3, home_time=-1.0, bank_time=-0.6)


def struggling(table: LatentTable, rows: Rows) -> None:
    """Applicants in financial distress: late payments, debts, many enquiries."""
    table.shift(rows, late=1.5, usage=1.3, enquiries=1.3, income=-0.8, returned=1.0, rejected=1.0)


def season(table: LatentTable, rows: Rows) -> None:
    """Seasonal demand: many applications within a few days."""
    table.cluster_in_time(rows, 2, 3 * 86_400)
    table.shift(rows, purpose=0.6, loan=-0.4)


DOMAIN = CaseDomain(
    name="lending",
    number=12,
    words="loan, pret, prestamo, emprestimo, borrower, emprunteur, installment, echeance, cuota, parcela, interest rate, mortgage, repayment, annuity, credit bureau, bureau, debt, debt consolidation, revolving, payday, leasing, principal, tenor, outstanding, taux endettement, encours, deuda, garantia, debt to income",
    hints="application, income, employer, employed, education, purpose, default, collateral, utilisation, enquiry last, document, rejection, solicitado, demande credit, @income",
    anonymisable=True,
    columns=COLUMNS,
    typologies=(
        inflated_income,
        first_payment_default,
        bust_out,
        loan_stacking,
        forged_employment,
        broker_collusion,
        synthetic_borrower,
        resubmitted,
    ),
    hard_negatives=(rich, young, struggling, season, household, office, returning),
    column_count=(6, 32),
)
