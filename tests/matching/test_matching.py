"""Matching: the scale of similarities, the evidence that adds up, and what must not matter."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from vigie.i18n.messages import translate
from vigie.matching import (
    PARTS,
    POINTS,
    SHORTLIST,
    Column,
    ModelIndex,
    ModelProfile,
    ModelVector,
    TableProfile,
    compare,
    describe,
    domains,
    shortlist,
    similarity,
    total,
)
from vigie.matching.distributions import LEVELS, Quantiles, distances, distribution_similarity, quantiles_of
from vigie.roles.inference import ColumnRole, Roles
from vigie.simulator import DOMAINS

MONEY = {
    "step": ("time", "Int64"),
    "type": ("category", "String"),
    "amount": ("amount", "Float64"),
    "name_orig": ("customer", "String"),
    "old_balance_orig": ("balance_before", "Float64"),
    "new_balance_orig": ("balance_after", "Float64"),
    "name_dest": ("counterparty", "String"),
    "wallet_agent_code": ("channel", "String"),
}
CLAIMS = {
    "claim_date": ("time", "Datetime"),
    "claim_amount": ("amount", "Float64"),
    "policy_number": ("customer", "String"),
    "policy_start": ("opened", "Datetime"),
    "insured_birth": ("birth", "Datetime"),
    "incident_type": ("category", "String"),
    "witnesses": ("velocity", "Int64"),
    "police_report": ("trust_signal", "Boolean"),
    "premium": ("amount_usual", "Float64"),
    "vehicle_age": ("account_age", "Int64"),
}
ORDERS = {
    "order_date": ("time", "Datetime"),
    "basket_total": ("amount", "Float64"),
    "user_id": ("customer", "String"),
    "shop": ("counterparty", "String"),
    "product_category": ("category", "String"),
    "balance": ("balance_before", "Float64"),
}
ANONYMOUS = {f"V{i}": ("number", "Float64") for i in range(1, 29)}
EMBEDDED = ANONYMOUS | {"Time": ("time", "Int64"), "Amount": ("amount", "Float64")}


def table(
    columns: dict[str, tuple[str, str]], quantiles: Quantiles | None = None, values: tuple[str, ...] = ()
) -> TableProfile:
    """A table of these columns, its domain read from their names and from the values of its categories."""
    return TableProfile(
        tuple(Column(name, role, kind) for name, (role, kind) in columns.items()),
        domains.score_domains([*columns, *values], {role for role, _ in columns.values()}),
        quantiles,
    )


def model(
    domain: str, columns: dict[str, tuple[str, str]], quantiles: Quantiles | None = None
) -> ModelProfile:
    """A model whose training tables all had these columns."""
    return ModelProfile(
        domain,
        tuple(Column(name, role, kind) for name, (role, kind) in columns.items()),
        {role: 1.0 for role, _ in columns.values()},
        quantiles or Quantiles((), np.zeros((0, LEVELS))),
    )


def score(left: TableProfile, right: ModelProfile) -> float:
    """The similarity as a user sees it."""
    return similarity(compare(left, right))


# With nothing else, the domain left open gives half of its points.
UNSAID_ONLY = 0.5 * POINTS["domain"] / (1 - POINTS["distributions"]) + 0.001

MODELS = {
    "money": model("mobile_money", MONEY),
    "claims": model("insurance", CLAIMS),
    "orders": model("card_not_present", ORDERS),
}


def test_a_table_of_the_models_own_domain_is_above_three_quarters() -> None:
    """Without two of its columns and with French names it is still far above the threshold."""
    assert score(table(MONEY), MODELS["money"]) >= 0.9
    fewer = {name: MONEY[name] for name in MONEY if name not in {"new_balance_orig", "wallet_agent_code"}}
    assert score(table(fewer), MODELS["money"]) >= 0.6
    french = dict(
        zip(
            [
                "pas",
                "type_operation_retrait",
                "montant",
                "emetteur",
                "solde_avant",
                "solde_apres",
                "momo_dest",
                "canal",
            ],
            MONEY.values(),
            strict=True,
        )
    )
    assert 0.75 <= score(table(french), MODELS["money"]) <= 0.95


def test_the_same_structure_in_another_domain_is_in_the_middle() -> None:
    """Who, to whom, how much and when, but other words: neither refused nor trusted."""
    structure = {name: MONEY[name] for name in ("step", "amount", "name_orig", "name_dest", "type")}
    cards = structure | {"merchant_mcc": ("category", "String"), "chip_terminal": ("trust_signal", "Boolean")}
    assert 0.4 <= score(table(cards), MODELS["money"]) <= 0.65


def test_claims_do_not_match_mobile_money() -> None:
    """Sharing an amount and a date is not enough, in either direction."""
    assert score(table(CLAIMS), MODELS["money"]) < 0.4
    assert score(table(MONEY, values=("CASH_OUT", "CASH_IN")), MODELS["claims"]) < 0.4


@pytest.mark.parametrize("name", MODELS)
def test_anonymous_numbers_match_nothing(name: str) -> None:
    """V1…V28, with or without an amount and a time, stays under the threshold."""
    assert score(table(ANONYMOUS), MODELS[name]) < 0.3
    assert score(table(EMBEDDED), MODELS[name]) < 0.5


def test_anonymous_numbers_match_a_model_trained_on_such() -> None:
    """The one exception: a model that needs nothing else."""
    assert score(table(ANONYMOUS), model("embedded", ANONYMOUS)) > 0.75
    assert score(table(EMBEDDED), model("embedded", EMBEDDED)) > 0.75


def test_a_table_without_any_meaning_scores_near_nothing() -> None:
    """Row numbers, texts and ignored columns are worth no points."""
    nothing = {
        "id": ("row_id", "Int64"),
        "remark": ("text", "String"),
        "label": ("leak", "Int64"),
        "x": ("none", "String"),
    }
    for known in MODELS.values():
        reasons = compare(table(nothing), known)
        assert similarity(reasons) <= UNSAID_ONLY
        assert {reason.part for reason in reasons if reason.points} <= {"domain"}
    assert score(table({}), MODELS["money"]) <= UNSAID_ONLY


@pytest.mark.parametrize("with_features", [False, True])
def test_the_points_sum_to_the_similarity(with_features: bool) -> None:
    """To the last printed digit, for every pair, within [0, 1]."""
    spread = Quantiles(tuple("abcdefg"), np.sort(np.random.default_rng(1).normal(size=(7, LEVELS)), axis=1))
    for columns in (MONEY, CLAIMS, ORDERS, ANONYMOUS):
        for domain, other in (("mobile_money", MONEY), ("insurance", CLAIMS)):
            left, right = table(columns, spread if with_features else None), model(domain, other, spread)
            reasons = compare(left, right)
            exact = ModelIndex([ModelVector.of(right.domain, right.columns, right.roles)]).parts(left)
            close = distribution_similarity(distances(spread, [spread])) if with_features else None
            assert similarity(reasons) == pytest.approx(total(exact, close)[0], abs=0.00051)
            assert 0.0 <= similarity(reasons) <= 1.0
            assert [reason.part for reason in reasons] == list(PARTS) + ["distributions"] * with_features


def test_a_perfect_match_is_one() -> None:
    """The same columns, words and features: every point is given."""
    spread = Quantiles(tuple("abcdefg"), np.tile(np.arange(LEVELS, dtype=float), (7, 1)))
    many = MONEY | {"cash_out_wallet": ("flag", "Boolean"), "momo_airtime_msisdn": ("phone", "String")}
    assert score(table(many, spread), model("mobile_money", many, spread)) >= 0.97
    assert sum(POINTS.values()) == pytest.approx(1.0)


def test_the_evidence_counts_and_names_what_is_missing() -> None:
    """The words say how many roles, which are missing, and which words spoke for the domain, in both languages."""
    fewer = {name: MONEY[name] for name in MONEY if name != "name_dest"}
    needs, knows, domain, names, *_ = compare(table(fewer), MODELS["money"])
    assert needs.text == "7 of the 8 roles the model needs are here; missing: counterparty"
    assert (
        translate(needs.text, "fr")
        == "7 des 8 rôles dont le modèle a besoin sont là\u202f; manque\u00a0: contrepartie"
    )
    assert knows.text == "the model knows 7 of the table's 7 roles"
    assert domain.text == "words of mobile money: agent code, wallet"
    assert names.text == "7 of 7 columns are named like the model's"
    assert "not those of insurance claims" in compare(table(MONEY), MODELS["claims"])[2].text
    assert "half the points" in compare(table(ANONYMOUS), MODELS["claims"])[2].text


def test_the_order_of_the_columns_does_not_matter() -> None:
    """The same columns the other way round give the same reasons."""
    turned = dict(reversed(MONEY.items()))
    for known in MODELS.values():
        assert compare(table(turned), known) == compare(table(MONEY), known)


def test_many_models_at_once_score_as_one_by_one() -> None:
    """The index gives each model what it would get alone."""
    known = [*MODELS.values(), model("embedded", EMBEDDED)]
    index = ModelIndex([ModelVector.of(m.domain, m.columns, m.roles) for m in known])
    for columns in (MONEY, CLAIMS, ANONYMOUS):
        together = index.parts(table(columns))
        alone = [
            ModelIndex([ModelVector.of(m.domain, m.columns, m.roles)]).parts(table(columns))[0] for m in known
        ]
        np.testing.assert_allclose(together, alone, atol=1e-6)
    assert len(ModelIndex([]).parts(table(MONEY))) == 0


def test_a_profile_of_a_later_vigie_is_read_for_what_is_known() -> None:
    """Unknown roles and domains count nothing; they are no error."""
    later = ModelProfile(
        "space_mining",
        (*MODELS["money"].columns, Column("orbit", "orbit", "Float128")),
        {**MODELS["money"].roles, "orbit": 1.0},
        Quantiles.from_json({}),
    )
    assert score(table(MONEY), later) > 0.6


def test_a_stand_in_gives_part_of_the_points() -> None:
    """A card says who acts, though less well than the customer; a date of birth says the age."""
    by_card = {
        ("card_number" if k == "name_orig" else k): (("card", t) if r == "customer" else (r, t))
        for k, (r, t) in MONEY.items()
    }
    without_actor = {name: MONEY[name] for name in MONEY if name != "name_orig"}
    met = [compare(table(columns), MODELS["money"])[0].points for columns in (without_actor, by_card, MONEY)]
    assert met[0] < met[1] < met[2]


def test_a_date_in_parts_is_a_time() -> None:
    """As many points as a column of moments gives."""
    timeless = {name: (role, kind) for name, (role, kind) in MONEY.items() if role != "time"}
    parts = timeless | {part: (part, "Int64") for part in ("year", "month", "day")}
    met = [compare(table(columns), MODELS["money"])[0].points for columns in (timeless, parts, MONEY)]
    assert met[0] < met[1] == met[2]


def test_the_shortlist_keeps_every_model_that_may_win() -> None:
    """A model is left out only if even perfect distributions could not bring it among the best."""
    rng = np.random.default_rng(3)
    parts = rng.uniform(size=(20, len(PARTS)))
    spread = Quantiles(("a",), np.zeros((1, LEVELS)))
    kept, bounds = shortlist(parts, table(MONEY, spread), 3, 0.0)
    assert bounds == sorted(bounds, reverse=True)
    for _ in range(200):
        reached = total(parts, rng.uniform(size=20))
        assert set(np.argsort(-reached)[:3]) <= set(kept)
        assert all(reached[i] <= bound for i, bound in zip(kept, bounds, strict=True))
    assert shortlist(np.full((90, len(PARTS)), 0.9), table(MONEY), 3, 0.5)[0] == list(range(SHORTLIST))
    assert shortlist(parts, table(MONEY), 3, 1.1) == shortlist(parts, table(MONEY), 0, 0.0) == ([], [])


def test_a_table_is_described_from_its_roles_words_and_features() -> None:
    """Types come from the frame, words also from the values of category columns, never other values."""
    frame = pl.DataFrame(
        {
            "op": ["CASH_OUT", "cash-in", None, "SECRET-4711"] * 5,
            "montant": [1.0, 2.0, 3.0, 4.0] * 5,
            "nom": ["Claim Wallet", "b", "c", "d"] * 5,
        }
    )
    roles = Roles(
        (
            ColumnRole("op", "category", 1.0, (), 0),
            ColumnRole("montant", "amount", 1.0, (), 0),
            ColumnRole("nom", "person_name", 1.0, (), 0),
        )
    )

    class Some:
        names = ("known", "unknown")
        values = np.column_stack([np.arange(20), np.full(20, np.nan)]).astype(np.float32)

    profile = describe(frame, roles, Some())
    assert [(c.role, c.type) for c in profile.columns] == [
        ("category", "String"), ("amount", "Float64"), ("person_name", "String"),
    ]  # fmt: skip
    assert profile.domain.words["mobile_money"] == ("cash in", "cash out")
    assert "insurance" not in profile.domain.words
    assert "4711" not in str(profile)
    assert profile.quantiles is not None
    assert profile.quantiles.names == ("known",)
    assert describe(frame, roles).quantiles is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nameOrig", ("name", "orig")),
        ("TX_Amount2", ("tx", "amount")),
        ("numéro_de_carte", ("numero", "de", "carte")),
        ("HTTPStatus claims", ("http", "statu", "claim")),
        ("V14", ("v",)),
        ("42", ()),
    ],
)
def test_names_are_cut_into_folded_words(name: str, expected: tuple[str, ...]) -> None:
    """Accents, camelCase, separators, digits and plurals do not matter."""
    assert domains.tokens(name) == expected


def test_every_simulated_domain_has_words() -> None:
    """A domain added to the simulator is recognised in tables."""
    assert set(DOMAINS) <= set(domains.domains())


def test_no_word_of_a_domain_leaves_the_domain_open() -> None:
    """Nothing said is half for all; more words give more trust."""
    assert set(domains.score_domains([], []).scores.values()) == {domains.NEUTRAL_SCORE}
    one, three = (
        domains.score_domains(t, []).scores for t in (["premium"], ["premium", "policy", "deductible"])
    )
    assert 0.5 < one["insurance"] < three["insurance"] <= 1.0
    assert three["crypto"] < one["crypto"] < 0.5
    wires = domains.score_domains(["iban", "swift"], []).scores
    assert wires["insurance"] < wires["p2p"] < wires["transfers"]


def test_gaps_see_the_shape_and_not_the_scale_or_one_huge_value() -> None:
    """Equal is 0, apart is 1, an outlier is next to nothing, ties and float32 do not disturb."""
    line = np.arange(LEVELS, dtype=float)
    binary = np.repeat([0.0, 1.0], [15, 6])
    outlier = np.append(line[:-1], 1e9)
    left = Quantiles(
        ("same", "apart", "outlier", "binary", "only"), np.array([line, line, line, binary, line])
    )
    right = Quantiles(
        ("outlier", "same", "apart", "binary", "other"),
        np.array([outlier, np.float32(line) * (1 + 1e-7), line + 100, binary, line]),
    )
    assert distances(left, [right])[0].tolist() == pytest.approx([0, 1, 1 / 11, 0, np.nan], nan_ok=True)
    thousand = distances(
        Quantiles(left.names, left.values * 1000), [Quantiles(right.names, right.values * 1000)]
    )
    np.testing.assert_allclose(thousand, distances(left, [right]))
    none = Quantiles((), np.zeros((0, LEVELS)))
    together = distances(left, [none, right])
    assert np.isnan(together[0]).all()
    np.testing.assert_array_equal(together[1], distances(left, [right])[0])
    assert distances(none, [right]).shape == (1, 0)


def test_features_the_model_never_met_count_as_far() -> None:
    """Ten equal features are everything or half, by how many the table has; too few say nothing."""
    half = np.repeat([0.0, np.nan], 10)
    three = np.repeat([0.0, np.nan], [3, 17])
    found = np.array([np.zeros(20), half, np.ones(20), three, np.full(20, np.nan)])
    assert distribution_similarity(found).tolist() == [1.0, 0.5, 0.0, 0.5, 0.5]
    assert distribution_similarity(np.zeros((1, 0))).tolist() == [0.5]


def test_quantiles_survive_json_and_leave_out_what_is_not_a_number() -> None:
    """Six digits are kept; null, infinite and too short rows are dropped."""
    rng = np.random.default_rng(5)

    class Some:
        names = ("a", "b")
        values = rng.normal(size=(500, 2)).astype(np.float32)

    spread = quantiles_of(Some())
    data = json.loads(json.dumps(spread.to_json()))
    again = Quantiles.from_json(
        data | {"short": [1.0], "null": [None] * LEVELS, "inf": [float("inf")] * LEVELS}
    )
    assert again.names == ("a", "b")
    np.testing.assert_allclose(again.values, spread.values, rtol=1e-5)
    packed = Quantiles.from_bytes(spread.to_bytes())
    assert packed.names == ("a", "b")
    np.testing.assert_allclose(packed.values, spread.values, rtol=1e-6)
    for nothing in (Quantiles.from_json({}), Quantiles.from_bytes(Quantiles.from_json({}).to_bytes())):
        assert (nothing.names, nothing.values.shape) == ((), (0, LEVELS))
