"""Well-known public fraud tables, from memory: the columns, made-up values, and the roles a person would give.

One line a column: name | values | roles that are right.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from vigie.roles.inference import infer

PUBLIC = {
    "banksim": """
step | step | time
customer | code | customer
age | age_text | age
gender | few | category
zipcodeOri | constant | none
merchant | code | counterparty
zipMerchant | constant | none
category | few | category
amount | money | amount
fraud | label | leak
""",
    "credit card, anonymous": """
Time | seconds | time
V1 | normal | number
V2 | normal | number
V28 | normal | number
Amount | money | amount
Class | label | leak
""",
    "fraud handbook": """
TRANSACTION_ID | counter | row_id
TX_DATETIME | when | time
CUSTOMER_ID | int_code | customer
TERMINAL_ID | int_code | counterparty
TX_AMOUNT | money | amount
TX_TIME_SECONDS | seconds | time
TX_TIME_DAYS | small | time number
TX_FRAUD | label | leak
TX_FRAUD_SCENARIO | few_int | leak risk_signal
""",
    "e-commerce": """
user_id | int_unique | customer
signup_time | old | opened
purchase_time | when | time
purchase_value | int_money | amount
device_id | code | device
source | few | channel
browser | few | category
sex | few | category
age | age | age
ip_address | big_float | ip number
class | label | leak
""",
    "ieee": """
TransactionID | int_unique | row_id
isFraud | label | leak
TransactionDT | seconds | time
TransactionAmt | money | amount
ProductCD | few | category
card1 | int_code | card
card4 | few | category
card6 | few | category
addr1 | int_code | region address zip
dist1 | money | distance
P_emaildomain | domains | category email
C1 | count | number
D1 | count | number
M1 | yesno | flag
V100 | normal | number
DeviceType | few | category channel
DeviceInfo | words_many | device category
""",
    "account opening (BAF)": """
fraud_bool | label | leak
income | share | income
name_email_similarity | share | trust_signal
prev_address_months_count | months | account_age
current_address_months_count | months | account_age
customer_age | age | age
days_since_request | share | number velocity
intended_balcon_amount | money | amount
payment_type | few | category
zip_count_4w | count_many | velocity
velocity_6h | money | velocity
velocity_24h | money | velocity
bank_branch_count_8w | count_many | velocity
date_of_birth_distinct_emails_4w | count | risk_signal
employment_status | few | category
credit_risk_score | score | risk_signal
email_is_free | label | risk_signal
housing_status | few | category
phone_home_valid | label | trust_signal
phone_mobile_valid | label | trust_signal
bank_months_count | months | account_age
has_other_cards | label | trust_signal
proposed_credit_limit | int_money | limit
foreign_request | label | risk_signal
source | few | channel
session_length_in_minutes | money | number
device_os | few | category channel
keep_alive_session | label | trust_signal
device_distinct_emails_8w | few_int | risk_signal
device_fraud_count | few_int | risk_signal
month | month | month
""",
    "insurance claims": """
months_as_customer | months | account_age
age | age | age
policy_number | int_unique | row_id account
policy_bind_date | old | opened
policy_state | few | region category
policy_csl | few | category
policy_deductable | few_int | number category
policy_annual_premium | money | amount_usual amount number
umbrella_limit | int_money | limit
insured_zip | zip | zip
insured_sex | few | category
insured_education_level | few | category
insured_occupation | few | category
insured_hobbies | few | category
capital-gains | int_money | number amount income
incident_date | day | time
incident_type | few | category
collision_type | few | category
incident_severity | damage | number risk_signal category
authorities_contacted | few | category
incident_state | few | counter_city region category city
incident_city | city | city counter_city
incident_location | street | address city counter_city
incident_hour_of_the_day | hour | hour
number_of_vehicles_involved | few_int | number
property_damage | yesno | flag category
bodily_injuries | few_int | risk_signal number
witnesses | few_int | trust_signal
police_report_available | yesno | trust_signal
total_claim_amount | int_money | amount
injury_claim | int_money | amount
property_claim | int_money | amount
vehicle_claim | int_money | amount
auto_make | few | category
auto_model | few | category
auto_year | year | number category
fraud_reported | yesno | leak
""",
    "health care providers": """
