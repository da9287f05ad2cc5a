"""Worlds of lending: one row per loan or credit application, what the applicant says beside what the bureau knows."""

from vigie.simulator import SimulatedTable
from vigie.simulator.engine.applications import Setting, build
from vigie.simulator.engine.cells import (
    born,
    choice,
    count,
    days,
    flag,
    moment,
    money,
    month,
    points,
    pool,
    quotient,
    since,
    years,
)
from vigie.simulator.engine.contacts import CONTACTS, code, household, office, returning
from vigie.simulator.engine.latent_rows import Case, Field, Rows

FIELDS: tuple[Field, ...] = (
    Field("time", "application date, loan date, created at, submitted at, date | date demande, date dossier | fecha solicitud | data pedido, data proposta", "time", moment, odds=0.5),
    Field("month", "", "month", month, odds=0.1, latent="time"),
    *CONTACTS,
    Field("birth", "", "birth", born, odds=0.15, latent="years"),
    Field("years", "", "age", years, loads="age 0.9", odds=0.45),
    Field("loan", "loan amount, amount requested, amt credit, principal | montant pret, montant demande, capital | monto prestamo, monto solicitado | valor emprestimo, valor solicitado", "amount", money, (500, 30000), "wealth 0.5 appetite 0.5", 0.9),
    Field("income", "annual income, income, declared income, monthly income, salary | revenu annuel, revenu declare, salaire | ingreso anual, ingresos, salario | renda anual, renda, salario", "income", money, (900, 70000), "wealth 0.85 age 0.2", 0.75),
    Field("partner", "coapplicant income, spouse income, other income | revenu conjoint | ingreso conyuge | renda conjuge", "income", money, (300, 30000), "wealth 0.4", 0.12),
    Field("months", "term, loan term months, duration, tenor | duree, duree mois | plazo, plazo meses | prazo, prazo meses", "number", money, (8, 60), "appetite 0.3", 0.4),
    Field("instalment", "installment, monthly payment, annuity | mensualite, echeance | cuota, cuota mensual | parcela, prestacao", "amount", quotient("loan", "months"), odds=0.25, latent="loan"),
    Field("burden", "debt to income, dti, loan to income | taux endettement, pret sur revenu | deuda ingreso | comprometimento renda", "amount_ratio", quotient("loan", "income"), odds=0.3, latent="loan"),
    Field("goods", "goods price, property value, collateral value, asset price | valeur bien, prix achat | valor bien, valor garantia | valor bem, valor garantia", "amount", money, (2000, 80000), "wealth 0.6 appetite 0.4", 0.2),
    Field("down", "down payment, deposit, own funds | apport, versement initial | enganche, pago inicial | entrada, sinal", "amount", money, (100, 8000), "wealth 0.6", 0.15),
    Field("rate", "interest rate, int rate, apr | taux interet, taux | tasa interes, tasa | taxa juros", "number", points, loads="wealth -0.5", odds=0.25),
    Field("limit", "credit limit, approved limit, total limit | plafond | limite credito | limite credito", "limit", money, (500, 20000), "wealth 0.7 age 0.3", 0.25),
    Field("usage", "utilisation, revolving utilization, balance to limit | taux utilisation | utilizacion, uso credito | utilizacao credito", "number", points, loads="appetite 0.6 wealth -0.2", odds=0.2),
    Field("balance", "revolving balance, outstanding debt, total debt | encours, dette totale | saldo deuda, deuda total | divida total, saldo devedor", "number", money, (300, 20000), "appetite 0.6 wealth 0.3", 0.2),
    Field("bureau", "credit score, fico, bureau score, ext score | score credit, note bureau | puntaje credito, score buro | score credito, score bureau", "trust_signal", points, loads="wealth 0.6 age 0.3 appetite -0.3", odds=0.45),
    Field("history", "credit history months, oldest account age, earliest line months, months on file | anciennete credit | antiguedad credito | tempo historico credito", "account_age", days, (400, 5000), "age 0.7", 0.3),
    Field("job_time", "employment length, days employed, years in job | anciennete emploi | antiguedad laboral, tiempo empleo | tempo emprego", "account_age", days, (300, 3000), "age 0.6 wealth 0.2", 0.4),
    Field("hired", "employment start, hire date | date embauche | fecha ingreso empleo | data admissao", "opened", since, odds=0.08, latent="job_time"),
    Field("home_time", "months at address, residence since, years at residence | anciennete logement | tiempo residencia | tempo residencia", "account_age", days, (200, 3000), "age 0.5", 0.25),
    Field("bank_time", "months as customer, bank tenure, relationship months | anciennete client, anciennete banque | antiguedad cliente | tempo relacionamento", "account_age", days, (150, 3000), "age 0.5", 0.25),
    Field("enquiries", "inquiries 6m, credit inquiries, enquiries last month, bureau requests | demandes credit 6m | consultas 6m, consultas buro | consultas 6m, consultas credito", "velocity", count, (1.1, 3), "appetite 0.5", 0.35),
    Field("recent_loans", "loans last 30d, open loans recent, new accounts 3m | prets recents, nouveaux comptes | prestamos recientes | emprestimos recentes", "velocity", count, (0.5, 1.8), "appetite 0.5", 0.25),
    Field("open_loans", "open accounts, num credits, existing loans | credits en cours, nb credits | creditos abiertos | creditos ativos", "number", count, (2, 9), "appetite 0.5 age 0.3", 0.3),
    Field("late", "delinquencies 2y, late payments, days past due, past defaults | impayes, retards paiement | atrasos, morosidad | atrasos, inadimplencias", "risk_signal", count, (0.3, 1.2), "wealth -0.4", 0.3),
    Field("returned", "returned payments, bounced payments, nsf count | rejets prelevement | pagos devueltos | pagamentos devolvidos", "risk_signal", count, (0.1, 1.1), "wealth -0.3", 0.12),
    Field("requests", "applications 7d, requests same phone, applications same device, duplicate requests | demandes 7j | solicitudes 7d | pedidos 7d", "velocity", count, (0.3, 1.3), "", 0.2),
    Field("verified", "income verified, documents verified, verification status, payslip checked | revenu verifie, justificatifs verifies | ingresos verificados | renda verificada", "trust_signal", flag, (0.4, 0.9), "", 0.3),
    Field("job_known", "employer verified, employer known, work phone provided | employeur verifie | empleador verificado | empregador verificado", "trust_signal", flag, (0.5, 0.93), "", 0.2),
    Field("papers", "documents provided, num documents, papers submitted | documents fournis, nb justificatifs | documentos entregados | documentos entregues", "trust_signal", count, (2, 6), "", 0.12),
    Field("mismatch", "address mismatch, city mismatch, reg city not work city, data mismatch | incoherence adresse | domicilio distinto | endereco divergente", "risk_signal", flag, (0.05, 0.25), "", 0.2),
    Field("night", "night", "risk_signal", flag, (0.03, 0.2), "digital 0.3", 0.08),
    Field("rejected", "previous rejections, refused applications, past refusals | refus precedents | rechazos previos | recusas anteriores", "risk_signal", count, (0.3, 1.2), "wealth -0.3", 0.15),
    Field("dependants", "dependents, num children, family members | enfants, personnes a charge | dependientes, hijos | dependentes, filhos", "number", count, (0.6, 1.6), "age 0.3", 0.2),
    Field("first_days", "days to first payment, first due days, days first default | jours premiere echeance | dias primer pago | dias primeira parcela", "number", days, (20, 45), "", 0.08),
    Field("drawn", "first month drawdown, share drawn, cash advance share | part retrait, tirage initial | retiro inicial | saque inicial", "risk_signal", points, loads="appetite 0.4", odds=0.12),
    Field("broker", "broker id, agent, dealer, branch, originator | courtier, apporteur, agence | corredor, agente, sucursal | corretor, agente, loja", "counterparty", pool("BR"), (5, 120), odds=0.35),
    Field("employer", "employer, company, employer name | employeur, entreprise | empleador, empresa | empregador, empresa", "counterparty", pool("Company "), (100, 2500), odds=0.15),
    Field("account", "bank account, iban, payout account | compte bancaire, iban | cuenta bancaria | conta bancaria", "account", code("FR76"), odds=0.2),
    Field("purpose", "purpose, loan purpose, reason | objet, motif pret | destino, proposito | finalidade, motivo", "category", choice("car, debt consolidation, home improvement, education, medical, business, appliances, holiday, other"), loads="appetite 0.4", odds=0.5),
    Field("work", "occupation, job, employment status, income type | profession, situation emploi | ocupacion, situacion laboral | ocupacao, situacao emprego", "category", choice("salaried, retired, civil servant, trader, student, self-employed, unemployed"), loads="age -0.4 wealth -0.4", odds=0.45),
    Field("housing", "home ownership, housing, residence | logement | vivienda | moradia", "category", choice("OWN, MORTGAGE, RENT, PARENTS, OTHER", True), loads="age -0.4 wealth -0.4", odds=0.4),
    Field("school", "education, education level | diplome, niveau etudes | educacion, escolaridad | escolaridade", "category", choice("university, secondary, technical, primary"), loads="wealth -0.5", odds=0.25),
    Field("marital", "marital status, family status | situation familiale | estado civil | estado civil", "category", choice("married, single, divorced, widowed, civil union"), loads="age -0.4", odds=0.25),
    Field("gender", "gender", "category", choice("M, F"), odds=0.2),
    Field("channel", "", "channel", choice("online, branch, phone, broker, app, dealer"), loads="digital 0.5", odds=0.3),
    Field("kind", "product type, loan type, contract type | type pret, produit | tipo prestamo, producto | tipo emprestimo, produto", "category", choice("cash, revolving, auto, mortgage, payday, leasing"), loads="wealth 0.3", odds=0.25),
)  # fmt: skip


