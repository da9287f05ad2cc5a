"""Roles come from names and values together, and from nothing that a user may shuffle."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vigie.errors import NotFound, UnknownColumn
from vigie.roles.inference import ColumnRole, Roles, infer
from vigie.table import parse

Fill = Callable[..., pl.DataFrame]
FOLDER = Path(os.environ.get("VIGIE_EVALUATION_DATA") or Path(__file__).parents[3] / "shared" / "data")

SHARED = {
    "amlsim_20k": "sourceNodeId customer, targetNodeId counterparty, value amount, time time, isFraud_tx leak",
    "aws_auto_insurance_2k": """
        first_name person_name, last_name person_name, date_of_birth birth, num_witnesses trust_signal,
        police_report_available none, injury_claim amount, vehicle_claim amount, incident_hour hour, customer_age age,
        num_claims_past_year risk_signal, EVENT_LABEL leak, EVENT_TIMESTAMP time, EVENT_ID row_id, ENTITY_ID customer,
        incident_type category, incident_severity number, policy_annual_premium amount_usual""",
    "aws_registration_2k": """
        ip_address ip, email_address email, billing_state region, user_agent user_agent, billing_postal zip,
        phone_number phone, EVENT_TIMESTAMP time, billing_address address, EVENT_LABEL leak""",
    "aws_transaction_2k": """
        EVENT_LABEL leak, EVENT_TIMESTAMP time, LABEL_TIMESTAMP leak, EVENT_ID row_id, ENTITY_TYPE none,
        ENTITY_ID customer, card_bin card, customer_name person_name, billing_street address, billing_city city,
        billing_state region, billing_zip zip, billing_latitude latitude, billing_longitude longitude,
        billing_country none, customer_job category, ip_address ip, customer_email email, billing_phone phone,
        user_agent user_agent, product_category category, order_price amount, payment_currency currency,
        merchant counterparty""",
    "card_transdata_2k5": """
        distance_from_home distance, distance_from_last_transaction distance,
        ratio_to_median_purchase_price amount_ratio, repeat_retailer trust_signal, used_chip trust_signal,
        used_pin_number trust_signal, online_order risk_signal, fraud leak""",
    "creditcard_present_3k": """
        Merchant_id counterparty, Transaction date none, Average Amount/transaction/day amount_usual,
        Transaction_amount amount, Is declined risk_signal, Total Number of declines/day risk_signal,
        isForeignTransaction risk_signal, isHighRiskCountry risk_signal, Daily_chargeback_avg_amt risk_signal,
        6_month_avg_chbk_amt risk_signal, 6-month_chbk_freq risk_signal, isFradulent leak""",
    "fraud_detection_51k": """
        Transaction_ID row_id, User_ID customer, Transaction_Amount amount, Transaction_Type category,
        Time_of_Transaction hour, Device_Used channel, Location city, Previous_Fraudulent_Transactions risk_signal,
        Account_Age account_age, Number_of_Transactions_Last_24H velocity, Payment_Method category, Fraudulent leak""",
    "fraude_cartao_pt_5k": """
        valor_transacao amount, tempo_transacao hour, num_transacoes_mes velocity, origem_internacional risk_signal,
        cartao_virtual risk_signal, fraude leak""",
    "payment_fraud_39k": """
        accountAgeDays account_age, numItems velocity, localTime hour, paymentMethod category,
        paymentMethodAgeDays account_age, Category category, isWeekend weekday, label leak""",
    "paysim_10k_si_no": """
        step time, type category, amount amount, nameOrig customer, oldbalanceOrg balance_before,
        newbalanceOrig balance_after, nameDest counterparty, oldbalanceDest counter_balance_before,
        newbalanceDest counter_balance_after, isFraud leak, isFlaggedFraud leak""",
    "s_ffsd": "Time time, Source customer, Target counterparty, Amount amount, Location city, Type category, Labels leak",
    "sparkov_generated": """
        trans_date_trans_time time, cc_num card, merchant counterparty, category category, amt amount,
        first person_name, last person_name, gender category, street address, city city, state region, zip zip,
        lat latitude, long longitude, city_pop number, job category, dob birth, trans_num row_id, unix_time time,
        merch_lat counter_latitude, merch_long counter_longitude, is_fraud leak""",
    "vehicle_claims_oracle": """
        Month month, DayOfWeek weekday, Make category, AccidentArea category, Sex category, MaritalStatus category,
        Age age, Fault category, PolicyType category, VehiclePrice number, FraudFound_P leak, PolicyNumber row_id,
        RepNumber category, Deductible number, Days_Policy_Accident account_age, Days_Policy_Claim account_age,
        PastNumberOfClaims risk_signal, AgeOfVehicle number, AgeOfPolicyHolder age, PoliceReportFiled trust_signal,
        WitnessPresent trust_signal, NumberOfSuppliments risk_signal, AddressChange_Claim account_age,
        NumberOfCars number, BasePolicy category""",
}
"""What a person would say of the columns (never of the labels) of the tables Vigie is measured on."""

MIXED = {
    "ts": "when", "user_id": "code", "payee": "int_code", "amount": "money", "channel": "few", "ip": "ip",
    "city": "city", "balance_before": "money", "balance_after": "money", "kyc_verified": "label", "c1": "normal",
}  # fmt: skip


@pytest.mark.skipif(
    not FOLDER.exists(), reason=f"NO EVALUATION TABLES at {FOLDER}: roles of real tables unchecked"
)
@pytest.mark.parametrize("table", SHARED)
def test_the_columns_of_a_real_table_get_their_roles(table: str) -> None:
    """The roles of every table of the evaluation folder, as a knowledgeable person would give them."""
    roles = infer(parse(pl.read_parquet(FOLDER / f"{table}.parquet")))
    expected = dict(pair.strip().rsplit(" ", 1) for pair in SHARED[table].split(","))
    assert {column: roles.of(column).role for column in expected} == expected


def test_the_order_of_columns_changes_nothing(fill: Fill) -> None:
    """A role belongs to the column wherever it stands."""
    frame = fill(MIXED)
    forth, back = infer(frame), infer(frame.select(reversed(frame.columns)))
    assert {column: forth.of(column) for column in frame.columns} == {
        column: back.of(column) for column in frame.columns
    }


@pytest.mark.parametrize("rows", [1000, 20_000])
def test_the_order_of_rows_changes_no_role(fill: Fill, rows: int) -> None:
    """Shuffled rows, same roles: also when only a sample is looked at."""
    frame = fill(MIXED, rows=rows)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    assert [c.role for c in infer(frame).columns] == [c.role for c in infer(shuffled).columns]


def test_a_rare_flag_beyond_the_sample_is_not_constant() -> None:
    """One row in a hundred thousand may be what counts."""
    frame = pl.DataFrame({"is_vpn": [0] * 99_999 + [1], "nothing": [0] * 100_000})
    roles = infer(frame)
    assert roles.of("is_vpn").role == "risk_signal"
    assert roles.of("nothing").role == "none"


@pytest.mark.parametrize(
    ("name", "values", "direction"),
    [
        ("declined_count", "count", 1),
        ("isForeign", "label", 1),
        ("pays_a_risque", "label", 1),
        ("chip_used", "label", -1),
        ("telefono_verificado", "label", -1),
        ("not_verified", "label", 1),
        ("no_pin", "label", 1),
        ("sans_contact", "label", 0),
        ("account_age_days", "months", -1),
        ("nb_operations_24h", "count", 1),
        ("credit_score", "score", -1),
        ("previous_fraud_count", "count", 1),
        ("V14", "normal", 0),
        ("distancia_km", "money", 1),
        ("months_as_customer", "months", -1),
    ],
)
def test_direction_follows_the_words(fill: Fill, name: str, values: str, direction: int) -> None:
    """Riskier when higher, safer when higher, or unknown."""
    assert infer(fill({name: values})).of(name).direction == direction


def test_without_names_only_safe_roles_are_inferred(fill: Fill) -> None:
    """Values alone find moments, addresses, people and money; anonymous numbers stay numbers."""
    kinds = {
        "c0": "unique",
        "c1": "when",
        "c2": "ip",
        "c3": "vpa",
        "c4": "code",
        "c5": "money",
        "c6": "few",
        "V1": "normal",
    }
    roles = infer(fill(kinds))
    found = {column: roles.of(column).role for column in kinds}
    assert found == {
        "c0": "row_id", "c1": "time", "c2": "ip", "c3": "customer", "c4": "counterparty", "c5": "amount",
        "c6": "category", "V1": "number",
    }  # fmt: skip


def test_the_actor_is_the_entity_that_comes_back(fill: Fill) -> None:
    """The customer, else whatever stands for him; a column with repeats before one without."""
    assert infer(fill({"card_number": "code", "amount": "money"})).actor() == "card_number"
    assert infer(fill({"user_id": "int_unique", "device_id": "code"})).actor() == "device_id"
    assert infer(fill({"user_id": "int_unique", "full_name": "person"})).actor() == "user_id"
    assert infer(fill({"amount": "money"})).actor() is None
    assert infer(fill({"shop": "code", "amount": "money"})).counterpart() == "shop"


@pytest.mark.parametrize("rows", [3001, 4000, 7001])
def test_a_number_unique_on_every_row_is_recognised_from_a_sample(rows: int) -> None:
    """No row is looked at twice, or its number would seem to come back."""
    roles = infer(pl.DataFrame({"column_0": range(rows), "amount": [i % 977 / 7 for i in range(rows)]}))
    assert roles.of("column_0").role == "row_id"


def test_a_unique_customer_is_recognised(fill: Fill) -> None:
    """It is still the customer, but has no history."""
    column = infer(fill({"customer_id": "int_unique"})).of("customer_id")
    assert column.role == "customer"
    assert "unique on every row" in column.reasons


def test_the_user_knows_better(fill: Fill) -> None:
    """Overrides win, and are refused when they name what does not exist."""
    frame = fill(MIXED)
    roles = infer(frame, {"c1": "amount", "amount": "none"})
    assert (roles.of("c1").role, roles.of("c1").confidence, roles.of("amount").role) == (
        "amount",
        1.0,
        "none",
    )
    with pytest.raises(UnknownColumn):
        infer(frame, {"amuont": "amount"})
    with pytest.raises(NotFound, match="no role 'montant'"):
        infer(frame, {"amount": "montant"})
    with pytest.raises(UnknownColumn):
        roles.of("amuont")


def test_a_table_without_a_named_amount_has_one_where_only_one_column_can_be_it(fill: Fill) -> None:
    """The gross salary of a payroll, the only signed number of a wallet; of two signed numbers neither."""
    rows = 400
    pay = [1000.0 + i * 37 % 1009 for i in range(rows)]
    table = {
        "Employee ID": [f"E{i % 40}" for i in range(rows)],
        "UTC Time": [f"2024-{1 + i // 40:02}-01" for i in range(rows)],
    }
    payroll = pl.DataFrame(table | {"Gross salary": pay, "Net salary": [0.8 * one for one in pay]})
    assert infer(parse(payroll)).all("amount") == ("Gross salary",)
    wallet = pl.DataFrame(table | {"Change": [(-1) ** i * one / 1000 for i, one in enumerate(pay)]})
    assert infer(parse(wallet)).all("amount") == ("Change",)
    assert infer(parse(wallet.with_columns(pl.col("Change").reverse().alias("Shift")))).all("amount") == ()


def test_best_first_and_ties_by_name() -> None:
    """`all` orders by confidence, then by name."""
    roles = Roles(
        tuple(
            ColumnRole(name, "amount", score, (), 0) for name, score in [("b", 0.5), ("c", 0.9), ("a", 0.5)]
        )
    )
    assert roles.all("amount") == ("c", "a", "b")
    assert roles.first("amount") == "c"
    assert roles.first("time") is None


def test_json_and_back(fill: Fill) -> None:
    """Nothing is lost on the way through a bundle."""
    roles = infer(fill(MIXED))
    assert Roles.from_json(json.loads(json.dumps(roles.to_json()))) == roles


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(),
        pl.DataFrame({"amount": pl.Series([], dtype=pl.Float64), "name": pl.Series([], dtype=pl.String)}),
        pl.DataFrame({"amount": [None, None], "when": [None, None]}),
        pl.DataFrame({"amount": [1.5], "client": ["a"]}),
        pl.DataFrame({"amount": [float("nan"), float("inf"), -float("inf")], "": ["x", "y", "z"]}),
        pl.DataFrame({"tags": [["a"], ["b"]], "é à": [b"x", b"y"], "#": ["1", "2"]}),
        pl.DataFrame(
            {"t": pl.Series(["a", "b"], dtype=pl.Categorical), "d": pl.Series([0, 1]).cast(pl.Duration("us"))}
        ),
        pl.DataFrame(
            {"heure": pl.Series([1, 2]).cast(pl.Time), "n": pl.Series(["1.5", "2"]).cast(pl.Decimal(5, 2))}
        ),
    ],
    ids=range(8),
)
def test_odd_tables_are_survived(frame: pl.DataFrame) -> None:
    """Empty, constant, nested or strange: every column gets a role."""
    assert [column.column for column in infer(frame).columns] == frame.columns


@pytest.mark.parametrize("seconds", [True, False], ids=["10:35:19", "10:35"])
@pytest.mark.parametrize("dated", [True, False], ids=["beside a date", "alone"])
def test_a_table_without_rows_at_night(seconds: bool, dated: bool) -> None:
    """A shop's times of day cover no night. Beside a date they are still the time of day; alone only where minutes are whole,
    since whole seconds may be counted from anywhere."""
    rows = 3000
    clock = [f"{8 + i * 7 % 11:02}:{i * 13 % 60:02}" + f":{i * 17 % 60:02}" * seconds for i in range(rows)]
    columns = {"Time": clock, "Amount": [i * 37 % 1009 / 4 for i in range(rows)]}
    if dated:
        columns = {"Date": [f"2024-{1 + i // 300:02}-{1 + i % 28:02}" for i in range(rows)]} | columns
    roles = {column.column: column.role for column in infer(parse(pl.DataFrame(columns))).columns}
    assert roles["Time"] == ("hour" if dated or not seconds else "time")
    assert roles.get("Date", "time") == "time"


def test_an_hour_is_one_by_its_name_and_a_label_by_how_often_it_comes_back() -> None:
    """`Heure` of a shop that is closed at night; `Libellé` that says one of three things names a kind of operation."""
    rows = 600
    frame = pl.DataFrame(
        {
            "Heure": [f"{8 + i * 7 % 11:02}:{i * 13 % 60:02}:{i * 17 % 60:02}" for i in range(rows)],
            "Montant": [i * 37 % 1009 / 4 for i in range(rows)],
            "Libellé": ["VIREMENT SEPA", "PRLV EDF", "RETRAIT DAB"] * 200,
            "Commentaire": [f"facture {i} payée" for i in range(rows)],
        }
    )
    roles = {column.column: column.role for column in infer(parse(frame)).columns}
    assert roles == {"Heure": "hour", "Montant": "amount", "Libellé": "category", "Commentaire": "text"}
