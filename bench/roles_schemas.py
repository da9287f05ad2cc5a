"""Twelve realistic tables written down by hand, each with the names that different people would give its columns.

One line a column: role (several where people would disagree) | generator of values | English | abbreviated | French |
Spanish | Portuguese. Written without looking at the lexicon of `vigie.roles.inference`, so that the benchmark means something.
"""

from __future__ import annotations

SCHEMAS: dict[str, str] = {
    "mobile money": """
time                   | step    | step              | stp       | etape                | paso                   | passo
category               | few     | type              | typ       | type_operation       | tipo_operacion         | tipo_operacao
amount                 | money   | amount            | amt       | montant              | monto                  | valor
customer               | codes   | name_orig         | nm_orig   | nom_emetteur         | nombre_origen          | nome_origem
balance_before         | balance | old_balance_org   | old_bal_o | ancien_solde_emetteur | saldo_anterior_origen | saldo_anterior_origem
balance_after          | balance | new_balance_orig  | new_bal_o | nouveau_solde_emetteur | saldo_nuevo_origen    | saldo_novo_origem
counterparty           | codes2  | name_dest         | nm_dst    | nom_destinataire     | nombre_destino         | nome_destino
counter_balance_before | balance | old_balance_dest  | old_bal_d | ancien_solde_destinataire | saldo_anterior_destino | saldo_anterior_destino
counter_balance_after  | balance | new_balance_dest  | new_bal_d | nouveau_solde_destinataire | saldo_nuevo_destino | saldo_novo_destino
leak                   | label   | is_fraud          | frd_flg   | est_fraude           | es_fraude              | e_fraude
""",
    "card payments": """
row_id            | unique  | transaction_id     | trx_id    | id_transaction       | id_transaccion         | id_transacao
time              | when    | transaction_datetime | trx_dttm | date_heure_transaction | fecha_hora           | data_hora_transacao
card              | codes   | card_number        | card_no   | numero_carte         | numero_tarjeta         | numero_cartao
counterparty      | codes2  | merchant_id        | mrch_id   | id_commercant        | id_comercio            | id_lojista
category          | mcc     | merchant_category  | mcc       | categorie_marchand   | rubro_comercio         | categoria_estabelecimento
amount            | money   | purchase_amount    | purch_amt | montant_achat        | importe_compra         | valor_compra
currency          | money3  | currency           | ccy       | devise               | moneda                 | moeda
counter_country/country | country | merchant_country | mrch_ctry | pays_marchand     | pais_comercio          | pais_estabelecimento
channel/category  | few     | entry_mode         | entr_mode | mode_saisie          | modo_entrada           | modo_entrada
trust_signal      | zero1   | chip_used          | chip_flg  | puce_utilisee        | uso_chip               | usou_chip
""",
    "online shop": """
row_id            | unique  | order_id           | ord_id    | numero_commande      | id_pedido              | numero_pedido
time              | when    | order_date         | ord_dt    | date_commande        | fecha_pedido           | data_pedido
customer          | codes   | customer_id        | cust_id   | id_client            | id_cliente             | cod_cliente
email             | email   | email              | eml       | adresse_mail         | correo_electronico     | e_mail
ip                | ip      | ip_address         | ip_addr   | adresse_ip           | direccion_ip           | endereco_ip
device            | codes2  | device_id          | dev_id    | id_appareil          | id_dispositivo         | id_aparelho
phone             | phone   | phone_number       | tel_no    | telephone            | telefono               | telefone
amount            | money   | order_total        | ord_tot   | total_commande       | total_pedido           | total_pedido
velocity/number   | count   | number_of_items    | nb_items  | nombre_articles      | cantidad_articulos     | qtd_itens
address           | street  | shipping_address   | ship_addr | adresse_livraison    | direccion_envio        | endereco_entrega
category          | few     | payment_method     | pay_meth  | moyen_paiement       | metodo_pago            | forma_pagamento
user_agent        | agent   | user_agent         | usr_agt   | agent_utilisateur    | agente_usuario         | user_agent
""",
    "bank transfers": """
row_id            | unique  | transfer_id        | trf_id    | ref_virement         | id_transferencia       | id_transferencia
time              | when    | created_at         | crt_ts    | horodatage           | fecha_creacion         | data_transferencia
customer/account  | codes   | sender_account     | snd_acct  | compte_emetteur      | cuenta_origen          | conta_origem
counterparty      | codes2  | receiver_account   | rcv_acct  | compte_beneficiaire  | cuenta_destino         | conta_destino
amount            | money   | transfer_amount    | trf_amt   | montant_virement     | importe                | valor_transferencia
currency          | money3  | currency_code      | curr_cd   | code_devise          | codigo_moneda          | codigo_moeda
counter_country   | country | beneficiary_country | bnf_ctry | pays_beneficiaire    | pais_beneficiario      | pais_beneficiario
channel           | few     | channel            | chnl      | canal                | canal                  | canal
text              | prose   | description        | descr     | libelle              | concepto               | descricao
trust_signal/risk_signal/flag | zero1 | known_beneficiary | knwn_bnf | beneficiaire_connu | beneficiario_conocido | beneficiario_conhecido
balance_before    | balance | balance_before     | bal_bef   | solde_avant          | saldo_antes            | saldo_antes
""",
    "account opening": """
row_id            | unique  | application_id     | app_id    | id_demande           | id_solicitud           | id_solicitacao
time              | when    | application_date   | app_dt    | date_demande         | fecha_solicitud        | data_solicitacao
age               | age     | applicant_age      | appl_age  | age_demandeur        | edad_solicitante       | idade_solicitante
income            | money   | annual_income      | ann_inc   | revenu_annuel        | ingreso_anual          | renda_anual
account_age       | months  | months_at_address  | mths_addr | anciennete_adresse   | meses_en_direccion     | meses_no_endereco
email             | email   | email_address      | email_adr | courriel             | correo                 | email
phone             | phone   | mobile_phone       | mob_phone | tel_portable         | celular                | celular
region/zip        | zip     | zip_code           | zip       | code_postal          | codigo_postal          | cep
limit             | money   | requested_credit_limit | req_cr_lim | plafond_demande  | limite_solicitado      | limite_solicitado
trust_signal      | score   | credit_score       | cr_score  | score_credit         | puntaje_credito        | score_credito
trust_signal      | zero1   | phone_verified     | ph_verif  | telephone_verifie    | telefono_verificado    | telefone_verificado
risk_signal       | zero1   | foreign_request    | frgn_req  | demande_etrangere    | solicitud_extranjera   | pedido_estrangeiro
""",
    "motor claims": """
row_id/account    | unique  | policy_number      | pol_no    | numero_police        | numero_poliza          | numero_apolice
account_age       | months  | months_as_customer | mths_cust | anciennete_client_mois | antiguedad_cliente   | meses_como_cliente
age               | age     | insured_age        | ins_age   | age_assure           | edad_asegurado         | idade_segurado
opened            | old     | policy_start_date  | pol_strt_dt | date_debut_contrat | fecha_inicio_poliza    | data_inicio_apolice
time              | when    | incident_date      | inc_dt    | date_sinistre        | fecha_siniestro        | data_sinistro
hour              | hour    | incident_hour      | inc_hr    | heure_sinistre       | hora_siniestro         | hora_sinistro
amount            | money   | total_claim_amount | tot_clm_amt | montant_total_sinistre | monto_total_reclamado | valor_total_sinistro
trust_signal      | few_int | witnesses          | nb_witn   | nombre_temoins       | numero_testigos        | num_testemunhas
trust_signal      | yesno   | police_report_filed | pol_rep_flg | rapport_police    | informe_policial       | boletim_policial
category          | few     | incident_type      | inc_typ   | type_sinistre        | tipo_siniestro         | tipo_sinistro
city/counter_city | city    | incident_city      | inc_cty   | ville_sinistre       | ciudad_siniestro       | cidade_sinistro
leak              | yesno   | fraud_reported     | frd_rep   | fraude_signalee      | fraude_reportado       | fraude_reportada
""",
    "atm withdrawals": """
time              | when    | withdrawal_time    | wdl_tm    | date_retrait         | fecha_retiro           | data_saque
card              | codes   | card_id            | crd_id    | id_carte             | id_tarjeta             | id_cartao
counterparty      | codes2  | atm_id             | atm       | id_gab               | id_cajero              | id_caixa_eletronico
amount            | money_i | withdrawn_amount   | wdl_amt   | montant_retire       | monto_retirado         | valor_sacado
counter_latitude/latitude   | lat  | atm_latitude | atm_lat  | latitude_gab         | latitud_cajero         | latitude_caixa
counter_longitude/longitude | lon  | atm_longitude | atm_lon | longitude_gab        | longitud_cajero        | longitude_caixa
distance          | money   | distance_from_home | dist_home | distance_domicile    | distancia_domicilio    | distancia_residencia
risk_signal       | few_int | failed_pin_attempts | fail_pin | tentatives_echouees  | intentos_fallidos      | tentativas_falhas
velocity          | count   | withdrawals_last_24h | wdl_24h | nb_retraits_24h      | retiros_ultimas_24h    | saques_ultimas_24h
account_age       | months  | card_age_days      | crd_age   | anciennete_carte     | antiguedad_tarjeta     | idade_cartao_dias
""",
    "p2p wallet": """
row_id            | unique  | payment_ref        | pmt_ref   | reference_paiement   | referencia_pago        | referencia_pagamento
time              | epoch   | timestamp          | ts        | horodatage           | marca_de_tiempo        | timestamp_pagamento
customer          | codes   | payer_id           | pyr_id    | id_payeur            | id_pagador             | id_pagador
counterparty      | codes2  | payee_id           | pye_id    | id_beneficiaire      | id_beneficiario        | id_recebedor
amount            | money   | amount_usd         | amt_usd   | montant_eur          | importe_eur            | valor_brl
device            | codes3  | device_fingerprint | dev_fp    | empreinte_appareil   | huella_dispositivo     | impressao_dispositivo
country           | country | user_country       | usr_ctry  | pays_utilisateur     | pais_usuario           | pais_usuario
opened            | old     | signup_date        | sgnup_dt  | date_inscription     | fecha_registro         | data_cadastro
trust_signal      | zero1   | kyc_verified       | kyc_ok    | kyc_verifie          | kyc_verificado         | kyc_verificado
risk_signal       | zero1   | is_vpn             | vpn_flg   | vpn_detecte          | usa_vpn                | usa_vpn
leak              | label   | label              | lbl       | etiquette            | etiqueta               | rotulo
""",
    "merchant acquiring": """
counterparty      | codes   | merchant_code      | mch_cd    | code_commercant      | codigo_comercio        | codigo_comerciante
time              | day     | business_date      | bus_dt    | date_operation       | fecha_operacion        | data_operacao
amount            | money   | daily_turnover_amount | dly_amt | montant_journalier  | monto_diario           | valor_diario
amount_usual      | money   | average_amount     | avg_amt   | montant_moyen        | importe_promedio       | valor_medio
risk_signal       | few_int | chargeback_count   | chbk_cnt  | nb_contestations     | num_contracargos       | num_chargebacks
risk_signal       | count   | declined_count     | decl_cnt  | nb_refus             | num_rechazos           | num_recusas
risk_signal       | yesno   | high_risk_country  | hi_risk_ctry | pays_a_risque     | pais_alto_riesgo       | pais_alto_risco
category          | few     | business_type      | bus_typ   | secteur_activite     | tipo_negocio           | tipo_negocio
city/counter_city | city    | merchant_city      | mch_city  | ville_commercant     | ciudad_comercio        | cidade_estabelecimento
account_age       | months  | account_age        | acct_age  | anciennete_compte    | antiguedad_cuenta      | idade_conta
""",
    "lending": """
row_id            | unique  | loan_id            | ln_id     | id_pret              | id_prestamo            | id_emprestimo
customer          | codes   | borrower_id        | brwr_id   | id_emprunteur        | id_prestatario         | id_tomador
time              | when    | request_timestamp  | req_ts    | date_demande_pret    | fecha_solicitud        | data_do_pedido
amount            | money   | loan_amount        | ln_amt    | montant_pret         | monto_prestamo         | valor_emprestimo
income            | money   | monthly_salary     | mth_sal   | salaire_mensuel      | salario_mensual        | salario_mensal
birth             | birth   | date_of_birth      | dob       | date_naissance       | fecha_nacimiento       | data_nascimento
category          | few     | purpose            | purp      | objet_pret           | finalidad              | finalidade
category          | few     | employment_status  | empl_stat | situation_emploi     | situacion_laboral      | situacao_emprego
amount_ratio/number | share | debt_to_income_ratio | dti_ratio | ratio_dette_revenu | ratio_deuda_ingreso    | razao_divida_renda
risk_signal/velocity | few_int | past_defaults   | pst_dflt  | defauts_passes       | impagos_anteriores     | inadimplencias_anteriores
person_name       | person  | full_name          | full_nm   | nom_complet          | nombre_completo        | nome_completo
""",
    "instant payments": """
row_id            | uuid    | end_to_end_id      | e2e_id    | identifiant_transaction | id_operacion        | id_transacao_pix
time              | when    | payment_datetime   | pmt_dt    | date_paiement        | fecha_pago             | data_pagamento
hour              | hour    | hour_of_day        | hr        | heure                | hora                   | hora
customer          | codes   | payer_document     | pyr_doc   | id_donneur_ordre     | documento_pagador      | cpf_pagador
counterparty      | codes2  | recipient_key      | rcp_key   | id_destinataire      | clave_receptor         | chave_recebedor
amount            | money   | value              | val       | valeur               | valor                  | valor_pix
amount_ratio      | money   | amount_to_mean_ratio | amt_ratio | ratio_montant_moyen | ratio_importe_medio    | razao_valor_medio
velocity          | count   | transactions_last_hour | tx_1h | nb_transactions_1h   | operaciones_ultima_hora | transacoes_ultima_hora
risk_signal       | zero1   | is_new_device      | new_dev   | nouvel_appareil      | dispositivo_nuevo      | dispositivo_novo
risk_signal       | zero1   | night_transaction  | night_flg | transaction_nocturne | operacion_nocturna     | transacao_noturna
leak              | label   | confirmed_fraud    | conf_frd  | fraude_confirmee     | fraude_confirmado      | fraude_confirmada
""",
    "health care": """
row_id            | unique  | claim_id           | clm_id    | id_dossier           | id_reclamo             | id_sinistro
customer          | codes   | patient_id         | pat_id    | id_patient           | id_paciente            | id_paciente
counterparty      | codes2  | provider_id        | prov_id   | id_prestataire       | id_prestador           | id_prestador
time              | day     | claim_date         | clm_dt    | date_facture         | fecha_factura          | data_fatura
amount            | money   | claimed_amount     | clm_amt   | montant_facture      | monto_facturado        | valor_cobrado
birth             | birth   | birth_date         | bth_dt    | date_de_naissance    | fecha_de_nacimiento    | data_de_nascimento
category          | few     | gender             | gndr      | sexe                 | sexo                   | sexo
region            | state   | state              | st_cd     | departement          | provincia              | estado
category          | mcc     | diagnosis_code     | diag_cd   | code_diagnostic      | codigo_diagnostico     | codigo_diagnostico
category          | few     | procedure_type     | proc_typ  | type_acte            | tipo_procedimiento     | tipo_procedimento
""",
}
"""Name of the table -> its columns."""

