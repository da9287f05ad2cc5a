"""`vigie predict --rules` and `vigie rules`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from vigie.cli.commands import cli
from vigie.rules import Condition, Layout, Rule
from vigie.rules.rule import write_rules

TABLE = "when,customer,receiver,amount\n" + "".join(
    f"2026-10-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},{'EMPLOYER-1' if i % 20 == 0 else 'R' + str(i % 7)},"
    f"{90_000 + i if i % 20 == 0 else 10 + i * 37 % 400}\n"
    for i in range(240)
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Payments among which an employer's are large."""
    path = tmp_path / "october.csv"
    path.write_text(TABLE)
    return path


def predict(table: Path, *more: str) -> tuple[pl.DataFrame, str]:
    """Predictions of a table, and what the command printed."""
    output = table.with_name("predictions.parquet")
    done = CliRunner().invoke(cli, ["predict", str(table), "-o", str(output), "--alert-budget", "20", *more])
    assert done.exit_code == 0, done.output
    return pl.read_parquet(output), done.output


def test_rules_hide_and_add_alerts_and_change_no_score(table: Path) -> None:
    """The reasons say which rule; rules for other tables and rules that ended are named and do nothing."""
    before, _ = predict(table)
    done = CliRunner().invoke(cli, ["match", str(table), "--json"])
    roles = {one["column"]: one["role"] for one in json.loads(done.stdout)["roles"]}
    layout = Layout.of([(column, roles[column]) for column in TABLE.splitlines()[0].split(",")])
    salaries = Condition("receiver", roles["receiver"], "like", "employer-*")
    first = Condition("receiver", roles["receiver"], "new")
    rules = [
        Rule(7, "hide", (salaries,), layout),
        Rule(8, "alert", (Condition("receiver", roles["receiver"], "is", "R3"), first), layout),
        Rule(9, "alert", (salaries,), layout, date(2020, 1, 1)),
        Rule(10, "alert", (salaries,), Layout("other", ("time",))),
    ]
    path = table.with_name("rules.json")
    path.write_text(write_rules(rules), "utf-8")
    after, printed = predict(table, "--rules", str(path), "--lang", "fr")
    assert after["fraud_score"].equals(before["fraud_score"])
    hidden = before["alert"].cast(bool) & after["receiver"].str.starts_with("EMPLOYER")
    assert hidden.sum() > 0
    assert after.filter(hidden)["alert"].sum() == 0
    assert after.filter(hidden)["reasons"].str.contains("pas d'alerte par la règle 7").all()
    seen = pl.struct("customer", "receiver").is_first_distinct()
    new = after.with_row_index("row").sort("when", "row").filter((pl.col("receiver") == "R3") & seen)
    assert new["alert"].to_list() == [1] * new.height
    added = new.filter(
        ~pl.col("row").is_in(before.with_row_index("row").filter(pl.col("alert") == 1)["row"].implode())
    )
    assert added["reasons"].str.contains("alerte par la règle 8").all()
    assert after["alert"].sum() == 20 - hidden.sum() + added.height
    assert f"Règles\u00a0: {hidden.sum()} alertes masquées, {added.height} ajoutées." in printed
    assert "règles 9, 10" in " ".join(printed.split())


def test_a_file_that_is_none_and_a_rule_about_confirmed_fraud_are_refused(table: Path) -> None:
    """Before anything is written, with a hint."""
    path, output = table.with_name("rules.json"), table.with_name("out.csv")
    layout = Layout("x", ())
    confirmed = write_rules([Rule(3, "alert", (Condition("receiver", "", "confirmed", 90),), layout)])
    for text, expected in (("[]", "no rules in the file"), (confirmed, "confirmed fraud in rule 3")):
        path.write_text(text)
        done = CliRunner().invoke(cli, ["predict", str(table), "-o", str(output), "--rules", str(path)])
        assert done.exit_code == 2
        assert expected in done.stderr
        assert not output.exists()


def test_rules_of_an_installation_are_listed_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file that predict reads; none without a rule."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    listed = CliRunner().invoke(cli, ["rules", "list"])
    assert (listed.exit_code, listed.output.split(";")[0]) == (0, "no rules")
    exported = CliRunner().invoke(cli, ["rules", "export"])
    assert json.loads(exported.stdout) == {"format": 1, "rules": []}
