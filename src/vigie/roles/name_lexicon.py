"""The words of column names: concept -> words in English, French, Spanish, Portuguese and their abbreviations.

Words are in lower case without accents; an underscore joins the words of a phrase. A word may have several concepts: `sender`
is a person and a side, `nombre` is a name in Spanish and a count in French, and the values of the column decide between them.
Which concepts make which role is in the name rules of `definitions`.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


WORDS: dict[str, str] = {
    # money
    "amount": """betrag cantidad amount amounts amt amnt amont montant montants mnt mtt mont monto montos importe importes quantia cuantia
        spent spend spending depense gasto paid paye paga pagado pago_total sum_paid charged somme usd_amount
        ticket_size basket_value money plata dinheiro argent volume_eur ammount amounteur amountusd
        after_fee after_fees before_fee before_fees excluding_fees avant_commission avant_commissions avant_frais apres_frais hors_frais
        antes_de_comision antes_de_comisiones sin_comision antes_da_comissao antes_das_taxas sem_taxas
        line_total line_amount line_totals""",
    "price": "price prix precio preco cost cout coste costo custo fare purchase_value order_value",
    "worth": "value val valeur valor vlr vl worth",
    "total": "sum suma soma total tot subtotal totale",
    "fee": "gas fee fees frais comision comissao commission tax taxes taxe impuesto impuestos imposto tarifa taxa tip added_value value_added",
    "premium": "premium prime prima premio",
    "deductible": "deductible deductable franchise franquicia franquia excess",
    "limit": "capital_segurado suma_asegurada sum_insured insured_sum capital_assure capital_asegurado importancia_segurada coverage couverture cobertura line lim lmt limit limite plafond tope cupo ceiling credit_line creditline line_of_credit autorise_max",
    "income": "dti sal inc_annual ann_inc annual_inc mthly_inc monthly_inc month_inc inc_monthly income revenu revenus ingreso ingresos renda rendimento salary salaire salario sueldo wage wages earnings revenue_annual",
    "balance": "balance bal blnc solde saldo sld balanc funds_available disponible saldos soldes",
    "before": "before bef old prev_bal avant av antes ant anterior initial inicial initiale ancien opening beginning begin pre previo prior debut",
    "after": "after aft new apres nouveau nouvelle nuevo nueva novo nova final finale ending end closing despues depois posterior post remaining resulting resultant fin",
    # moments
    "time": """time timestamp ts tstmp tstamp datetime dt dttm dtm temps tempo tiempo horodatage horodate horodat moment momento
        epoch unix when occurred_at created_at executed_at processed_at happened event_time fecha_hora date_heure data_hora
        hora_fecha occurred datetimeutc tms utc""",
    "date": "dt date dates fecha data dat fch day_date jour_operation",
    "step": "etapa etapas pas time_step timestep tstep step steps tick ticks paso passo etape period_index sequence seq seqno",
    "past_event": "expiry expiration expires expire vencimiento validade validite caducidad settlement settled posting cleared delivered delivery shipped updated modified login",
    "hour": "hour hours hr hrs heure heures hora horas hod hh hourofday time_of_day heure_du_jour hora_del_dia hora_do_dia seconds_of_day secondofday",
    "weekday": "jour_sem weekday dow dayofweek day_of_week jour_semaine jour_de_la_semaine dia_semana dia_de_la_semana dia_da_semana jsem day_name wday",
    "weekend": "weekend week_end isweekend fin_de_semana finde fim_de_semana",
    "month": "mth month mois mes mth monat",
    "day": "day days_in jour dia journee",
    "week": "week semaine semana wk woy weekofmonth",
    "year": "year annee ano anio yr yyyy",
    "span": "term mths days months years weeks meses dias jours annees ans anos mois hours_since yrs",
    "since": "since depuis desde elapsed ecoule ecoules seit ago days_ago hours_ago months_ago minutes_ago",
    "opened": """inception opening signup sign_up registration registered register inscription inscrit inscripcion inscricao opened opening_date open_date
        ouverture ouvert apertura abertura alta cadastro cadastrado activation activated activacion ativacao bind issued emission
        enrolled enrollment enrolment joined join onboarding onboarded adhesion souscription effective
        member_since customer_since client_depuis registro registrado subscription_start added ajoute ajoutee agregado adicionado adicionada""",
    "created": "created creation creacion criacao criado creado cree crt created_at creado_en criado_em",
    "start": "start strt started debut inicio comienzo start_date",
    "window": "24h 24hr 24hrs 48h 12h 1h 2h 3h 6h 7d 14d 30d 60d 90d 4w 8w 1w 2w 1d 3d 72h 1hr rolling window glissante movil movel same_day today per_day per_hour per_minute per_min per_week per_month par_jour par_heure par_minute por_dia por_hora por_minuto",
    "credit": "fico credit credito cr creditworthiness kredit serasa schufa cibil equifax experian datacredito buro_credito",
    "police": "police policial policiaca gendarmerie",
    "report": "report rapport informe boletim rep pv reporte relatorio constat",
    "prov": "prov",
    "age": "age edad idade agee ages",
    "tenure": "tenure seniority anciennete antiguedad antiguidade tempo_de_casa tempo_de_conta months_on_book time_on_book vintage loyalty_years account_age accountage relationship_length time_as_customer antig anc emp_length age_days age_in_days age_hours age_in_hours days_old years_of_service length_of_service lifetime_days lifetime_months customer_lifetime",
    "birth": "naissances bth bday birth dob birthdate birthday born naissance naiss nais nacimiento nascimento nasc nac ddn fecnac dtnasc yob birthyear",
    "recent": """last latest past_24h recent
        derniers dernieres dernier derniere ultimas ultimos ultima ultimo glissant""",
    "past": """previos previas previo previa before_this deja ya past prev previous previously prior history historical hist historique historico passe passes anterieur anterieurs precedent precedents
        anteriores pasado pasados passado passados ever lifetime""",
    # counting
    "count": """count cnt counts counter ct nb nbr nbre qty qte quantity quantite cantidad cant quantidade qtd qtde nombre combien
        number_of no_of num_of nr_of n_of numero_de_veces how_many cont contagem compteur""",
    "num": "nbr num number no nr numero nro nmr numb n",
    "avg": """std stdev stddev avg average mean median moyen moyenne moy moyens mediane media promedio prom medio mediana medias mittel typical""",
    "usual": "annual yearly annuel annuelle anual usual habitual habituel habituelle habituels habituales typical_spend normally costumeiro",
    "ratio": "dti ratio rapport relation razon razao multiple zscore z_score deviation ecart desviacion desvio pct percent pourcentage porcentaje proportion share_of vs versus times_usual relative rel loss_ratio sinistralite siniestralidad sinistralidade percentage percentages prct pctage",
    "score": "fico score scr scoring puntaje pontuacao puntuacion note_risque rating grade",
    "freq": "freq frequency frequence frecuencia frequencia",
    "velocity": "inquiries inquiry enquiries consultas bureau_requests velocity vel velocidad velocidade velocite vitesse inq inqs hard_inquiries",
    "item": "item items article articles articulo articulos artigo artigos itens product_count unit units line_item line_items",
    "login": "login logins connexion connexions request requests requete requetes attempt attempts tentative tentatives intento intentos tentativa tentativas session_count visits visites",
    # who
    "customer": """staff pat patiente paciente pacientes prestatario prestataria tomador_credito brwr mutuaire customer customers cust cstmr client clients clt cli cliente clientes customerid user usr users uid utilisateur
        utilisateurs usuario usuarios usu member membre miembro membro adherent holder titulaire titular policyholder policy_holder assure asegurado segurado insured
        applicant demandeur solicitante requerente borrower emprunteur debtor debiteur deudor devedor buyer acheteur comprador cardholder card_holder
        subscriber abonne assinante employee employe empleado funcionario patient consumer consommateur consumidor person personne persona pessoa
        beneid donor donneur party guest tomador contratante shopper owner proprietaire individual""",
    "entity": "entity entite actor acteur subject",
    "orig": """caller calling appelant orig origin origine origen origem org ori originator src source from sender send snd expediteur emetteur emisor emissor remitente remetente ordonnateur
        ordenante payer payeur pagador pagadora debited donneur_ordre donneur_d_ordre emit sending payor de_compte billing bill home initiator debit_party
        a_number anumber""",
    "sender": "caller calling appelant sender originator payer payeur pagador emetteur emisor emissor remitente remetente expediteur ordonnateur ordenante payor donneur_ordre donneur_d_ordre initiator debit_party a_number anumber",
    "dest": """callee called appele term_id id_term comm caixa_eletronico garage taller oficina pos_id posid vendeuse employer employeur empregador empleador dest dst destination destino target tgt to cible receiver recv rcv rcvr receiving recipient recip beneficiary benef bnf beneficiaire beneficiario bene beneficiaria
        payee destinataire destinataria destinatario recebedor receptor creditor crediteur acreedor credor counterparty cpty contrepartie contraparte contrapartida
        merchant merch mrch mch mcht merchants marchand commercant comercio comerciante lojista loja lojas estabelecimento establecimiento store shop magasin tienda boutique vendor vendeur vendedor seller
        fornecedor fournisseur proveedor supplier retailer terminal termid tpv tpe tid pos_terminal atm gab dab cajero provider prestataire prestador prestadora shipping ship
        vers para dstn restaurant acceptor acceptant enseigne negocio empresa company credit_party destinatary other_party other_side partner correspondant correspondent corresponsal correspondente interlocuteur hopital hospital clinic entidad entidade
        publisher advertiser affiliate editeur annonceur affilie afiliado anunciante
        physician doctor medecin medico practitioner praticien
        b_number bnumber
        npi""",
    "receiver": """callee called appele destinataire_final receiver recv rcvr recipient recip payee destinataire destinatario recebedor receptor creditor crediteur acreedor credor counterparty cpty
        contrepartie contraparte credit_party other_party correspondant correspondent corresponsal correspondente
        b_number bnumber""",
    "benef": "beneficiary benef bnf beneficiaire beneficiario bene beneficiaria beneid",
    "merchant": """comm garage taller oficina merchant merch mrch mch mcht merchants marchand commercant comercio comerciante lojista loja lojas estabelecimento establecimiento store shop
        magasin tienda boutique vendor vendeur vendedor seller fornecedor fournisseur proveedor supplier retailer restaurant acceptor acceptant enseigne
        negocio hopital hospital
        publisher advertiser affiliate editeur annonceur affilie afiliado anunciante""",
    "terminal": "term_id id_term caixa_eletronico pos_id posid terminal termid tpv tpe tid pos_terminal atm gab dab cajero",
    "provider": "entidad entidade provider prestataire prestador prestadora clinic physician doctor medecin medico practitioner praticien npi",
    "agent": "broker brokers courtier corredor corretor agency agent agente agents agencia agence branch sucursal succursale guichet rep representative",
    "account": """account accounts acct accnt acc acnt compte cpte cpt cuenta cta conta iban rib wallet portefeuille billetera carteira wlt accountno
        acctnum clabe
        imsi""",
    "policy": "subscription subscriptions abonnement abonnements suscripcion assinatura policy police poliza apolice contrat contrato contract pol",
    "bank": "bank banque banco bnk bic swift",
    "node": "node noeud nodo vertex nodeid",
    "card": "card cards carte cartes tarjeta tarjetas cartao cartoes pan cc creditcard cardno cb bin ccnum crd tarj",
    "device": "disp empreinte huella impressao finger_print device devices appareil dispositivo aparelho imei fingerprint handset deviceid dev terminal_mobile equipment dvc appareils machine",
    "ip": "ip ipv4 ipv6 ipaddress ipaddr ip_addr adresse_ip direccion_ip endereco_ip",
    "email": "email emails mail mails courriel correo e_mail eml adresse_mail correo_electronico adresse_electronique",
    "phone": "phone tel telephone telefono telefone fone mobile cell celular cel portable gsm msisdn mobile_number phoneno tlf telf cellphone numtel",
    "useragent": "useragent user_agent agent_utilisateur agente_usuario agente_de_usuario ua browser_agent",
    "address": "residencia residency address addr adresse adr direccion dir endereco end_res street rue calle rua domicile domicilio residence street_address logradouro",
    "person": "firstname lastname surname fullname prenom apellido apellidos sobrenome first_name last_name first_nm last_nm lname fname cust_ln cust_fn client_ln client_fn full_name nom_complet nombre_completo nome_completo nom_famille nom_de_famille",
    "name": "name names nom noms nombre nome first last nm",
    "id": """cd document doc cpf cnpj dni nif curp siren ssn nin id ids ident identifier identifiant identificador identificacion identificacao key cle clave chave code cod codigo ref reference referencia uuid guid
        hash token matricule pk hashed idnum identity idx index""",
    "row": "row record ligne linea fila linha rowid index idx enregistrement registro_num line lineno unnamed rownum line_number line_no line_nr",
    # what
    "transaction": """tnx tnxs call calls appel appels llamada llamadas chamada chamadas end_to_end e2e endtoend wdl wd withdr txns_id transaction transactions trans tran tx txn txns trx trn trxn tr transac trns transacc operation operations op oper ops operacion operaciones operacao operacoes
        transaccion transacciones transacao transacoes payment payments pmt pymt paiement paiements pago pagos pagamento pagamentos transfer transfers trf virement virements
        transferencia transferencias order orders commande commandes pedido pedidos purchase purchases achat achats compra compras event events evt evenement
        evento eventos movement mouvement movimiento movimento mvt invoice invoices facture factura fatura demande application applications request_id solicitud session ticket
        dossier withdrawal retrait retiro saque deposit depot deposito sale sales vente venta venda receipt recibo comprobante comprovante pix upi
        click clicks clic clics cliques bid bids trip trips ride rides booking bookings reservation reservations reserva reservas""",
    "claim": "inc incid claim claims claimed sinistre sinistres siniestro siniestros sinistro sinistros reclamation indemnisation incident accident accidents incidents clm reclamo reclamado reclamada reclamados reclamadas loss_ratio sinistralite siniestralidad sinistralidade",
    "many": """calls tnx tnxs transactions txns operations operaciones operacoes ops transacciones transacoes payments paiements pagos pagamentos transfers virements orders commandes pedidos
        purchases achats compras events eventos claims sinistres siniestros sinistros cards cartes tarjetas cartoes devices appareils dispositivos users
        clients customers clientes emails accounts comptes cuentas contas items articles logins attempts tentatives intentos tentativas requests
        vehicles cars witnesses injuries temoins testigos supplements dependents dependants accidents incidents procedures merchants beneficiaries children
        declines failures emprunts loans prets prestamos withdrawals retraits invoices factures phones ips ids sessions
        clicks clics cliques bids trips rides bookings reservations reservas complaints""",
    "level": "level niveau nivel tier severity gravite gravedad gravidade severite severidad",
    "delivery": "billing bill shipping ship home delivery livraison envio entrega facturation facturacion",
    "injury": "injury injuries injured blesse blesses herido heridos ferido feridos lesion lesiones lesoes bodily",
    "supplement": "supplement supplements suppliments complement complements complemento complementos suplemento suplementos",
    "damage": "damage damages dommage dommages dano danos",
    "installment": "installment installments instalment prestacao prestacoes mensualite mensualites mensualidad cuota cuotas parcela principal downpayment down_payment own_funds entrada apport monthly_payment repayment",
    "loan": "loan loans pret prets emprunt emprunts prestamo prestamos emprestimo emprestimos mortgage",
    "debt": "debt debts dette dettes deuda deudas divida dividas outstanding debt_amount endettement endeudamiento endividamento indebtedness",
    "interest": "interest interet juros interes rate taux taxa_juros tasa",
    "to_usual": "to_income to_limit to_premium sur_prime sur_revenu times_usual to_average to_avg to_mean to_median to_usual per_average over_average sur_moyenne sobre_media",
    "known": "known connu connue conocido conocida conhecido conhecida familiar bought_before seen_before already_used recognized recognised reconnu reconnue reconocido reconocida reconhecido reconhecida",
    "cash": "cash especes efectivo dinheiro_vivo numerario",
    "hired": "hire hired hiring embauche admissao contratacion contratado admission",
    "job": "emprego empleo employed employment job occupation profession profesion profissao metier emploi ocupacion ocupacao employer employeur empregador empleador trabalho trabajo",
    "available": "available disponible disponivel current actuel actual atual courant",
    "static": """vehicles cars vehicle car autos vehicules voitures vehiculos veiculos
        dependents dependants dependent children enfants hijos filhos bodily employees branches loans prets prestamos emprestimos passengers passagers witnesses""",
    "change": "cambio_domicilio mudanca_de_endereco address_change change_address changement_adresse cambio_direccion mudanca_endereco change_d_adresse",
    "altered": "change changes changed changement cambio mudanca",
    "vehicle": "vehicle car auto vehicule voiture vehiculo veiculo vehicles cars automobile",
    "standing": "carnet_conducir carnet_de_conducir conduciendo conduite conducao license licence licensed permis licencia habilitacao cnh driving practice sim iccid line ligne linea linha credit_history",
    "thing": "meter compteur medidor house building property equipment machine counter_number counter_code counter_statue counter_status counter_type counter_coefficient",
    "population": "population pop habitants inhabitants",
    "domain": "domain domaine dominio emaildomain",
    "duration": "ms msec diff delta gap between duration duree duracion duracao length seconds minutes elapsed_time session_length latency time_on_page time_on_site time_on_app time_spent time_taken temps_passe time_to time_until temps_avant tiempo_hasta dur days_in_hospital length_of_stay",
    "metadata": "block entity_type record_type schema version",
    # where
    "country": "country countries pays pais ctry cntry nation nationality nationalite nacionalidad nacionalidade countrycode iso iso2 iso3",
    "region": "ufs region regiao state province provincia departement departamento estado uf county comte district comunidad regione",
    "city": "city cities ville ciudad cidade town municipio municipality commune localite localidad localidade",
    "place": "location loc lieu ubicacion lugar local localizacao localisation place emplacement area zone site geo",
    "zip": "zip zipcode postal postcode codepostal cep cp postalcode code_postal codigo_postal zip_code post_code plz zcode",
    "lat": "lat latitude latitud lati",
    "long": "long lon lng longitude longitud longi",
    "distance": "distance dist dst_km distancia km kilometers kilometres kms miles",
    # kinds
    "channel": "channel canal chan chnl channels platform plateforme plataforma medium interface entry_mode entrymode mode_saisie via canal_vente pos_entry_mode",
    "type": """purpose_code purp proposito finalidade diag diagnostic diagnostico diagnosis situation situacion type types typ category categories cat categorie categoria tipo tipos kind nature natureza naturaleza genero_produto segment segmento status statut estatus
        situacao etat group groupe grupo class_of rubrique sector secteur setor operation_type family famille motif motivo reason raison
        mcc mcc_code merchant_category_code sic naics usecase purpose finalidad objet""",
    "product": "product produit producto produto productcd prod article_type sku brand marque marca make model modele modelo service servicio servico",
    "method": "method methode metodo mode modo moyen means tender scheme network reseau red rede meio medio_pago meio_pagamento moyen_paiement forma_pago forma_pagamento",
    "trait": """employment job occupation profession profesion profissao metier emploi ocupacion ocupacao gender sex sexe sexo genero genre marital civil matrimonial education hobbies
        housing relationship insured_sex language langue idioma browser navigateur navegador os race ethnicity logement estado_civil etat_civil
        marital_status fault timezone
        home_ownership operating_system device_os app appli""",
    "currency": "currency devise moneda moeda ccy curr cur divisa currencycode monnaie",
    "prose": "description desc descripcion descricao note notes comment comments commentaire comentario memo narrative libelle message motif_libre texte remark remarks details observacion concept concepto",
    # truth and its shadows
    "fraud": "fraud frauds fraude fraudes fraudulent fraudulente fraudulento fraudulenta isfraud fraudulently fraudster frd scam arnaque estafa golpe fraudfound betrug betrugsfall frode frodi frodulento",
    "label": "case_confirmed confirmed_case cas_confirme caso_confirmado label labels labelled etiquette etiqueta rotulo ground_truth groundtruth truth verite",
    "klass": "dflt defaut class target outcome y clase classe cible alvo default defaulted isdefault objetivo response resultado is_bad bad anomaly outlier anomalie anomalia laundering islaundering illicit blanchiment blanqueo lavagem sar gt attack isattack resultat",
    "chargeback": "chargeback chargebacks chbk cbk chargebk contracargo contracargos contestation contestacao estorno retrofacturation impaye chargebacked charge_back charged_back",
    "dispute": "dispute disputed disputes litige litiges disputa",
    "investigation": "investigation investigated enquete investigacion investigacao case_status verdict resolution",
    "flagged": "flagged isflagged flaggedfraud alerted blocked_after",
    # signs
    "risk": """past_due retard retards delinquency delinquencies returned different differentes diferentes desechable descartavel changement_mot_passe rejection rejections rejets nsf copy_paste paste pasted divergente not_present troca_sim cambio_sim changement_sim sim_change simchange cambio_domicilio bounced alerts alerte alertas alert same_birth_date ecommerce e_commerce attorney lawyer avocat abogado advogado litigation noturno noturna nocturno nocturna nocturnes recusa recusas impago impagos impagado inadimplencia inadimplencias frgn default_history defauts declined declines decline refused refus refuse refusee rechazo rechazada rechazado recusado recusada rejected rejet failed failure failures fail echec echecs echoue fallo
        fallido fallidos falha falhas foreign etranger etrangere extranjero estrangeiro international internacional internationale overseas cross_border crossborder
        high_risk highrisk risky risk risque riesgo risco alto_riesgo alto_risco haut_risque proxy vpn tor datacenter anonymous anonymizer anonyme night nuit noche noite nocturne
        distinct unique_devices shared partage compartido compartilhado address_change change_address changement_adresse cambio_direccion mudanca_endereco unusual inhabituel
        inusual incomum unknown inconnu desconocido desconhecido blacklist blacklisted blocklist liste_noire lista_negra blocked bloque bloqueado mismatch mismatched discordance
        divergent virtual virtuel virtuelle online enligne en_ligne en_linea card_not_present cardnotpresent cnp free_email is_free gratuit disposable jetable temporary impossible
        suspicious suspect sospechoso suspeito watchlist sanction sanctions pep emulator rooted jailbreak jailbroken bot headless overdue delinquent arrears impayes atraso bankruptcy
        lost stolen vole robado roubado compromised breach reset password_reset password_change simswap sim_swap reversal reversed manual_entry fallback
        expired offshore crypto gift gift_card rushed expedited urgency anomalous email_is_free duplicate duplicates doublon doublons duplique duplicado duplicada wrong incorrect incorrecte incorrecto incorrecta
        incorreto incorreta error errors erreur erreurs errores erro erros lockout lockouts locked_out mora morosidad moroso delinq antecedents antecedentes
        discount discounts coupon coupons voucher vouchers promo promo_code remise descuento desconto cupom spoofed typo inconsistent incoherent inconsistente late
        guest mixer mixing_service tumbler sanctioned dormant remote_access adverse adverse_media upcoding missed bankruptcies cancelled canceled denied
        unpaid complaint complaints plainte plaintes queja quejas queixa queixas reclamacoes denuncia denuncias refund refunds refunded reembolsos devoluciones
        devolucoes returns tamper tampered tampering premium_rate_calls premium_sms premium_numbers utilization utilisation derogatory pub_rec public_record public_records
        written_off write_off writeoffs charge_off charge_offs chargeoffs in_collections collections garnishment embargo embargos protesto protestos vencido vencida vencidos
        vencidas atrasado atrasada atrasados atrasadas inadimplente negativado negativada reincidente recidive recidiviste conviction convictions surendettement
        interdit_bancaire fichier_incident incident_paiement incidents_paiement relance relances bonus_malus malus days_to_report report_delay report_lag
        reporting_delay reporting_lag notification_delay delai_declaration express_shipping express_delivery livraison_express envio_express ip_flag ip_address_flag
        device_flag country_flag consecutive consecutif consecutifs consecutivo consecutivos successive successifs sucesivos
        lapsed lapse inactive inactif inactivo inactiva inativo inativa tardif tardive tardio tardia delay delays demora demoras broken_seal seal_broken
        email_free free_mail webmail freemail violado violada nome_sujo robo_previo theft unrealistic darknet zero_consumption invalid_traffic
        consumption_drop baisse_consommation caida_consumo queda_consumo
        suspected suspectee suspectes suspicion suspicions soupcon soupcons sospecha sospechas suspeita suspeitas mule mules escalation escalations threat threats
        menace menaces amenaza amenazas ameaca ameacas lien liens eviction evictions payday payday_loans bypass bypassed illegal illegale ilegal disconnection
        disconnections disconnected reconnection reconnections nonpayment identity_theft usurpation usurpacion usurpacao bloqueos bloqueios blocage blocages devuelto
        devuelta devueltos devueltas devolvido devolvida devolvidos devolvidas quebrado quebrada quebrados quebradas retry retries reintento reintentos
        penalty penalties penalite penalites multas fined foreclosure foreclosures insolvency insolvent insolvencia insolvabilite suspended suspension suspensions suspendu
        suspendido suspenso cancellation cancellations annulation annulations cancelaciones cancelamentos no_show no_shows violation violations infraction
        infractions infraccion infracciones infracao infracoes warning warnings avertissement avertissements advertencias banned forged fake falso falsa faux
        phishing malware spam spammer hijacked takeover account_takeover breached leaked burner throwaway abuse abuses abusive urgent urgente overdraft overdrafts decouvert decouverts
        descubierto sobregiro sobregiros roubo roubos robos
        digital_goods digital_product reseller excluded exclusion mistakes typos intl uninsured""",
    "trust": """trust trusts confiance confianza confianca sca_passed passed password senha contrasena mot_de_passe authentification autenticacao autenticacion strong_auth provided fournies fourni entregado entregados entregadas entregues other_products photos cvv cvvresult cvv_result cvv_match avs_match bought_before witn pol_rep chip puce emv pin pin_number pincode nip 3ds 3dsecure three_ds 2fa mfa otp sca verified verifie verifiee verificado verificada verification verify authenticated
        authentifie autenticado authentication valid valide valido validated kyc kyc_level witness witnesses temoin temoins testigo testigos testemunha police_report police_report_filed policereport
        repeat repeated fidele loyal credit_score creditscore bureau_score similarity similarite similitud similaridade other_cards keep_alive keepalive trusted whitelist
        whitelisted known_device knowndevice trusted_device match matches matched concorda authorized authorised autorise autorizado present card_present cardpresent biometric
        biometrie consent secure secured securise signature_present known_payee avs cvv_ok approved_before contract_signed returning
        two_factor two_factor_auth twofactor double_facteur doble_factor dois_fatores dos_factores multifactor passkey
        email_confirmed phone_confirmed mail_confirme telephone_confirme correo_confirmado telefono_confirmado telefone_confirmado
        saved_card card_on_file stored_card carte_enregistree tarjeta_guardada cartao_salvo
        police_report_available recurring recurrent recurrente guaranteed
        loyalty fidelite fidelidad fidelidade reputation reputacion reputacao positive_feedback positive_reviews guarantor guarantors garant garante aval avaliste
        avalista fiador cosigner co_signer cosignataire logo documents_complete dossier_complet documentos_completos confiavel confiable fiable no_claims_bonus
        no_claim_bonus no_claims_discount ncb ncd vip
        docs_complete complete_docs documents_complets documentos_completo audited audite auditado has_website has_logo
        caution_solidaire garantia_real fiel
        notes_positives avis_positifs on_time paid_on_time certified certifie certificado accredited vetted background_checked notarized homeowner
        same_address same_country same_city""",
    "secret": "cvv cvv2 cvc pin password",
    "novel": "first premier premiere primera primeira primer primeiro new nouveau nouvelle nuevo nueva novo nova first_time premiere_fois primera_vez primeira_vez isnew",
    "neg": "not non nao sans sem sin without un missing invalid invalide invalido unverified unauthenticated mismatched absent no_match",
    "is": "is has est es eh flag indicator ind indicateur indicador bool yn used was isa bandera",
    "degree": "high low haut haute alto bajo baixo",
    "contactless": "sans_contact contactless sin_contacto sem_contato nfc",
}
"""Concept -> the words that stand for it."""
