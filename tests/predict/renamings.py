"""How five owners would have called the same columns: by role, written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

VARIANTS = ("english", "abbreviated", "french", "spanish", "camelCase")

_NAMES = """
row_id | transaction_reference | txn_ref | ref_operation | folio_operacion | transactionReference
time | occurred_at | tx_ts | horodatage | fecha_hora | occurredAt
step | time_step | tstep | pas | paso | timeStep
hour | hour_of_day | tx_hr | heure | hora | hourOfDay
weekday | day_of_week | dow | jour_semaine | dia_semana | dayOfWeek
month | month | mth | mois | mes | month
opened | account_opened_on | acct_open_dt | date_ouverture | fecha_apertura | accountOpenedOn
account_age | account_age_days, payment_method_age_days, address_age_months, customer_tenure | acct_age, card_age, addr_age, cust_tenure | anciennete_compte, anciennete_moyen_paiement, anciennete_adresse, anciennete_client | antiguedad_cuenta, antiguedad_medio_pago, antiguedad_domicilio, antiguedad_cliente | accountAgeDays, paymentMethodAgeDays, addressAgeMonths, customerTenure
birth | date_of_birth | dob | date_naissance | fecha_nacimiento | dateOfBirth
age | customer_age | cust_age | age_client | edad | customerAge
amount | transaction_amount, amount_two, amount_three, amount_four | tx_amt, amt_2, amt_3, amt_4 | montant, montant_2, montant_3, montant_4 | importe, importe_2, importe_3, importe_4 | transactionAmount, amountTwo, amountThree, amountFour
amount_usual | average_amount | avg_amt | montant_moyen | importe_medio | averageAmount
amount_ratio | amount_ratio | amt_ratio | ratio_montant | ratio_importe | amountRatio
limit | credit_limit | crd_lim | plafond | limite_credito | creditLimit
income | monthly_income | mthly_inc | revenu_mensuel | ingresos | monthlyIncome
balance_before | balance_before | old_bal_orig | solde_avant | saldo_anterior | balanceBefore
balance_after | balance_after | new_bal_orig | solde_apres | saldo_posterior | balanceAfter
counter_balance_before | receiver_balance_before | old_bal_dest | solde_avant_beneficiaire | saldo_anterior_destino | receiverBalanceBefore
counter_balance_after | receiver_balance_after | new_bal_dest | solde_apres_beneficiaire | saldo_posterior_destino | receiverBalanceAfter
customer | customer_id | cust_id | id_client | id_cliente | customerId
counterparty | merchant_id, terminal_id | mrch_id, term_id | id_marchand, id_terminal | id_comercio, id_terminal | merchantId, terminalId
payee | beneficiary_id | benef_id | id_beneficiaire | id_beneficiario | beneficiaryId
card | card_number | card_no | numero_carte | numero_tarjeta | cardNumber
account | account_number | acct_no | numero_compte | numero_cuenta | accountNumber
device | device_id | dev_id | id_appareil | id_dispositivo | deviceId
ip | ip_address | ip_addr | adresse_ip | direccion_ip | ipAddress
email | email_address | eml | courriel | correo | emailAddress
phone | phone_number | tel_no | telephone | telefono | phoneNumber
user_agent | user_agent | usr_agt | agent_utilisateur | agente_usuario | userAgent
address | billing_address | addr | adresse | direccion | billingAddress
person_name | full_name, last_name | cust_nm, cust_ln | nom_client, nom_famille | nombre_completo, apellido | fullName, lastName
country | country_code | ctry | pays | pais | countryCode
region | state_province | st_prov | region | provincia | stateProvince
city | city_name | cust_city | ville | ciudad | cityName
zip | postal_code | zip_cd | code_postal | codigo_postal | postalCode
counter_country | destination_country | dest_ctry | pays_destination | pais_destino | destinationCountry
counter_city | merchant_city | mrch_city | ville_marchand | ciudad_comercio | merchantCity
latitude | home_latitude | lat | latitude | latitud | homeLatitude
longitude | home_longitude | lon | longitude | longitud | homeLongitude
counter_latitude | merchant_latitude | mrch_lat | latitude_marchand | latitud_comercio | merchantLatitude
counter_longitude | merchant_longitude | mrch_lon | longitude_marchand | longitud_comercio | merchantLongitude
distance | distance_from_home, distance_from_last | dist_km, dist_last | distance_domicile, distance_precedente | distancia_casa, distancia_anterior | distanceFromHome, distanceFromLast
channel | payment_channel | chnl | canal | canal | paymentChannel
category | transaction_type, product_category, category_code, segment, payment_method, job_title, gender, group_code | tx_typ, prod_cat, cat_cd, segm, pm_typ, job_ttl, sx, grp | type_operation, categorie_produit, categorie, segment, moyen_paiement, profession, sexe, groupe | tipo_operacion, categoria_producto, categoria, segmento, medio_pago, ocupacion, sexo, grupo | transactionType, productCategory, categoryCode, segment, paymentMethod, jobTitle, gender, groupCode
currency | currency_code | ccy | devise | moneda | currencyCode
velocity | tx_count_last24h, tx_count_last7d, requests_last6h, item_count | cnt_tx_24h, cnt_tx_7d, cnt_req_6h, cnt_items | nb_operations_24h, nb_operations_7j, nb_demandes_6h, nb_articles | num_operaciones_24h, num_operaciones_7d, num_solicitudes_6h, num_articulos | txCountLast24h, txCountLast7d, requestsLast6h, itemCount
velocity_sum | amount_last24h, amount_last7d | sum_amt_24h, sum_amt_7d | montant_cumule_24h, montant_cumule_7j | importe_acumulado_24h, importe_acumulado_7d | amountLast24h, amountLast7d
risk_flag | is_foreign, is_declined, high_risk_country, is_vpn, is_new_device, is_online, address_mismatch | is_frgn, is_decl, hi_risk_ctry, is_vpn, new_dev, is_online, addr_mism | est_etranger, est_refuse, pays_a_risque, est_vpn, nouvel_appareil, en_ligne, adresse_differente | es_extranjero, es_rechazado, pais_alto_riesgo, es_vpn, dispositivo_nuevo, en_linea, direccion_distinta | isForeign, isDeclined, highRiskCountry, isVpn, isNewDevice, isOnline, addressMismatch
risk_number | risk_score, decline_count, chargeback_count, previous_frauds, late_payments, failed_attempts, alert_count | risk_scr, cnt_decl, cnt_chbk, prev_frd, cnt_late, cnt_fail, n_alrt | score_risque, nb_refus, nb_impayes, fraudes_passees, nb_retards, nb_echecs, nb_alertes | puntaje_riesgo, num_rechazos, num_contracargos, fraudes_previos, num_atrasos, intentos_fallidos, num_alertas | riskScore, declineCount, chargebackCount, previousFrauds, latePayments, failedAttempts, alertCount
trust_flag | chip_used, pin_verified, is_verified | chip_used, pin_ok, is_verif | puce_utilisee, code_pin, verifie | uso_chip, uso_pin, verificado | chipUsed, pinVerified, isVerified
trust_number | trust_score, kyc_level, witness_count | trust_scr, kyc_lvl, n_witn | score_confiance, niveau_kyc, nb_temoins | puntaje_confianza, nivel_kyc, num_testigos | trustScore, kycLevel, witnessCount
flag | is_active, opt_in, newsletter, loyalty_member | is_actv, opt_in, nwsltr, lylty | est_actif, abonne, newsletter, fidelite | activo, suscrito, boletin, lealtad | isActive, optIn, newsletter, loyaltyMember
"""
_BOOK = {
    line.split(" | ")[0]: [[name.strip() for name in part.split(",")] for part in line.split(" | ")[1:]]
    for line in _NAMES.strip().splitlines()
}


def renamed(
    frame: pl.DataFrame, roles: Mapping[str, str], variant: str, *, payees: bool = False
) -> dict[str, str]:
    """Column -> its name in another's words; a column the book has no (more) names for keeps its own.

    Args:
        frame: typed table, whose values decide between names of one role: a flag is not called a count.
        roles: what its columns mean.
        variant: one of `VARIANTS`.
        payees: whether the counterparty is a payee rather than a shop.
    """
    taken = {name.lower() for name in frame.columns}
    out: dict[str, str] = {}
    for column in frame.columns:
        entry = _entry(frame[column], roles[column])
        names = _BOOK.get("payee" if payees and entry == "counterparty" else entry)
        free = [
            name
            for name in (names[VARIANTS.index(variant)] if names else [])
            if name.lower() not in taken and name not in out.values()
        ]
        out[column] = free[0] if free else column
    return out


def _entry(values: pl.Series, role: str) -> str:
    if role == "time" and values.dtype.is_numeric() and float(values.max() or 0) < 3e8:  # type: ignore[arg-type]
        return "step"
    if role in {"risk_signal", "trust_signal"}:
        kind = "flag" if values.drop_nulls().n_unique() <= 2 else "number"
        return f"{role.removesuffix('_signal')}_{kind}"
    if role == "velocity" and values.dtype.is_float():
        return "velocity_sum"
    return role
