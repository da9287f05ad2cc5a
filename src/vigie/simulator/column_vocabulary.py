"""Names for columns: concept -> language -> names, each of words separated by spaces.

Keys are role names, and finer concepts within a role.
"""

from __future__ import annotations

_Entry = dict[str, list[str]]


def _parse(block: str) -> dict[str, _Entry]:
    """Read lines `concept | english, … | french, … | spanish, … | portuguese, …`."""
    entries: dict[str, _Entry] = {}
    for line in block.strip().splitlines():
        concept, *spellings = (part.strip() for part in line.split("|"))
        entries[concept] = {
            language: [s.strip() for s in text.split(",")]
            for language, text in zip(("en", "fr", "es", "pt"), spellings, strict=False)
            if text
        }
    return entries


VOCABULARY: dict[str, _Entry] = _parse("""
row_id | transaction id, id, trans num, reference, event id, uuid, record id | id transaction, reference, identifiant, numero operation | id transaccion, referencia, id, numero operacion | id transacao, referencia, id, codigo
time | timestamp, time, date, transaction date, trans date time, created at, datetime, event time, datetime id | date, date operation, horodatage, date heure, date transaction | fecha, fecha hora, fecha transaccion, fecha operacion | data, data hora, data transacao, data operacao
step | step, time, timestep, day, hour step, time step | pas, temps, etape | paso, tiempo | passo, tempo, etapa
hour | hour, transaction hour, hour of day, trans hour, local hour, time hour | heure, heure operation | hora, hora operacion | hora, hora transacao
weekday | weekday, day of week, dow, day week | jour semaine, jour | dia semana | dia semana
month | month, trans month | mois | mes | mes
opened | account opened, opening date, created date, member since, customer since, registration date | date ouverture, client depuis, date creation | fecha apertura, cliente desde, fecha alta | data abertura, cliente desde, data cadastro
account_age | account age, account age days, tenure, age of account, days since registration, customer tenure, months since opening | anciennete, anciennete compte, age compte | antiguedad, antiguedad cuenta | idade conta, tempo conta, antiguidade
birth | dob, date of birth, birth date, birthdate | date naissance, naissance | fecha nacimiento | data nascimento
age | age, customer age, client age, holder age | age, age client | edad, edad cliente | idade, idade cliente
amount | amount, amt, transaction amount, value, total, trans amount, price, sum, payment amount, usd amount | montant, somme, valeur, montant operation | monto, importe, valor, cantidad | valor, montante, quantia, valor transacao
fee | fee, commission, fee amount | frais, commission | comision, tarifa | taxa, tarifa, comissao
amount_usual | average amount, avg amount, usual amount, mean amount 30d, typical amount, customer mean | montant moyen, panier moyen, moyenne client | monto medio, promedio, importe medio | valor medio, ticket medio, media cliente
amount_ratio | amount ratio, ratio to median, amount to average, ratio to usual, amount over mean | ratio montant, rapport montant | ratio monto, razon importe | razao valor, proporcao valor
limit | credit limit, card limit, limit, approval limit | plafond, limite credit | limite, limite credito | limite, limite credito
income | income, annual income, salary, monthly income | revenu, salaire | ingreso, ingresos, salario | renda, salario
balance_before | old balance, oldbalance org, balance before, opening balance, initial balance, old balance orig | solde avant, ancien solde, solde initial | saldo anterior, saldo inicial, saldo antes | saldo anterior, saldo inicial, saldo antes
balance_after | new balance, newbalance orig, balance after, closing balance, final balance, balance | solde apres, nouveau solde, solde | saldo posterior, saldo nuevo, saldo | saldo final, novo saldo, saldo depois
counter_balance_before | old balance dest, oldbalance dest, receiver balance before, dest opening balance | solde avant beneficiaire, ancien solde dest | saldo anterior destino | saldo anterior destino
counter_balance_after | new balance dest, newbalance dest, receiver balance after, dest closing balance | solde apres beneficiaire, nouveau solde dest | saldo posterior destino | saldo final destino
customer | customer, customer id, user id, client id, user, account holder, sender, name orig, source, payer, member id, origin | client, id client, emetteur, payeur, donneur ordre, numero client | cliente, id cliente, usuario, remitente, ordenante | cliente, id cliente, usuario, remetente, pagador
counterparty | merchant, merchant id, beneficiary, receiver, name dest, target, payee, terminal, destination, recipient, shop | beneficiaire, commercant, destinataire, marchand, id commercant | beneficiario, comercio, destinatario, comerciante | beneficiario, lojista, destinatario, estabelecimento
seller | seller, merchant, seller id, store, shop id | vendeur, boutique, commercant | vendedor, tienda | vendedor, loja
supplier | supplier, vendor, vendor id, supplier name, payee | fournisseur, id fournisseur | proveedor, id proveedor | fornecedor, id fornecedor
employee | employee, employee id, staff id | salarie, matricule, employe | empleado, id empleado | funcionario, matricula
agent | agent, agent id, agent code, cashier | agent, code agent | agente, codigo agente | agente, codigo agente
terminal | terminal, terminal id, pos id, device terminal, atm id | terminal, id terminal, tpe, dab | terminal, id terminal, cajero | terminal, id terminal, caixa
wallet | wallet, wallet from, from address, sender address, account | portefeuille, adresse source | billetera, direccion origen | carteira, endereco origem
counter_wallet | wallet to, to address, receiver address, recipient address | adresse destination, portefeuille dest | direccion destino | endereco destino
card | card, card number, card id, cc num, pan hash, card no | carte, numero carte, id carte | tarjeta, numero tarjeta, id tarjeta | cartao, numero cartao, id cartao
account | account, account id, account number, iban, from account, nameorig | compte, numero compte, iban | cuenta, numero cuenta, iban | conta, numero conta, iban
counter_account | to account, beneficiary account, payee iban, dest account | compte beneficiaire, iban beneficiaire | cuenta destino, iban beneficiario | conta destino, iban beneficiario
device | device, device id, device fingerprint, imei, handset, device hash | appareil, id appareil, terminal mobile, empreinte appareil | dispositivo, id dispositivo | dispositivo, id dispositivo, aparelho
ip | ip, ip address, client ip, source ip | adresse ip, ip | ip, direccion ip | ip, endereco ip
email | email, email address, customer email | courriel, email, adresse mail | correo, email | email, correio eletronico
phone | phone, phone number, msisdn, mobile | telephone, numero telephone, msisdn | telefono, celular | telefone, celular
user_agent | user agent, browser, useragent | agent utilisateur, navigateur | agente usuario, navegador | agente usuario, navegador
address | address, billing address, street | adresse, adresse facturation, rue | direccion, calle | endereco, rua
person_name | name, full name, customer name, holder name | nom, nom complet, nom client | nombre, nombre completo | nome, nome completo
country | country, customer country, billing country, home country, country code | pays, pays client | pais, pais cliente | pais, pais cliente
region | region, state, province | region, departement | region, provincia, estado | estado, regiao, uf
city | city, customer city, town, billing city | ville, ville client | ciudad, ciudad cliente | cidade, cidade cliente
zip | zip, zip code, postal code, postcode | code postal, cp | codigo postal, cp | cep, codigo postal
counter_country | merchant country, destination country, dest country, beneficiary country, transaction country | pays commercant, pays destination, pays beneficiaire | pais comercio, pais destino | pais estabelecimento, pais destino
counter_city | merchant city, transaction city, location, dest city, terminal city | ville commercant, lieu, ville operation | ciudad comercio, lugar | cidade estabelecimento, local
latitude | lat, latitude, customer lat, home lat | latitude, lat client | latitud, lat | latitude, lat
longitude | long, longitude, lon, customer long, home lon | longitude, lon client | longitud, lon | longitude, lon
counter_latitude | merch lat, merchant lat, merchant latitude, terminal lat, dest lat | latitude commercant, lat commercant | latitud comercio, lat comercio | latitude loja, lat loja
counter_longitude | merch long, merchant lon, merchant longitude, terminal lon, dest lon | longitude commercant, lon commercant | longitud comercio, lon comercio | longitude loja, lon loja
distance | distance, distance from home, distance km, dist to merchant, distance from last transaction | distance, distance domicile, distance km | distancia, distancia casa | distancia, distancia casa
channel | channel, entry mode, payment channel, source channel, platform, interface | canal, mode saisie, plateforme | canal, plataforma | canal, plataforma
category | category, type, transaction type, kind, product category | categorie, type, type operation, nature | categoria, tipo, tipo operacion | categoria, tipo, tipo transacao
type | type, transaction type, trans type, operation, op type | type, type operation, nature operation | tipo, tipo operacion, operacion | tipo, tipo operacao, operacao
merchant_category | category, mcc, merchant category, merchant type, sector | categorie, categorie commercant, secteur, mcc | categoria, rubro, giro, mcc | categoria, ramo, mcc
payment_method | payment method, payment type, tender, pay method | moyen paiement, mode paiement | metodo pago, medio pago | metodo pagamento, forma pagamento
product | product, product category, item type, product code, item | produit, article, categorie produit | producto, articulo | produto, item
card_brand | card type, card brand, network, scheme | type carte, reseau | tipo tarjeta, marca tarjeta | tipo cartao, bandeira
segment | segment, customer segment, customer type, client type | segment, type client | segmento, tipo cliente | segmento, tipo cliente
job | job, occupation, profession, employment status | profession, metier, emploi | profesion, ocupacion | profissao, ocupacao
gender | gender, sex | sexe, genre | sexo, genero | sexo, genero
currency | currency, ccy, currency code | devise, monnaie | moneda, divisa | moeda
bin | bin, card bin, issuer bin, first six | bin, bin carte | bin, bin tarjeta | bin, bin cartao
velocity | tx count 24h, num transactions 24h, velocity, count last day, recent transactions, freq 24h | nb operations 24h, nb transactions, velocite | num operaciones 24h, num transacciones | qtd transacoes 24h, num transacoes
velocity_count | tx count 24h, num transactions last day, velocity 24h, count last 24h, n tx 24h | nb operations 24h, nb transactions jour | num operaciones 24h, conteo 24h | qtd transacoes 24h, contagem 24h
velocity_week | tx count 7d, num transactions last week, weekly count, velocity 7d | nb operations 7j, nb transactions semaine | num operaciones 7d, conteo semana | qtd transacoes 7d, contagem semana
velocity_sum | amount 24h, sum last 24h, daily amount, total 24h | montant 24h, cumul jour | monto 24h, suma diaria | valor 24h, soma diaria
past_fraud | previous fraudulent transactions, past fraud count, prior alerts, previous frauds | fraudes passees, alertes passees | fraudes previos, alertas previas | fraudes anteriores, alertas anteriores
is_declined | is declined, declined flag, was refused | est refuse, refus | es rechazado | recusada
virtual_card | virtual card, is virtual, prepaid card | carte virtuelle, prepayee | tarjeta virtual, prepago | cartao virtual, pre pago
chargeback_amount | daily chargeback avg amt, 6 month avg chbk amt, dispute amount | montant litiges, montant impayes | monto contracargos | valor chargebacks
velocity_month | num transactions month, tx count 30d, monthly count | nb operations mois, nb transactions 30j | num operaciones mes, conteo mes | num transacoes mes, qtd mes
payment_method_age | payment method age, payment method age days, card age days, instrument age | anciennete moyen paiement, age carte | antiguedad metodo pago | idade metodo pagamento
device_kind | device used, device type, terminal type | type appareil, materiel | tipo dispositivo, equipo | tipo dispositivo, equipamento
weekend | is weekend, weekend | week end, est weekend | fin semana | fim semana
items | items, quantity, num items, item count | nb articles, quantite | cantidad, num articulos | quantidade, qtd itens
risk_signal | risk flag, alert flag, high risk, suspicious flag | indicateur risque, alerte | indicador riesgo, alerta | indicador risco, alerta
foreign | foreign, is foreign, is foreign transaction, international, cross border | etranger, operation etranger, international | extranjero, es extranjero, internacional | internacional, estrangeiro
declined | declined, is declined, previous declines, failed attempts, num declined | refuse, nb refus, echecs | rechazado, intentos fallidos | recusado, tentativas falhas
high_risk_country | high risk country, is high risk country, risky country | pays a risque | pais alto riesgo, es pais riesgo | pais alto risco
chargeback_history | chargebacks 6m, 6 month chbk freq, past chargebacks, previous disputes, daily chbk avg amt | litiges passes, nb impayes | contracargos previos, disputas | chargebacks anteriores, disputas
proxy | is proxy, vpn, proxy flag, anonymous ip | proxy, vpn, ip anonyme | proxy, vpn | proxy, vpn
new_device | new device, is new device, device change, unknown device | nouvel appareil, appareil inconnu | dispositivo nuevo, cambio dispositivo | novo dispositivo, troca aparelho
new_payee | new payee, new beneficiary, first payment to payee, is new recipient | nouveau beneficiaire, beneficiaire nouveau | beneficiario nuevo, nuevo destinatario | novo beneficiario, favorecido novo
sim_change | sim changed, recent sim swap, sim change flag | changement sim, sim recente | cambio sim | troca sim
online | online order, is online, ecommerce flag, card absent | en ligne, vente distance | en linea, compra online | compra online, on line
night | is night, night flag, late hour | nuit, operation nuit | noche, es noche | noite, madrugada
risk_score | risk score, ip risk score, vendor score, device risk | score risque, note risque | puntaje riesgo, score riesgo | score risco, pontuacao risco
distinct_cards | num cards, cards per device, distinct cards, card count | nb cartes, cartes par appareil | num tarjetas | qtd cartoes
distinct_emails | distinct emails, emails per ip, num emails | nb courriels | num correos | qtd emails
password_reset | password reset, recent password change, pwd change | changement mot passe | cambio clave | troca senha
address_mismatch | address mismatch, shipping differs, billing shipping mismatch | adresses differentes, livraison differente | direccion distinta, envio distinto | endereco divergente, entrega diferente
trust_signal | trust score, verified, known customer | confiance, verifie | confianza, verificado | confianca, verificado
chip | used chip, chip, chip used, emv | puce, puce utilisee | chip, uso chip | chip, uso chip
pin | used pin number, pin, pin verified, used pin | code pin, pin saisi | pin, uso pin | senha, uso pin
three_ds | three ds, 3ds authenticated, strong auth, sca passed | 3ds, authentification forte | 3ds, autenticado | 3ds, autenticado
cvv_match | cvv match, cvv ok, avs match, cvv result | cvv correct, cvv ok | cvv correcto, cvv valido | cvv correto, cvv ok
repeat_retailer | repeat retailer, known merchant, repeat merchant, known payee | commercant connu, beneficiaire connu | comercio conocido | loja conhecida, recorrente
verified | verified, kyc verified, kyc level, email verified, phone verified | verifie, niveau kyc, email verifie | verificado, nivel kyc | verificado, nivel kyc
reputation | rating, reputation, trust score, seller rating | note vendeur, reputation | reputacion, calificacion | reputacao, avaliacao
number | value x, metric, index, code num, batch, seq group, factor, attr | indice, facteur, lot, attribut | indice, factor, lote | indice, fator, lote
flag | is active, opt in, newsletter, loyalty member, flag | actif, abonne, fidelite | activo, suscrito | ativo, inscrito
text | note, description, memo, comment, label text, remarks | libelle, commentaire, motif | concepto, descripcion, nota | descricao, historico, observacao
city_population | city pop, population, city population | population ville, population | poblacion, poblacion ciudad | populacao, populacao cidade
leak | is fraud, fraud, label | fraude, est fraude | fraude, es fraude | fraude, e fraude
""")