MISLEADING = """
amount/number          | money   | paid
amount                 | money   | paid_id
time                   | when    | datetime_id
flag/category/risk_signal | zero1 | amount_flag
category/number/flag   | four    | time
category               | few     | class
leak                   | label   | class
category               | few     | account_type
currency               | money3  | amount_currency
category/channel       | few     | card
country/counter_country | country | ip_country
age                    | age     | customer_age
risk_signal            | few_int | previous_frauds
counterparty           | codes2  | target
leak                   | label   | target
channel/category       | few     | source
customer               | codes   | source
category/channel       | few     | device_type
risk_signal            | few_int | failed_payments
velocity               | count   | amount_count_24h
number/risk_signal     | score   | fraud_score
trust_signal/flag      | yesno   | email_valid
risk_signal            | zero1   | not_verified
number/text/row_id     | unique  | valid
distance               | money   | time_distance_km
hour                   | hour    | date_hour
city/counter_city      | city    | account_city
number/amount          | money   | customer
flag/category          | yesno   | merchant
time                   | when    | card_time
risk_signal            | few_int | distinct_emails
velocity               | count   | nb_id
customer/email         | email   | user
ip                     | ip      | address
phone                  | phone   | account_phone
zip/region/city        | zip     | postal_amount_area
balance_after          | balance | amount_balance_after
amount_usual           | money   | mean_amount_last_month
time                   | epoch   | date_number
opened                 | old     | time_account_opened
"""
"""Names that say one thing and hold another; each stands beside ordinary columns."""