BeneID | code | customer
ClaimID | unique | row_id
ClaimStartDt | day | time
Provider | code | counterparty
InscClaimAmtReimbursed | int_money | amount
AttendingPhysician | code | category text counterparty
DeductibleAmtPaid | few_int | number amount
DOB | birth | birth
Gender | few_int2 | category flag
State | state_int | region category
County | int_code | region
NoOfMonths_PartACov | small | number
PotentialFraud | yesno | leak
""",
    "aml transfers (IBM)": """
Timestamp | when | time
From Bank | int_code | category
Account | code | account customer
To Bank | int_code | category
Account.1 | code | counterparty
Amount Received | money | amount
Receiving Currency | words_few | currency
Amount Paid | money | amount
Payment Currency | words_few | currency
Payment Format | few | category
Is Laundering | label | leak
""",
    "amazon-like synthetic cards": """
Transaction ID | uuid | row_id
Customer ID | uuid_code | customer
Transaction Amount | money | amount
Transaction Date | when | time
Payment Method | few | category
Product Category | few | category
Quantity | count | velocity number
Customer Age | age | age
Customer Location | words_many | city
Device Used | few | channel category
IP Address | ip | ip
Shipping Address | street | address
Billing Address | street | address
Is Fraudulent | label | leak
Account Age Days | months | account_age
Transaction Hour | hour | hour
""",
    "pix, in Portuguese": """
id_transacao | uuid | row_id
data_hora | when | time
cpf_pagador | digits | customer
chave_pix_recebedor | code | counterparty
valor | money | amount
banco_origem | few | category
banco_destino | few | category
saldo_anterior | money | balance_before
saldo_posterior | money | balance_after
dispositivo_id | code | device
conta_nova | label | risk_signal flag
tempo_de_conta_dias | months | account_age
qtd_transacoes_24h | count | velocity
cidade | city | city
fraude | label | leak
""",
    "upi": """
Transaction ID | unique | row_id
Timestamp | when | time
Sender Name | person | person_name customer
Sender UPI ID | vpa | customer email
Receiver Name | person | counterparty
Receiver UPI ID | vpa | counterparty email
Amount (INR) | money | amount
Status | few | category
""",
    "mobile money, Nigeria": """
transaction_ref | unique | row_id
txn_time | when | time
sender_msisdn | digits | customer phone
receiver_msisdn | digits | counterparty
amount_ngn | money | amount
channel | few | channel
agent_code | code | counterparty category
sim_swap_flag | label | risk_signal
sender_balance_before | money | balance_before
sender_balance_after | money | balance_after
kyc_level | few_int | trust_signal
lga | words_many | city region category
""",
    "loans": """
SK_ID_CURR | int_unique | row_id customer
TARGET | label | leak
NAME_CONTRACT_TYPE | few | category
CODE_GENDER | few | category
FLAG_OWN_CAR | yesno | flag
CNT_CHILDREN | few_int | number category
AMT_INCOME_TOTAL | money | income
AMT_CREDIT | money | amount limit
AMT_ANNUITY | money | amount
DAYS_BIRTH | negative | birth age number
OCCUPATION_TYPE | few | category
ORGANIZATION_TYPE | few | category
EXT_SOURCE_1 | share | number
""",
    "fintech, French": """
date_operation | when | time
heure_operation | hour | hour
identifiant_client | code | customer
iban_beneficiaire | code | counterparty
montant_eur | money | amount
plafond_journalier | int_money | limit
ville_beneficiaire | city | counter_city
adresse_ip | ip | ip
nouvel_appareil | label | risk_signal
authentification_forte | yesno | trust_signal
nb_operations_7j | count | velocity
signalement_fraude | label | leak
""",
    "chargebacks (Brazilian acquirer)": """
transaction_id | int_unique | row_id
merchant_id | int_code | counterparty
user_id | int_code | customer
card_number | masked | card
transaction_date | when | time
transaction_amount | money | amount
device_id | int_code | device
has_cbk | yesno | leak
""",
    "cards, dates in parts": """
User | int_code | customer
Card | small | category number card
Year | year | year
Month | month_number | month
Day | day_number | day
Time | day_seconds | hour
Amount | money | amount
Merchant Name | int_code | counterparty
MCC | int_code | category
Is Fraud? | yesno | leak
""",
    "one year of sales": """