ABBREVIATIONS: dict[str, str] = {
    "transaction": "tx", "trans": "trx", "amount": "amt", "customer": "cust", "client": "clt", "account": "acct", "number": "nbr",
    "merchant": "mrch", "beneficiary": "benef", "destination": "dest", "category": "cat", "balance": "bal", "country": "ctry",
    "date": "dt", "timestamp": "ts", "time": "tm", "device": "dev", "address": "addr", "average": "avg", "count": "cnt",
    "latitude": "lat", "longitude": "lon", "distance": "dist", "currency": "ccy", "terminal": "term", "reference": "ref",
    "montant": "mnt", "beneficiaire": "benef", "commercant": "comm", "compte": "cpt", "solde": "sld", "operation": "oper",
    "numero": "num", "categorie": "cat", "appareil": "app", "heure": "hr", "pays": "pys", "moyen": "moy", "fournisseur": "fourn",
    "monto": "mto", "importe": "imp", "cliente": "cli", "fecha": "fch", "cuenta": "cta", "tarjeta": "tarj", "beneficiario": "benef",
    "comercio": "com", "saldo": "sld", "dispositivo": "disp", "categoria": "cat", "usuario": "usr", "user": "usr", "valor": "vlr",
    "conta": "cta", "cartao": "cart", "data": "dt", "quantidade": "qtd", "previous": "prev", "receiver": "rcv", "sender": "snd",
}  # fmt: skip