def inflated_income(case: Case, rows: Rows) -> None:
    """The income fits the loan but not the age, the job or the housing; nobody checked the payslips."""
    case.scores["income"] = case.z("income")
    case.scores["income"][rows] = case.rng.normal(1.0, 0.6, len(rows)) * min(1.3, case.grip)
    case.push(rows, loan=1.2, job_time=-1.0, years=-0.7, verified=-1.2, housing=0.6, balance=0.5, down=-0.9)
    case.touched.update(("income", "loan", "years"))


def first_payment_default(case: Case, rows: Rows) -> None:
    """Somebody who never means to pay: largest loan they can get, longest term, all of it drawn in cash at once.

    Lenders commonly read a missed first instalment as fraud rather than bad luck.
    """
    case.push(
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


def bust_out(case: Case, rows: Rows) -> None:
    """A good record built patiently, then every limit used at once and payments that bounce."""
    case.push(
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


def loan_stacking(case: Case, rows: Rows) -> None:
    """Many lenders asked in the same days, before any of them has told the bureau."""
    case.push(rows, enquiries=1.9, recent_loans=1.7, requests=1.4, open_loans=0.6, loan=-0.3, night=0.7)
    if case.rng.random() < 0.5:
        case.ring(
            rows, ("loan", "income"), ("phone", "device", "account", "ip"), int(case.rng.integers(2, 5))
        )
        case.burst(rows, max(1, len(rows) // 4), 86_400)


def forged_employment(case: Case, rows: Rows) -> None:
    """Payslips from firms that exist on paper only: one employer, few numbers, round alike salaries."""
    case.ring(
        rows, ("income", "job_time", "loan"), ("employer", "phone", "place"), int(case.rng.integers(4, 25))
    )
    case.push(rows, job_known=-1.4, verified=-0.8, job_time=-1.0, income=0.9, mismatch=0.9)


def broker_collusion(case: Case, rows: Rows) -> None:
    """One broker's files are alike and too good: same amounts, same jobs, papers never refused."""
    case.ring(
        rows,
        ("loan", "income", "years", "purpose", "work", "goods"),
        ("broker", "place"),
        max(6, len(rows) // int(case.rng.integers(1, 5))),
    )
    case.push(rows, goods=0.9, bureau=0.4, down=-0.7, mismatch=0.6, channel=0.8)


def synthetic_borrower(case: Case, rows: Rows) -> None:
    """A person who exists only on file: short history, no late payment, contact details made up and shared.

    Source: Federal Reserve, Synthetic Identity Fraud in the U.S. Payment System, 2019.
    """
    case.blank(rows, str(case.rng.choice(("history", "employer", "late"))), case.rng.uniform(0, 0.6))
    case.push(
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
    case.restyle(rows, "email", int(case.rng.choice((1, 2, 4))), 0.7)
    case.ring(rows, (), ("phone", "address", "account", "device"), int(case.rng.integers(2, 8)))


def resubmitted(case: Case, rows: Rows) -> None:
    """A refused file sent again with a detail or two changed."""
    case.resubmit(rows, ("rejected", "requests", "income"), ("device", "phone", "account", "employer"))
    case.push(rows, rejected=1.7, requests=1.7, income=0.2)
    case.touched.update(("loan", "income", "years"))


def rich(case: Case, rows: Rows) -> None:
    """Large loans of people who can pay."""
    case.push(rows, loan=1.6, income=1.8, limit=1.4, goods=1.4, balance=0.8)


def young(case: Case, rows: Rows) -> None:
    """Students and first jobs: short past everywhere, low income."""
    case.push(rows, years=-1.5, income=-1.0, history=-1.4, job_time=-1.3, home_time=-1.0, bank_time=-0.6)


def struggling(case: Case, rows: Rows) -> None:
    """Honest people in trouble: late, in debt, asking everywhere."""
    case.push(rows, late=1.5, usage=1.3, enquiries=1.3, income=-0.8, returned=1.0, rejected=1.0)


def season(case: Case, rows: Rows) -> None:
    """School fees, holidays, an offer: many honest requests in a few days."""
    case.burst(rows, 2, 3 * 86_400)
    case.push(rows, purpose=0.6, loan=-0.4)


SETTING = Setting(
    "lending",
    12,
    FIELDS,
    (inflated_income, first_payment_default, bust_out, loan_stacking, forged_employment, broker_collusion, synthetic_borrower, resubmitted),
    (rich, young, struggling, season, household, office, returning),
    columns=(6, 32),
)  # fmt: skip


def simulate(seed: int, rows: int | None) -> SimulatedTable:
    """One table of loan applications; at random 1,000 to 8,000 rows when ``rows`` is None."""
    return build(SETTING, seed, rows)
