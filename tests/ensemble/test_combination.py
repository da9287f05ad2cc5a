"""Members, weights, agreement and self-training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from vigie.arrays import mid_ranks
from vigie.calibration import metrics
from vigie.ensemble import combination, self_training, size_score
from vigie.ensemble.combination import MemberVote, add_self_training, combine, tail_score
from vigie.fitted_state import FittedState, ScoringState

N = 500
Floats = npt.NDArray[np.float64]


def uniform(seed: int) -> Floats:
    """Mid-ranks of noise."""
    return mid_ranks(np.random.default_rng(seed).random(N))


def member(margin: Floats, *, name: str = "m", similarity: float = 0.8, skill: float = 0.9) -> MemberVote:
    """A matched model that says so."""
    return MemberVote(name, similarity, skill, margin)


def test_without_members_the_anomaly_speaks() -> None:
    anomaly = uniform(0)
    found = combine(anomaly, [])
    np.testing.assert_array_equal(np.argsort(found.score), np.argsort(anomaly))
    assert found.weights == ()
    assert np.isnan(found.agreement).all()
    assert np.isnan(found.rank_correlation)
    assert np.isnan(found.mean_probability)


def test_the_tail_score_is_how_few_rows_are_at_least_as_suspicious() -> None:
    ranks = mid_ranks(np.arange(1000.0))
    found = tail_score(ranks, 1000)
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(np.log(1000))
    assert found[500] == pytest.approx(np.log(2), abs=0.01)


def test_no_member_shouts() -> None:
    """Only the order of a margin counts for the evidence, not its scale."""
    anomaly, a, b = (
        uniform(0),
        np.random.default_rng(1).normal(size=N),
        np.random.default_rng(2).normal(size=N),
    )
    quiet = combine(anomaly, [member(a), member(b)])
    loud = combine(anomaly, [member(a), member(b * 100 + 7)])
    np.testing.assert_allclose(quiet.score, loud.score)
    assert quiet.weights == pytest.approx(loud.weights)


def test_better_matches_and_more_skill_count_more() -> None:
    anomaly = uniform(0)
    margin = anomaly + np.random.default_rng(1).normal(size=N)
    near, far = member(margin, similarity=0.9), member(margin, similarity=0.55)
    first, second = combine(anomaly, [near, far]).weights
    assert first > 2 * second
    assert first + second == pytest.approx(1)
    able, coin = member(margin, skill=0.95), member(margin, skill=0.5)
    assert combine(anomaly, [able, coin]).weights[0] > 0.9
    unlucky = combine(anomaly, [member(margin, skill=0.3)])
    assert unlucky.weights == (1.0,), "a weight is never negative"


def test_a_member_that_contradicts_all_others_hardly_counts() -> None:
    """Two agree with each other and the anomaly; the third says the opposite."""
    anomaly = uniform(0)
    with_all = [anomaly + np.random.default_rng(s).normal(0, 0.1, N) for s in (1, 2)]
    found = combine(anomaly, [*(member(m) for m in with_all), member(-anomaly)])
    assert found.weights[2] < 0.1
    assert found.rank_correlation < combine(anomaly, [member(m) for m in with_all]).rank_correlation
    np.testing.assert_array_equal(np.argsort(found.score)[-20:] > 0, np.ones(20, dtype=bool))
    top = np.argsort(-found.score)[:25]
    assert anomaly[top].min() > 0.8


def test_agreement_lies_between_discord_and_unison() -> None:
    anomaly = uniform(0)
    unison = combine(anomaly, [member(anomaly), member(anomaly * 3)])
    np.testing.assert_allclose(unison.agreement, 1)
    discord = combine(anomaly, [member(-anomaly)])
    assert discord.agreement.min() < 0.05
    noise = combine(anomaly, [member(uniform(1)), member(uniform(2))])
    assert ((noise.agreement >= 0) & (noise.agreement <= 1)).all()
    assert 0.3 < noise.agreement.mean() < 0.7


def test_the_mean_probability_is_that_of_the_members() -> None:
    anomaly = uniform(0)
    sure, never = member(np.full(N, 20.0)), member(np.full(N, -20.0))
    assert combine(anomaly, [sure]).mean_probability == pytest.approx(1)
    assert combine(anomaly, [never]).mean_probability == pytest.approx(0, abs=1e-6)
    odds = np.where(np.arange(N) < N // 5, 20.0, -20.0)
    assert combine(anomaly, [member(odds)]).mean_probability == pytest.approx(0.2)
    weights = np.where(odds > 0, 4.0, 1.0)
    assert combine(anomaly, [member(odds)], weights=weights).mean_probability == pytest.approx(0.5)


@pytest.mark.parametrize("rows", [1, 2])
def test_the_smallest_tables(rows: int) -> None:
    found = combine(np.full(rows, 0.5), [member(np.zeros(rows)), member(np.ones(rows))])
    assert np.isfinite(found.score).all()
    assert sum(found.weights) == pytest.approx(1)


def test_a_member_with_a_constant_output() -> None:
    """As a model made elsewhere does that lacks its columns: it adds nothing and breaks nothing."""
    anomaly = uniform(0)
    found = combine(anomaly, [member(np.zeros(N)), member(anomaly)])
    assert np.isfinite(found.score).all()
    assert np.isfinite(found.weights).all()
    assert found.weights[0] < 0.1


def columns(seed: int = 0, rows: int = 1000) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A table in which the frauds share something that no feature sees, and its frauds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    fraud = rng.random(rows) < 0.08
    x[fraud, 2] += 4
    return x, fraud


def test_self_training_learns_what_the_suspicious_have_in_common() -> None:
    """The ensemble finds half of the frauds; self-training on the columns finds the rest."""
    x, fraud = columns()
    rng = np.random.default_rng(1)
    suspicious = rng.random(len(x)) + 2 * (fraud & (rng.random(len(x)) < 0.5))
    trained = self_training.self_training_scores(x, suspicious, 0)
    assert trained is not None
    missed = fraud & (suspicious < 1)
    assert np.median(trained[missed]) > 0.85
    assert np.median(trained[~fraud]) < 0.55
    assert ((trained > 0) & (trained < 1)).all()


def test_self_training_does_not_score_a_row_by_its_own_label() -> None:
    """Columns without any meaning: its vote has nothing to do with the suspicion."""
    rng = np.random.default_rng(0)
    x, suspicious = rng.normal(size=(2000, 3)), rng.random(2000)
    trained = self_training.self_training_scores(x, suspicious, 0)
    assert trained is not None
    assert abs(np.corrcoef(trained, suspicious)[0, 1]) < 0.12


def test_self_training_uses_related_rows() -> None:
    """Columns without signal, and frauds in series: related rows reveal those without evidence of their own."""
    rng = np.random.default_rng(4)
    fraud = rng.random(4000) < 0.05
    suspicious = rng.normal(size=4000) + 4 * (fraud & (rng.random(4000) < 0.5))
    x = rng.normal(size=(4000, 2))
    company = np.stack([rng.normal(size=4000) + 3 * fraud, np.full(4000, np.nan)], axis=1)
    missed = fraud & (suspicious < 2)
    alone, beside = (
        self_training.self_training_scores(x, suspicious, 0),
        self_training.self_training_scores(x, suspicious, 0, related=company),
    )
    assert alone is not None
    assert beside is not None
    assert beside[missed].mean() > alone[missed].mean() + 0.15
    without_related = self_training.self_training_scores(x, suspicious, 0, related=np.full((4000, 3), np.nan))
    np.testing.assert_array_equal(without_related, alone)


def test_self_training_abstains_without_anything_to_learn() -> None:
    enough = self_training.MIN_ROWS
    few = np.zeros((self_training.MIN_ROWS - 1, 3))
    assert self_training.self_training_scores(few, np.zeros(len(few)), 0) is None
    assert self_training.self_training_scores(np.zeros((enough, 0)), np.zeros(enough), 0) is None
    one_half = np.zeros(enough, dtype=np.int64)
    assert self_training.self_training_scores(np.ones((enough, 2)), np.ones(enough), 0, half=one_half) is None
    flat = self_training.self_training_scores(np.ones((enough, 2)), np.ones(enough), 0)
    assert flat is not None
    assert np.isfinite(flat).all()


def test_self_training_is_the_same_for_the_same_seed() -> None:
    x, fraud = columns(rows=1200)
    suspicious = np.random.default_rng(0).random(1200) + fraud
    once = self_training.self_training_scores(x, suspicious, 3)
    assert once is not None
    np.testing.assert_array_equal(once, self_training.self_training_scores(x, suspicious, 3))


def test_listening_changes_the_evidence_and_nothing_else() -> None:
    anomaly = uniform(0)
    before = combine(anomaly, [member(uniform(1)), member(uniform(2))])
    assert add_self_training(before, None) is before
    after = add_self_training(before, uniform(3))
    assert (after.weights, after.rank_correlation, after.mean_probability) == (
        before.weights,
        before.rank_correlation,
        before.mean_probability,
    )
    np.testing.assert_array_equal(after.agreement, before.agreement)
    correlation = np.corrcoef(after.score, uniform(3))[0, 1]
    assert 0.1 < correlation < np.corrcoef(after.score, before.score)[0, 1], "one member, never the only one"
    assert 0 < combination.SELF_TRAINING_WEIGHT < 0.5


def test_models_and_self_training_add_to_what_detectors_found_and_never_bury_it() -> None:
    """However many agree on another row: the row that the detectors find extreme stays before it."""
    rng = np.random.default_rng(0)
    excess = rng.exponential(0.5, N)
    excess[7] = excess[8:].max() + 2 * size_score.MAX_SUPPORT
    agreed = 30 * mid_ranks(excess)
    agreed[7] = 0.0
    ranks = uniform(1)
    by_ranks = combine(ranks, [member(agreed)])
    found = size_score.score_by_size(by_ranks, excess, agreed)
    assert int(np.argmax(found.score)) == 7
    assert (found.score >= excess).all()
    assert (found.score <= excess + size_score.MAX_SUPPORT).all()
    assert found.rank_score is by_ranks.score
    alone = size_score.score_by_size(combine(ranks, []), excess, None)
    np.testing.assert_array_equal(alone.score, excess)


def test_a_member_with_some_trust_takes_its_share_of_the_score() -> None:
    excess, margin = 8 * uniform(2), np.random.default_rng(3).normal(size=N)
    trusted = MemberVote("own", 0.9, 0.9, margin, trust=0.25)
    found = size_score.score_by_size(combine(uniform(1), [trusted]), excess, None)
    np.testing.assert_allclose(found.score, 0.75 * excess + 0.25 * tail_score(mid_ranks(margin), N))


def test_where_no_row_lies_far_out_the_score_is_the_one_by_ranks() -> None:
    by_ranks = combine(uniform(1), [member(uniform(2))])
    near = size_score.score_by_size(by_ranks, uniform(3), None)
    np.testing.assert_array_equal(near.score, by_ranks.score)
    low, high = size_score.EXTREME_RANGE
    state = ScoringState()
    between = np.full(N, (low + high) / 2)
    alone = combine(uniform(1), [])
    mixed = size_score.score_by_size(alone, between, None, state)
    assert state.size_weight.require() == pytest.approx(0.5)
    np.testing.assert_allclose(mixed.score, (between + alone.score) / 2)
    one = size_score.score_by_size(by_ranks, np.zeros(N), None, state.fitted())
    assert (one.score > by_ranks.score / 2 - 1e-9).all()


@pytest.mark.parametrize(("place", "unsupported"), [("first", 0.0), ("middle", 1.0)])
def test_extreme_rows_count_by_size_where_models_and_self_training_rank_them_high(
    place: str, unsupported: float
) -> None:
    """Elsewhere they may be a structure of the table: what self-training confirms counts, and the score by ranks where it is more."""
    excess = uniform(1)
    excess[:40] = 7.0
    others = np.sort(np.random.default_rng(5).normal(size=N))
    margin = np.roll(others[::-1], 0 if place == "first" else N // 2)
    voted = tail_score(mid_ranks(margin), N)
    by_ranks, state = combine(mid_ranks(excess), [member(margin)]), ScoringState()
    found = size_score.score_by_size(by_ranks, excess, voted, state)
    assert state.size_weight.require() == 1
    assert state.unsupported.require() == unsupported
    added = np.asarray(size_score.support(by_ranks.members, voted))
    low, high = size_score.CONFIRMED_RANGE
    confirmed = excess * np.clip((mid_ranks(margin) - low) / (high - low), 0, 1)
    wanted = np.maximum(confirmed + added, by_ranks.score) if unsupported else excess + added
    np.testing.assert_allclose(found.score, wanted, atol=8 / (high - low) / N)
    one = size_score.score_by_size(
        replace(by_ranks, score=by_ranks.score[-3:], members=by_ranks.members[-3:]),
        excess[-3:], voted[-3:], state.fitted(),
    )  # fmt: skip
    np.testing.assert_array_equal(one.score, found.score[-3:])


@pytest.mark.parametrize("anonymity", [0.0, 0.5, 1.0])
def test_ordinary_rows_are_also_ranked_by_the_columns_and_stay_below_all_others(anonymity: float) -> None:
    excess, columns, state = 8 * uniform(1), uniform(2), ScoringState()
    by_ranks = combine(uniform(3), [])
    before = size_score.score_by_size(by_ranks, excess, None).score
    after = size_score.score_by_size(
        by_ranks, excess, None, state, column_ranks=columns, anonymity=anonymity
    ).score
    top = np.argsort(-before)[: int(N * (1 - size_score.ORDINARY_SHARE))]
    np.testing.assert_array_equal(after[top], before[top])
    assert np.delete(after, top).max() < after[top].min()
    known, unknown = size_score.ORDINARY_COLUMNS_WEIGHT
    weight = known + anonymity * (unknown - known)
    with_columns, without = (
        np.corrcoef(np.delete(x, top), np.delete(columns, top))[0, 1] for x in (after, before)
    )
    assert with_columns > without + weight / 10
    assert state.ordinary_rows.require()[1] == pytest.approx(weight)


def test_a_scorer_stored_before_ordinary_rows_were_ranked_gives_the_same_score() -> None:
    """Its weight of the score by size says all there is to say."""
    excess, margin = 8 * uniform(1), uniform(2)
    by_ranks, stored = combine(uniform(3), [member(margin)]), ScoringState()
    stored.size_weight.refit(lambda: 0.5)
    found = size_score.score_by_size(
        by_ranks, excess, margin, stored.fitted(), column_ranks=uniform(4), anonymity=1.0
    )
    by_size = excess + size_score.support(by_ranks.members, margin)
    np.testing.assert_allclose(found.score, (by_size + by_ranks.score) / 2)


def test_column_risk_counts_where_it_is_what_the_detectors_see() -> None:
    """As far as several columns agree; later rows get the weight of the fitted table."""
    excess = uniform(1)
    by_ranks = combine(mid_ranks(excess), [])
    for column_risk, agreeing, weight in (
        (2 * excess, 1.0, size_score.COLUMN_RISK_WEIGHT),
        (2 * excess, 0.5, size_score.COLUMN_RISK_WEIGHT / 2),
        (2 * excess, 0.0, 0.0),
        (uniform(2), 1.0, 0.0),
        (np.zeros(N), 1.0, 0.0),
    ):
        state = ScoringState()
        found = size_score.score_by_size(
            by_ranks, excess, None, state, column_risk=column_risk, agreeing=agreeing
        )
        without = size_score.score_by_size(by_ranks, excess, None)
        assert found.column_risk_weight == pytest.approx(weight)
        np.testing.assert_allclose(found.score, (1 - weight) * without.score + weight * column_risk)
        one = size_score.score_by_size(
            combine(mid_ranks(excess)[:1], []), excess[:1], None, state.fitted(), column_risk=column_risk[:1]
        )
        assert one.column_risk_weight == found.column_risk_weight


def trusted(margin: Floats, *, name: str, trust: float = 0.97, precision: float = 0.5) -> MemberVote:
    """A model whose own table is like this one."""
    return MemberVote(name, 0.8, 0.9, margin, trust=trust, precision=precision)


def relatives(seed: int) -> tuple[npt.NDArray[np.bool_], list[Floats]]:
    """The frauds of a table, and the log-odds of three models that each know another part of what makes them."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(N) < 0.1
    known = [rng.random(N) < 0.7 for _ in range(3)]
    return fraud, [rng.normal(size=N) - 2 + 3 * (fraud & sees) for sees in known]


