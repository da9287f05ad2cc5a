"""How four other owners would have called the same columns: by role, written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

VARIANTS = ("abbreviated", "french", "spanish", "camelCase")

_NAMES = """
row_id | txn_ref | numero_piece | folio | transactionReference
time | tx_ts | horodatage | fecha_hora | occurredAt
step | tstep | pas | paso | timeStep
hour | tx_hr | heure | hora | hourOfDay
weekday | dow | jour_semaine | dia_semana | dayOfWeek
month | mth | mois | mes | month
opened | acct_open_dt | date_ouverture | fecha_apertura | accountOpenedOn
account_age | acct_age_d, pm_age_d, addr_age_m, tenure_m | anciennete_compte, anciennete_moyen_paiement, anciennete_adresse, anciennete_client | antiguedad_cuenta, antiguedad_medio_pago, antiguedad_domicilio, antiguedad_cliente | accountAgeDays, paymentMethodAgeDays, addressAgeMonths, customerTenure
birth | dob | date_naissance | fecha_nacimiento | dateOfBirth
age | cust_age | age_client | edad | customerAge
amount | tx_amt, fee_amt, tax_amt, amt_2 | montant, frais, taxe, montant_2 | importe, comision, impuesto, importe_2 | transactionAmount, feeAmount, taxAmount, amountTwo
amount_usual | avg_amt | montant_moyen | importe_medio | averageAmount
amount_ratio | amt_ratio | ratio_montant | ratio_importe | amountRatio
limit | crd_lim | plafond | limite_credito | creditLimit
income | inc | revenu_mensuel | ingresos | monthlyIncome
balance_before | old_bal_orig | solde_avant | saldo_anterior | balanceBefore
balance_after | new_bal_orig | solde_apres | saldo_posterior | balanceAfter
counter_balance_before | old_bal_dest | solde_avant_beneficiaire | saldo_anterior_destino | receiverBalanceBefore
counter_balance_after | new_bal_dest | solde_apres_beneficiaire | saldo_posterior_destino | receiverBalanceAfter
customer | cust_id | id_client | id_cliente | customerId
counterparty | mrch_id, benef_id | id_marchand, id_beneficiaire | id_comercio, id_beneficiario | merchantId, payeeId
card | card_no | numero_carte | numero_tarjeta | cardNumber
account | acct_no | numero_compte | numero_cuenta | accountNumber
device | dev_id | id_appareil | id_dispositivo | deviceId
ip | ip_addr | adresse_ip | direccion_ip | ipAddress
email | eml | courriel | correo | emailAddress
phone | tel_no | telephone | telefono | phoneNumber
user_agent | usr_agt | agent_utilisateur | agente_usuario | userAgent
address | addr | adresse | direccion | billingAddress
person_name | cust_nm, cust_ln | nom_client, nom_famille | nombre_completo, apellido | fullName, lastName
country | ctry | pays | pais | countryCode
region | st_prov | region | provincia | stateProvince
city | cty_nm | ville | ciudad | cityName
zip | zip_cd | code_postal | codigo_postal | postalCode
counter_country | dest_ctry | pays_destination | pais_destino | destinationCountry
counter_city | mrch_city | ville_marchand | ciudad_comercio | merchantCity
latitude | lat | latitude | latitud | homeLatitude
longitude | lon | longitude | longitud | homeLongitude
counter_latitude | mrch_lat | latitude_marchand | latitud_comercio | merchantLatitude
counter_longitude | mrch_lon | longitude_marchand | longitud_comercio | merchantLongitude
distance | dist_km, dist_last | distance_domicile, distance_precedente | distancia_casa, distancia_anterior | distanceFromHome, distanceFromLast
channel | chnl | canal | canal | paymentChannel
category | tx_typ, prod_cat, cat_cd, seg, pm_typ, job_ttl, sx, grp | type_operation, categorie_produit, categorie, segment, moyen_paiement, profession, sexe, groupe | tipo_operacion, categoria_producto, categoria, segmento, medio_pago, ocupacion, sexo, grupo | transactionType, productCategory, categoryCode, segment, paymentMethod, jobTitle, gender, groupCode
currency | ccy | devise | moneda | currencyCode
velocity | cnt_tx_24h, cnt_tx_7d, cnt_req_6h, cnt_items | nb_operations_24h, nb_operations_7j, nb_demandes_6h, nb_articles | num_operaciones_24h, num_operaciones_7d, num_solicitudes_6h, num_articulos | txCountLast24h, txCountLast7d, requestsLast6h, itemCount
velocity_sum | sum_amt_24h, sum_amt_7d | montant_cumule_24h, montant_cumule_7j | importe_acumulado_24h, importe_acumulado_7d | amountLast24h, amountLast7d
risk_flag | is_frgn, is_dcl, hi_rsk_ctry, is_vpn, new_dev, is_online, addr_mism | est_etranger, est_refuse, pays_a_risque, est_vpn, nouvel_appareil, en_ligne, adresse_differente | es_extranjero, es_rechazado, pais_alto_riesgo, es_vpn, dispositivo_nuevo, en_linea, direccion_distinta | isForeign, isDeclined, highRiskCountry, isVpn, isNewDevice, isOnline, addressMismatch
risk_number | rsk_scr, cnt_dcl, cnt_chbk, prev_frd, cnt_late, cnt_fail, n_alrt | score_risque, nb_refus, nb_impayes, fraudes_passees, nb_retards, nb_echecs, nb_alertes | puntaje_riesgo, num_rechazos, num_contracargos, fraudes_previos, num_atrasos, intentos_fallidos, num_alertas | riskScore, declineCount, chargebackCount, previousFrauds, latePayments, failedAttempts, alertCount
trust_flag | chip_used, pin_ok, is_vrf | puce_utilisee, code_pin, verifie | uso_chip, uso_pin, verificado | chipUsed, pinVerified, isVerified
trust_number | trst_scr, kyc_lvl, n_witn | score_confiance, niveau_kyc, nb_temoins | puntaje_confianza, nivel_kyc, num_testigos | trustScore, kycLevel, witnessCount
flag | is_actv, opt_in, nwsltr, lylty | est_actif, abonne, newsletter, fidelite | activo, suscrito, boletin, lealtad | isActive, optIn, newsletter, loyaltyMember
"""
_BOOK = {
    line.split(" | ")[0]: [[name.strip() for name in part.split(",")] for part in line.split(" | ")[1:]]
    for line in _NAMES.strip().splitlines()
}


def renamed(frame: pl.DataFrame, roles: Mapping[str, str], variant: str) -> dict[str, str]:
    """Column -> its name in another's words; a column the book has no (more) names for keeps its own.

    Args:
        frame: typed table, whose values decide between names of one role: a flag is not called a count.
        roles: what its columns mean.
        variant: one of `VARIANTS`.
    """
    taken = {name.lower() for name in frame.columns}
    out: dict[str, str] = {}
    for column in frame.columns:
        names = _BOOK.get(_entry(frame[column], roles[column]))
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