Txn Month | month_name | month
Txn Day | day_number | day
Txn Hour | hour | hour
Cardholder | code | customer
Amt (USD) | money | amount
""",
    "days counted": """
day | day_number | day
customer | code | customer
amount | money | amount
""",
    "ransoms": """
address | code | account customer address category
year | year | year
day | day_of_year | day
length | months | number
count | count | velocity
income | int_money | income
""",
    "a date, and its parts again": """
timestamp | when | time
year | year | number category
month | month_number | month
day | day_number | day number
amount | money | amount
""",
    "a date, and 1435 for 14:35": """
TransactionDate | day | time
TransactionTime | clock_number | hour
amount | money | amount
account_no | int_code | account
""",
    "phone calls": """
caller_id | code | customer
callee_id | digits | counterparty
call_start_time | when | time
call_duration | int_money | number
Day Mins | money | number
Day Calls | count_many | velocity number
cost | money | amount
""",
    "addresses of a chain": """
Sent tnx | count_many | number
Received Tnx | count_many | number
Unique Sent To Addresses | count_many | number
Number of Created Contracts | count_many | velocity
total transactions (including tnx to create contract | count_many | number
Time Diff between first and last (Mins) | money | number
avg val sent | money | amount_usual
""",
    "logins": """
Login Timestamp | when | time
User ID | int_code | customer
IP Address | ip | ip
Login Successful | yesno | flag
last_login_date | old | time opened
""",
    "aml transfers, names made distinct by polars": """
Timestamp | when | time
Account | code | account
Account_duplicated_0 | code | counterparty
Amount Paid | money | amount
is_flagged | label | leak
""",
    "loan applications": """
customer_id | code | customer
loan_tenure_months | months | number
Loan Term | small | number
loan_amount | money | amount
time_since_last_transaction | normal | number
""",
    "card numbers on the back": """
customerId | int_code | customer
cardCVV | int_code | text
enteredCVV | int_code | text
cvv_match | label | trust_signal
""",
    "two customers, one an e-mail address": """
custAttr1 | digits | customer
custAttr2 | vpa | account customer
amount | money | amount
""",
    "payments by a number": """
upi_number | digits | customer
trans_amount | money | amount
""",
    "yearly amounts of a patient": """
BeneID | code | customer
Provider | code | counterparty
InscClaimAmtReimbursed | money | amount
IPAnnualReimbursementAmt | money | amount_usual
amount_std_total | money | amount_usual
""",
    "misleading": """
Class | cabin | category
Previous_Fraudulent_Transactions | few_int | risk_signal
merchant | fraud_names | counterparty
paid_id | money | amount
amount_flag | label | flag category
time | few_int | number category
status | verdicts | leak
chargeback_date | sparse_date | leak
fraud_investigation_status | few | leak
sans_contact | yesno | flag
no_pin | label | risk_signal
not_verified | label | risk_signal
""",
}
"""Name of the table -> its columns."""


@pytest.mark.parametrize("table", PUBLIC)
def test_a_public_schema_gets_the_roles_a_person_would_give(
    table: str, fill: Callable[..., pl.DataFrame]
) -> None:
    """Every column gets one of the roles written beside it."""
    lines = [[part.strip() for part in line.split("|")] for line in PUBLIC[table].strip().splitlines()]
    roles = infer(fill({name: values for name, values, _ in lines}))
    wrong = {
        name: (roles.of(name).role, right)
        for name, _, right in lines
        if roles.of(name).role not in right.split()
    }
    assert not wrong


@pytest.mark.parametrize(
    ("role", "best", "others"),
    [
        ("time", "click_time when", "attributed_time sparse_date"),
        ("time", "ClaimStartDt day", "DischargeDt sparse_date"),
        ("time", "Login Timestamp when", "Round-Trip Time [ms] int_money"),
        ("time", "block_timestamp when", "block_number counter"),
        ("amount", "value money", "gas_price money"),
        ("amount", "order_amount money", "fee_amount money"),
    ],
)
def test_of_several_the_best_comes_first(
    role: str, best: str, others: str, fill: Callable[..., pl.DataFrame]
) -> None:
    """A moment that most rows have, and what was paid rather than what paying cost."""
    columns = dict(column.rsplit(" ", 1) for column in (best, others))
    assert infer(fill(columns)).first(role) == best.rsplit(" ", 1)[0]
