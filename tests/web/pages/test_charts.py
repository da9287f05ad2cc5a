"""Charts: bars as high as they should be, text that cannot break out, no inline style."""

from __future__ import annotations

import re

import pytest

from vigie.i18n.translator import Translator
from vigie.web.pages import budgets, charts

EN = Translator("en")
POINTS = [
    {"alerts": 1, "share": 0.01, "threshold": 0.9, "expected_frauds": 0.8, "precision": 0.8, "low": 0.5, "high": 0.9,
     "over_time": [1, 0], "by_amount": None, "by_category": [0, 1]},
    {"alerts": 11, "share": 0.11, "threshold": 0.5, "expected_frauds": 3.8, "precision": 0.4, "low": 0.1, "high": 0.6,
     "over_time": [6, 5], "by_amount": None, "by_category": [4, 7]},
]  # fmt: skip


def _heights(svg: str, group: str) -> list[float]:
    inside = re.search(rf'<g class="{group}"[^>]*>(.*?)</g>', svg)
    assert inside is not None
    return [float(height) for height in re.findall(r'height="([\d.]+)"', inside.group(1))]


def test_double_bars_are_in_proportion_each_half_to_its_own_most() -> None:
    """Twice as many rows, twice as high; the fewest alerts may be as high as the most rows."""
    svg = charts.mirrored_bars([(0, "a")], [100, 50], [1, 2], "what", EN)
    rows, alerts = _heights(svg, "rows"), _heights(svg, "alerts")
    assert rows[0] == pytest.approx(2 * rows[1], abs=0.2)
    assert alerts[1] == pytest.approx(2 * alerts[0], abs=0.2)


def test_the_histogram_cuts_where_the_threshold_is() -> None:
    """Half-way between the ends, the line stands in the middle of the drawing."""
    svg = charts.histogram([0.0, 0.25, 0.5, 0.75, 1.0], [10, 10, 10, 10], 0.5, EN)
    cut = float(re.search(r'data-cut="line" x1="([\d.]+)"', svg).group(1))  # type: ignore[union-attr]
    assert cut == pytest.approx((charts.HISTOGRAM_LEFT + charts.WIDTH - charts.RIGHT) / 2, abs=0.2)


def test_labels_are_text_and_never_markup() -> None:
    """A cell of a table cannot become an element."""
    svg = charts.mirrored_bars([(0, "<script>alert(1)</script>")], [1], [1], '"><b>', EN)
    assert "<script" not in svg
    assert "<b>" not in svg


def test_charts_have_no_inline_style_so_that_the_policy_may_forbid_it() -> None:
    """Attributes of presentation are allowed; `style` is not."""
    drawn = (
        charts.histogram([0.0, 0.5, 1.0], [0, 3], None, EN)
        + charts.mirrored_bars([], [1, 2], [0, 0], "x", EN)
        + charts.bar(1, 2)
    )
    assert "style" not in drawn


def test_nothing_to_draw_is_drawn_all_the_same() -> None:
    """No rows, no alerts, one bar."""
    assert "<svg" in charts.histogram([0.0, 1.0], [0], None, EN)
    assert "<svg" in charts.mirrored_bars([], [], [], "x", EN)
    assert charts.time_labels({"labels": []}, EN) == []


def test_times_are_named_by_their_span() -> None:
    """Hours within a day, days within a year, else months; a time that only counts as it is."""
    assert charts.time_labels({"labels": ["2026-09-01T00:00:00Z", "2026-09-01T06:00:00Z"]}, EN) == [
        (0, "00:00"),
        (1, "06:00"),
    ]
    assert charts.time_labels({"labels": ["2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"]}, EN)[0] == (
        0,
        "1 Sep",
    )
    assert charts.time_labels({"labels": ["2024-09-01T00:00:00Z", "2026-10-01T00:00:00Z"]}, EN)[1] == (
        1,
        "Oct 2026",
    )
    assert charts.time_labels({"labels": ["0", "743"]}, EN) == [(0, "0"), (1, "743")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(75, "75"), (2500, "2,500"), (36_000, "36\u00a0k"), (1_250_000, "1.2\u00a0M"), (0.5, "0.50")],
)
def test_amounts_in_little_space(value: float, text: str) -> None:
    """Thousands and millions are cut short."""
    assert charts.short_amount(value, EN) == text


def test_between_two_points_the_budget_goes_straight() -> None:
    """Half-way between 1 and 11 rows."""
    found = budgets.at(POINTS, 6)
    assert found["precision"] == pytest.approx(0.6)
    assert found["over_time"] == pytest.approx([3.5, 2.5])
    assert found["by_amount"] is None
    assert sum(found["by_category"]) == pytest.approx(6)


@pytest.mark.parametrize(("n", "precision"), [(0, 0.8), (1, 0.8), (11, 0.4), (5000, 0.4)])
def test_outside_the_points_the_nearest_holds(n: int, precision: float) -> None:
    """Nothing is made up beyond what the job left."""
    assert budgets.at(POINTS, n)["precision"] == pytest.approx(precision)
    assert budgets.at(POINTS, n)["alerts"] == n
