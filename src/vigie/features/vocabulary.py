"""The fixed vocabulary of features: name, direction of risk, and the words for it.

A feature is unit-free, so that a model trained in euros works in CFA francs. Its direction says which tail is
riskier (+1 high, -1 low, 0 either); its weight says how much that direction is worth before any label is seen,
from what fraud investigators publish, never from a table we report on. One list, longer than a page on purpose:
a feature is added by adding an entry, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One input of the reference models.

    Attributes:
        name: stable identifier; bundles refer to it for ever.
        direction: +1 riskier when higher, -1 riskier when lower, 0 both tails.
        weight: prior worth of the direction, 0 (none) to 1.
        en: why a row with an extreme value is suspicious, in English.
        fr: the same in French.
    """

    name: str
    direction: int
    weight: float
    en: str
    fr: str

    @property
    def family(self) -> str:
        """Features that say nearly the same thing share a family; its evidence is not counted twice."""
        return next((family for prefix, family in FAMILIES if self.name.startswith(prefix)), "other")


FAMILIES = (
    ("amount", "amount"),
    ("balance", "balance"),
    ("counter_", "balance"),
    ("hour", "hour"),
    ("burst_shared", "sharing"),
    ("burst_counterpart", "counterpart"),
    ("count_hour_counterpart", "counterpart"),
    ("count_day_counterpart", "counterpart"),
    ("gap_before_counterpart", "counterpart"),
    ("newcomers", "counterpart"),
    ("fan_in", "counterpart"),
    ("table_burst", "counterpart"),
    ("gap", "rhythm"),
    ("count_", "rhythm"),
    ("sum_", "rhythm"),
    ("burst", "rhythm"),
    ("spend", "rhythm"),
    ("dormant", "rhythm"),
    ("fan_out", "rhythm"),
    ("rows_actor", "novelty"),
    ("rows_counterpart", "novelty"),
    ("position", "novelty"),
    ("pair", "novelty"),
    ("new_", "novelty"),
    ("actors_per", "sharing"),
    ("rows_", "sharing"),
    ("devices", "sharing"),
    ("ips", "sharing"),
    ("cards", "sharing"),
    ("counterparts_per", "sharing"),
    ("flow", "flow"),
    ("distance", "place"),
    ("speed", "place"),
    ("country", "place"),
    ("category", "category"),
    ("account", "account"),
    ("opened", "account"),
    ("age", "account"),
    ("limit", "account"),
    ("income", "account"),
    ("signal", "signal"),
    ("number", "number"),
    ("email", "words"),
    ("ip_", "words"),
    ("agent", "words"),
)
"""First prefix that fits names the family."""