def test_relatives_share_the_vote_and_rank_better_than_the_best_of_them() -> None:
    """On each of ten tables; together they weigh as much as one of them alone."""
    for seed in range(10):
        fraud, margins = relatives(seed)
        votes = [trusted(margin, name=f"m{i}") for i, margin in enumerate(margins)]
        found = combine(uniform(seed), votes)
        alone = [metrics.measure(fraud, combine(uniform(seed), [vote]).score)[1] for vote in votes]
        assert metrics.measure(fraud, found.score)[1] > max(alone)
        assert found.weights == pytest.approx([1 / 3] * 3)
        beside = combine(uniform(seed), [*votes, member(uniform(seed + 1))])
        assert beside.weights == pytest.approx([0.97 / 3] * 3 + [0.03])


def test_the_vote_of_relatives_follows_what_each_has_shown_and_how_close_it_is() -> None:
    _, (a, b, _) = relatives(0)
    able = combine(uniform(0), [trusted(a, name="a", precision=0.9), trusted(b, name="b", precision=0.2)])
    assert able.weights[0] > 3 * able.weights[1]
    near = combine(uniform(0), [trusted(a, name="a", trust=0.9), trusted(b, name="b", trust=0.3)])
    assert near.weights == pytest.approx([0.75, 0.25])
    assert near.trust == 0.9
    assert combination.leading_member([trusted(a, name="a", trust=0.45)]) is None
    votes = [member(a), trusted(b, name="b"), trusted(a, name="a", precision=0.9)]
    assert combination.leading_member(votes) == 2


