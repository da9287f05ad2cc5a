"""The fixed vocabulary of features: name, direction of risk and weight.

A feature is unit-free, so that a model trained on euros works on CFA francs. Weights are priors from what fraud investigators
publish, never from a table we report on. A feature is added by an entry here, its computation in a `FeatureModule`, and a
text `feature.NAME` in each language catalogue of `i18n`. The order is that of the inputs of stored models.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One input of the reference models.

    Attributes:
        name: stable identifier; stored models refer to it.
        direction: +1 riskier when higher, -1 riskier when lower, 0 both tails.
        weight: how much the direction counts before any label is seen, 0 (nothing) to 1.
    """

    name: str
    direction: int
    weight: float

    @property
    def family(self) -> str:
        """Group of features that measure nearly the same, so that it is not counted twice."""
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
"""Prefix of a name -> family; the first that fits."""

F = Feature
VOCABULARY: tuple[Feature, ...] = (
    # amounts
    F("amount", 1, 1.0),
    F("amount_habit", 1, 1.0),
    F("amount_rank_actor", 1, 0.5),
    F("amount_over_max", 1, 0.8),
    F("amount_low_habit", 1, 0.2),
    F("amount_counterpart", 1, 0.8),
    F("amount_category", 1, 0.9),
    F("amount_actor_category", 1, 0.8),
    F("amount_hour", 1, 0.4),
    F("amount_round", 1, 0.2),
    F("amount_repeat_actor", 1, 0.3),
    F("amount_repeat_table", 1, 0.2),
    F("amount_repeat_counterpart", 1, 0.3),
    F("amount_jump", 1, 0.4),
    F("amount_under_threshold", 1, 0.2),
    F("amount_to_usual", 1, 1.0),
    F("amount_to_limit", 1, 0.6),
    F("amount_to_income", 1, 0.6),
    F("amount_share_actor", 1, 0.3),
    F("amount_parts", 1, 0.4),
    F("balance_emptied", 1, 1.0),
    F("balance_share", 1, 1.0),
    F("balance_mismatch", 1, 0.3),
    F("counter_mismatch", 1, 0.4),
    F("counter_empty", 1, 0.3),
    # moments and rhythm
    F("hour_rarity", 1, 0.5),
    F("hour_night", 1, 0.4),
    F("hour_habit", 1, 0.6),
    F("gap_before_actor", -1, 0.7),
    F("gap_after_actor", -1, 0.5),
    F("count_hour_actor", 1, 0.8),
    F("count_day_actor", 1, 0.8),
    F("count_week_actor", 1, 0.5),
    F("sum_day_actor", 1, 0.9),
    F("sum_week_actor", 1, 0.6),
    F("burst_actor", 1, 0.8),
    F("spend_burst_actor", 1, 0.9),
    F("dormant_actor", 1, 0.3),
    F("gap_before_counterpart", -1, 0.2),
    F("count_hour_counterpart", 1, 0.3),
    F("count_day_counterpart", 1, 0.3),
    F("burst_counterpart", 1, 0.4),
    F("newcomers_counterpart", 1, 0.4),
    F("fan_in_day", 1, 0.6),
    F("fan_out_day", 1, 0.6),
    F("table_burst", 1, 0.2),
    # novelty
    F("rows_actor", -1, 0.1),
    F("position_actor", -1, 0.3),
    F("rows_counterpart", -1, 0.3),
    F("position_counterpart", -1, 0.3),
    F("pair_new", 1, 0.7),
    F("pair_rows", -1, 0.5),
    F("new_device", 1, 0.7),
    F("new_ip", 1, 0.4),
    F("new_place", 1, 0.5),
    F("new_category", 1, 0.5),
    # sharing
    F("actors_per_device", 1, 0.9),
    F("actors_per_ip", 1, 0.8),
    F("actors_per_contact", 1, 0.7),
    F("rows_device", 1, 0.5),
    F("rows_ip", 1, 0.5),
    F("rows_contact", 1, 0.4),
    F("devices_per_actor", 1, 0.6),
    F("ips_per_actor", 1, 0.4),
    F("cards_per_actor", 1, 0.5),
    F("counterparts_per_actor", 1, 0.2),
    F("actors_per_counterpart", 1, 0.1),
    F("burst_shared", 1, 0.6),
    # flows through accounts
    F("flow_through", 1, 0.8),
    F("flow_match", 1, 0.6),
    F("flow_received_day", 1, 0.4),
    F("flow_receiver_sends", 1, 0.3),
    F("flow_receiver_match", 1, 0.5),
    F("flow_reciprocal", 1, 0.3),
    F("flow_in_out_balance", 1, 0.3),
    # places
    F("distance_home", 1, 0.6),
    F("distance_habit", 1, 0.6),
    F("distance_previous", 1, 0.4),
    F("speed", 1, 0.6),
    F("distance_given", 1, 0.8),
    F("country_mismatch", 1, 0.6),
    # kinds of things
    F("category_rarity", 1, 0.4),
    F("category_rarity_max", 1, 0.4),
    F("category_habit", 1, 0.6),
    F("category_pair", 1, 0.3),
    F("category_words", 1, 0.6),
    F("category_hour", 1, 0.3),
    # people and accounts
    F("account_age", -1, 0.8),
    F("age", 0, 0.2),
    F("opened_age", -1, 0.9),
    F("limit", 0, 0.2),
    F("income", -1, 0.1),
    # signals that the owner already computes
    F("signal_risk", 1, 0.9),
    F("signal_risk_max", 1, 0.9),
    F("signal_trust", -1, 0.8),
    F("signal_trust_min", -1, 0.5),
    F("signal_velocity", 1, 0.6),
    F("signal_velocity_max", 1, 0.6),
    F("signal_ratio", 1, 1.0),
    F("signal_joint", 1, 0.9),
    F("number_tail", 1, 0.5),
    F("number_tail_max", 1, 0.5),
    F("number_joint", 1, 0.5),
    # words
    F("email_domain_rarity", 1, 0.3),
    F("email_digits", 1, 0.4),
    F("email_pattern", 1, 0.5),
    F("email_mismatch", 1, 0.5),
    F("ip_range", 1, 0.4),
    F("agent_rarity", 1, 0.2),
    F("near_duplicate", 1, 0.5),
    F("missing_values", 1, 0.2),
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in VOCABULARY)
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in VOCABULARY}