F = Feature
VOCABULARY: tuple[Feature, ...] = (
    # amounts
    F("amount", 1, 1.0, "large amount for this table", "montant élevé pour ce fichier"),
    F(
        "amount_habit",
        1,
        1.0,
        "amount far above this customer's habit",
        "montant très au-dessus de l'habitude du client",
    ),
    F(
        "amount_rank_actor",
        1,
        0.5,
        "among this customer's largest amounts",
        "parmi les plus gros montants du client",
    ),
    F(
        "amount_over_max",
        1,
        0.8,
        "above everything this customer did before",
        "au-dessus de tout ce que ce client a fait avant",
    ),
    F(
        "amount_low_habit",
        1,
        0.2,
        "amount far below this customer's habit",
        "montant très au-dessous de l'habitude du client",
    ),
    F(
        "amount_counterpart",
        1,
        0.8,
        "amount unusual for this counterparty",
        "montant inhabituel pour cette contrepartie",
    ),
    F(
        "amount_category",
        1,
        0.9,
        "amount unusual for this kind of transaction",
        "montant inhabituel pour ce type d'opération",
    ),
    F(
        "amount_actor_category",
        1,
        0.8,
        "amount unusual for this customer in this category",
        "montant inhabituel pour ce client dans cette catégorie",
    ),
    F("amount_hour", 1, 0.4, "amount unusual at this hour", "montant inhabituel à cette heure"),
    F("amount_round", 1, 0.2, "round amount", "montant rond"),
    F(
        "amount_repeat_actor",
        1,
        0.3,
        "same amount repeated by this customer",
        "même montant répété par ce client",
    ),
    F(
        "amount_repeat_table",
        1,
        0.2,
        "exact amount seen unusually often",
        "montant exact vu anormalement souvent",
    ),
    F(
        "amount_repeat_counterpart",
        1,
        0.3,
        "same amount repeated at this counterparty within a day",
        "même montant répété chez cette contrepartie en un jour",
    ),
    F("amount_jump", 1, 0.4, "jumps from the previous amount", "bond par rapport au montant précédent"),
    F("amount_under_threshold", 1, 0.2, "just under a round limit", "juste sous une limite ronde"),
    F("amount_to_usual", 1, 1.0, "several times the usual amount", "plusieurs fois le montant habituel"),
    F("amount_to_limit", 1, 0.6, "large share of the limit", "grande part du plafond"),
    F("amount_to_income", 1, 0.6, "large against income", "élevé par rapport au revenu"),
    F(
        "amount_share_actor",
        1,
        0.3,
        "most of what this customer moved",
        "l'essentiel de ce que ce client a dépensé",
    ),
    F(
        "amount_parts",
        1,
        0.4,
        "one part of the amount is out of proportion",
        "une part du montant est disproportionnée",
    ),
    F("balance_emptied", 1, 1.0, "empties the account", "vide le compte"),
    F("balance_share", 1, 1.0, "takes most of the balance", "prend l'essentiel du solde"),
    F("balance_mismatch", 1, 0.3, "balances do not add up", "les soldes ne concordent pas"),
    F(
        "counter_mismatch",
        1,
        0.4,
        "the receiver's balance does not add up",
        "le solde du bénéficiaire ne concorde pas",
    ),
    F("counter_empty", 1, 0.3, "the receiver's account was empty", "le compte du bénéficiaire était vide"),
    # moments and rhythm
    F("hour_rarity", 1, 0.5, "unusual hour", "heure inhabituelle"),
    F("hour_night", 1, 0.4, "in the night", "en pleine nuit"),
    F("hour_habit", 1, 0.6, "hour unusual for this customer", "heure inhabituelle pour ce client"),
    F(
        "gap_before_actor",
        -1,
        0.7,
        "very soon after the previous one",
        "très peu de temps après la précédente",
    ),
    F("gap_after_actor", -1, 0.5, "followed at once by another", "suivie aussitôt d'une autre"),
    F("count_hour_actor", 1, 0.8, "many within an hour", "plusieurs en une heure"),
    F("count_day_actor", 1, 0.8, "many within a day", "plusieurs en un jour"),
    F("count_week_actor", 1, 0.5, "many within a week", "plusieurs en une semaine"),
    F("sum_day_actor", 1, 0.9, "large total within a day", "total élevé sur un jour"),
    F("sum_week_actor", 1, 0.6, "large total within a week", "total élevé sur une semaine"),
    F(
        "burst_actor",
        1,
        0.8,
        "busier than this customer's own pace",
        "plus actif que le rythme habituel du client",
    ),
    F(
        "spend_burst_actor",
        1,
        0.9,
        "spends faster than this customer's own pace",
        "dépense plus vite que le rythme habituel du client",
    ),
    F("dormant_actor", 1, 0.3, "wakes after a long silence", "se réveille après un long silence"),
    F(
        "gap_before_counterpart",
        -1,
        0.2,
        "receiver hit again at once",
        "bénéficiaire sollicité de nouveau aussitôt",
    ),
    F(
        "count_hour_counterpart",
        1,
        0.3,
        "receiver unusually busy this hour",
        "bénéficiaire très actif cette heure-ci",
    ),
    F(
        "count_day_counterpart",
        1,
        0.3,
        "receiver unusually busy this day",
        "bénéficiaire très actif ce jour-là",
    ),
    F(
        "burst_counterpart",
        1,
        0.4,
        "receiver busier than its own pace",
        "bénéficiaire plus actif que son rythme habituel",
    ),
    F(
        "newcomers_counterpart",
        1,
        0.4,
        "many newcomers at this counterparty at once",
        "beaucoup de nouveaux venus chez cette contrepartie à la fois",
    ),
    F(
        "fan_in_day",
        1,
        0.6,
        "many senders to this receiver within a day",
        "beaucoup d'expéditeurs vers ce bénéficiaire en un jour",
    ),
    F(
        "fan_out_day",
        1,
        0.6,
        "many receivers from this customer within a day",
        "beaucoup de bénéficiaires pour ce client en un jour",
    ),
    F("table_burst", 1, 0.2, "at an unusually busy moment", "à un moment anormalement chargé"),
    # novelty
    F("rows_actor", -1, 0.1, "customer hardly ever seen", "client presque jamais vu"),
    F(
        "position_actor",
        -1,
        0.3,
        "among this customer's first transactions",
        "parmi les premières opérations du client",
    ),
    F("rows_counterpart", -1, 0.3, "counterparty hardly ever seen", "contrepartie presque jamais vue"),
    F(
        "position_counterpart",
        -1,
        0.3,
        "counterparty seen for the first times",
        "contrepartie vue pour les premières fois",
    ),
    F("pair_new", 1, 0.7, "first time with this counterparty", "première fois avec cette contrepartie"),
    F("pair_rows", -1, 0.5, "this pair is rare", "ce couple est rare"),
    F("new_device", 1, 0.7, "new device for this customer", "nouvel appareil pour ce client"),
    F("new_ip", 1, 0.4, "new ip address for this customer", "nouvelle adresse ip pour ce client"),
    F("new_place", 1, 0.5, "new place for this customer", "nouveau lieu pour ce client"),
    F(
        "new_category",
        1,
        0.5,
        "new kind of transaction for this customer",
        "nouveau type d'opération pour ce client",
    ),
    # sharing
    F(
        "actors_per_device",
        1,
        0.9,
        "device shared by several customers",
        "appareil partagé par plusieurs clients",
    ),
    F(
        "actors_per_ip",
        1,
        0.8,
        "ip address shared by several customers",
        "adresse ip partagée par plusieurs clients",
    ),
    F(
        "actors_per_contact",
        1,
        0.7,
        "e-mail, phone or address shared by several customers",
        "courriel, téléphone ou adresse partagé par plusieurs clients",
    ),
    F("rows_device", 1, 0.5, "device seen very often", "appareil vu très souvent"),
    F("rows_ip", 1, 0.5, "ip address seen very often", "adresse ip vue très souvent"),
    F("rows_contact", 1, 0.4, "contact details seen very often", "coordonnées vues très souvent"),
    F("devices_per_actor", 1, 0.6, "customer uses many devices", "client utilisant beaucoup d'appareils"),
    F("ips_per_actor", 1, 0.4, "customer uses many ip addresses", "client utilisant beaucoup d'adresses ip"),
    F("cards_per_actor", 1, 0.5, "customer uses many cards", "client utilisant beaucoup de cartes"),
    F(
        "counterparts_per_actor",
        1,
        0.2,
        "customer pays many different parties",
        "client payant beaucoup de parties différentes",
    ),
    F("actors_per_counterpart", 1, 0.1, "receiver paid by many", "bénéficiaire payé par beaucoup"),
    F(
        "burst_shared",
        1,
        0.6,
        "many rows from the same device or ip within a day",
        "beaucoup de lignes du même appareil ou ip en un jour",
    ),
    # flows through accounts
    F("flow_through", 1, 0.8, "money leaves soon after it came in", "l'argent repart peu après son arrivée"),
    F(
        "flow_match",
        1,
        0.6,
        "passes on nearly the amount just received",
        "transmet presque le montant tout juste reçu",
    ),
    F(
        "flow_received_day",
        1,
        0.4,
        "receiver collected much within a day",
        "bénéficiaire ayant beaucoup reçu en un jour",
    ),
    F(
        "flow_receiver_sends",
        1,
        0.3,
        "receiver sends it on soon after",
        "le bénéficiaire le renvoie peu après",
    ),
    F(
        "flow_receiver_match",
        1,
        0.5,
        "receiver passes on nearly this amount",
        "le bénéficiaire transmet presque ce montant",
    ),
    F(
        "flow_reciprocal",
        1,
        0.3,
        "money goes back and forth between the two",
        "l'argent fait l'aller-retour entre les deux",
    ),
    F(
        "flow_in_out_balance",
        1,
        0.3,
        "receives about as much as it sends",
        "reçoit à peu près autant qu'il envoie",
    ),
    # places
    F("distance_home", 1, 0.6, "far from home", "loin du domicile"),
    F("distance_habit", 1, 0.6, "farther than this customer goes", "plus loin que d'habitude pour ce client"),
    F("distance_previous", 1, 0.4, "far from the previous transaction", "loin de l'opération précédente"),
    F("speed", 1, 0.6, "impossible travel speed", "vitesse de déplacement impossible"),
    F("distance_given", 1, 0.8, "large distance", "grande distance"),
    F("country_mismatch", 1, 0.6, "countries differ", "pays différents"),
    # kinds of things
    F("category_rarity", 1, 0.4, "rare category", "catégorie rare"),
    F("category_rarity_max", 1, 0.4, "one value is rare", "une valeur est rare"),
    F(
        "category_habit",
        1,
        0.6,
        "category unusual for this customer",
        "catégorie inhabituelle pour ce client",
    ),
    F("category_pair", 1, 0.3, "rare combination of categories", "combinaison rare de catégories"),
    F(
        "category_words",
        1,
        0.6,
        "a kind of transaction that fraud prefers",
        "un type d'opération que la fraude préfère",
    ),
    F("category_hour", 1, 0.3, "category unusual at this hour", "catégorie inhabituelle à cette heure"),
    # people and accounts
    F("account_age", -1, 0.8, "young account", "compte récent"),
    F("age", 0, 0.2, "unusual age", "âge inhabituel"),
    F("opened_age", -1, 0.9, "acts soon after opening", "agit peu après l'ouverture"),
    F("limit", 0, 0.2, "unusual limit", "plafond inhabituel"),
    F("income", -1, 0.1, "low income", "revenu faible"),
    # signals that the owner already computes
    F("signal_risk", 1, 0.9, "risk signals are high", "signaux de risque élevés"),
    F("signal_risk_max", 1, 0.9, "one risk signal is extreme", "un signal de risque est extrême"),
    F("signal_trust", -1, 0.8, "trust signals are missing", "signaux de confiance absents"),
    F("signal_trust_min", -1, 0.5, "one trust signal is very low", "un signal de confiance est très bas"),
    F("signal_velocity", 1, 0.6, "high recent activity", "forte activité récente"),
    F("signal_velocity_max", 1, 0.6, "one activity counter is extreme", "un compteur d'activité est extrême"),
    F("signal_ratio", 1, 1.0, "several times the usual", "plusieurs fois l'habituel"),
    F("signal_joint", 1, 0.9, "several risk signals at once", "plusieurs signaux de risque à la fois"),
    F("number_tail", 1, 0.5, "unusual numeric values", "valeurs numériques inhabituelles"),
    F("number_tail_max", 1, 0.5, "one numeric value is extreme", "une valeur numérique est extrême"),
    F(
        "number_joint",
        1,
        0.5,
        "unusual combination of numeric values",
        "combinaison inhabituelle de valeurs numériques",
    ),
    # words
    F("email_domain_rarity", 1, 0.3, "rare e-mail domain", "domaine de courriel rare"),
    F("email_digits", 1, 0.4, "many digits in the e-mail", "beaucoup de chiffres dans le courriel"),
    F("email_pattern", 1, 0.5, "same e-mail pattern repeated", "même forme de courriel répétée"),
    F("email_mismatch", 1, 0.5, "e-mail does not look like the name", "courriel sans rapport avec le nom"),
    F("ip_range", 1, 0.4, "ip range seen very often", "plage ip vue très souvent"),
    F("agent_rarity", 1, 0.2, "rare browser", "navigateur rare"),
    F("near_duplicate", 1, 0.5, "nearly the same row appears again", "presque la même ligne apparaît encore"),
    F("missing_values", 1, 0.2, "unusually many empty fields", "nombre inhabituel de champs vides"),
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in VOCABULARY)
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in VOCABULARY}