HELD_OUT = """
amount            | money   | transactionVolume
amount            | money   | spend_eur
amount            | money   | mnt_ttc
amount            | money   | vlr_total_compra
amount            | money   | importe_operacion
amount            | money   | PurchaseAmtUSD
time              | when    | trxDate
time              | when    | dateHeureOp
time              | when    | fec_operacion
time              | when    | dthr_lancamento
time              | when    | completed_at
time              | epoch   | unixTs
customer          | codes   | subscriberId
customer          | codes   | cod_usuario
customer          | codes   | matricule_client
customer          | codes   | CLNT_NO
customer          | codes   | identificador_titular
counterparty      | codes2  | payeeAccountId
counterparty      | codes2  | cod_establecimiento
counterparty      | codes2  | numero_tpe
counterparty      | codes2  | seller_ref
counterparty      | codes2  | favorecido
card              | codes   | hashed_pan
card              | codes   | num_carte_bancaire
device            | codes3  | deviceFingerprintHash
device            | codes3  | id_do_aparelho
ip                | ip      | clientIp
ip                | ip      | ip_origem
email             | email   | payer_email_addr
email             | email   | correo_cliente
phone             | phone   | numero_telephone
balance_before    | balance | saldo_inicial
balance_before    | balance | solde_avant_op
balance_after     | balance | bal_post
counter_balance_after | balance | destBalanceAfter
account_age       | months  | customer_tenure_months
account_age       | months  | jours_depuis_ouverture_compte
account_age       | months  | antiguedad_cuenta_dias
age               | age     | age_client
age               | age     | edad
birth             | birth   | fecha_nac
birth             | birth   | dtNascimento
opened            | old     | accountOpenDate
opened            | old     | date_ouverture_compte
velocity          | count   | txnCount7d
velocity          | count   | nbre_operations_jour
velocity          | count   | qtde_transacoes_ultima_semana
risk_signal       | zero1   | ip_is_proxy
risk_signal       | zero1   | carte_etrangere
risk_signal       | zero1   | appareil_inconnu
risk_signal       | few_int | login_failures_24h
risk_signal       | few_int | nb_rejets
trust_signal      | zero1   | cvv_match
trust_signal      | zero1   | 3ds_authenticated
trust_signal      | zero1   | identidad_verificada
amount_usual      | money   | avg_ticket_90d
amount_usual      | money   | gasto_medio
amount_ratio      | money   | amount_over_avg
amount_ratio      | money   | montant_vs_moyenne
limit             | money   | card_limit
limit             | money   | plafond_carte
income            | money   | ingresos_mensuales
income            | money   | revenu_mensuel_net
country/counter_country | country | issuing_country
country           | country | pais_residencia
counter_country   | country | pays_destinataire
city              | city    | ville_client
zip               | zip     | cod_postal
region            | state   | billing_state
category          | few     | txn_type
category          | few     | nature_operation
category          | few     | medio_de_pago
category          | mcc     | mcc_code
channel           | few     | canal_transaccion
channel           | few     | sales_channel
currency          | money3  | devise_op
currency          | money3  | cod_moeda
leak              | label   | fraud_flag
leak              | label   | est_frauduleux
leak              | label   | marcado_fraude
leak              | label   | isScam
row_id            | unique  | operationRef
row_id            | unique  | num_dossier
row_id            | uuid    | txn_uuid
text              | prose   | commentaire_agent
hour              | hour    | heure_transaction
weekday           | four    | day_of_week
person_name       | person  | nom_prenom
user_agent        | agent   | http_user_agent
latitude/number   | lat     | geo_lat
distance          | money   | km_desde_domicilio
"""
"""Names written down after the rest was tuned and never tuned on: what they score is what a stranger may expect."""