def test_a_model_that_does_not_lead_changes_neither_the_agreement_nor_the_probabilities() -> None:
    """They are those of the members whose calibrator counts."""
    _, (margin, *_) = relatives(0)
    others = [member(uniform(2)), member(uniform(3))]
    alone, state = combine(uniform(0), others), ScoringState()
    found = combine(uniform(0), [*others, trusted(margin, name="own", trust=0.1)], state=state)
    np.testing.assert_array_equal(found.agreement, alone.agreement)
    assert found.mean_probability == alone.mean_probability == state.mean_probability.require()
    assert found.weights == pytest.approx([0.9 * weight for weight in alone.weights] + [0.1])


def test_one_relative_votes_as_it_did_alone() -> None:
    """Its log-odds are not touched, and neither are the ranks that a stored scorer has of it."""
    _, (margin, *_) = relatives(0)
    state = ScoringState()
    found = combine(uniform(0), [trusted(margin, name="own"), member(uniform(2))], state=state)
    expected = (1 - 0.97) * combine(uniform(0), [member(uniform(2))]).score
    expected = expected + 0.97 * tail_score(mid_ranks(margin), N)
    np.testing.assert_array_equal(found.score, expected)


def test_later_rows_are_scored_with_the_shares_of_the_fitted_table() -> None:
    """A part of the rows gets the scores that it had among all."""
    _, margins = relatives(1)
    state = FittedState.keeping().scoring
    anomaly = uniform(3)
    votes = [trusted(margin, name=f"m{i}") for i, margin in enumerate(margins)]
    whole = combine(anomaly, votes, state=state)
    some = [trusted(margin[:50], name=f"m{i}") for i, margin in enumerate(margins)]
    np.testing.assert_array_equal(combine(anomaly[:50], some, state=state.fitted()).score, whole.score[:50])
