"""Monthly costs with round prices and with Vigie's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from vigie.cli.commands import cli
from vigie.costs.estimate import StorageLoad
from vigie.costs.monthly import Usage, host_cost, monthly_costs
from vigie.costs.prices import Host, Prices, Provider, load_prices

STORE = Provider("one", "One", "a test", 1e9, 10.0, 1.0, 0.1, 2.0)
HOST = Host("h", "H", "a test", 5.0, 4.0, 20.0, 10.0, 1.0, 3.0)
USE = Usage(uploads=100, size=10_000_000, growth=2.0, kept_days=15, vcpu=0.5, memory=1.0, disk=2.0)


def test_round_prices_make_round_sums() -> None:
    """1 GB of uploads and 2 GB of results, kept half a month at 10; five parts an upload; traffic in both directions at 2 and 3."""
    (bill,) = monthly_costs(
        StorageLoad(1, 10, 100_000_000), USE, Prices("2026-01-01", "EUR", "", (STORE,)), HOST
    )
    assert bill.models == pytest.approx(0.1 * 10)
    assert bill.kept == pytest.approx(3 * 0.5 * 10)
    assert bill.requests == pytest.approx(800 * 1 / 1000 + (800 + 300) * 0.1 / 1000)
    assert bill.fetched == pytest.approx((3 + 30 * 0.1) * 2)
    assert bill.sent == pytest.approx(3 * 3)
    assert bill.beside == pytest.approx(bill.models + bill.kept + bill.requests)
    assert bill.elsewhere == pytest.approx(bill.beside + 21)


def test_the_plan_is_the_minimum_cost() -> None:
    """What it includes is used up first."""
    assert host_cost(USE, HOST) == pytest.approx(5 + (10 + 10 + 2 - 4))
    assert host_cost(replace(USE, vcpu=0, memory=0.1, disk=0), HOST) == 5


def test_the_command_lists_all_providers() -> None:
    """With the date of the prices and the cost of the machines."""
    result = CliRunner().invoke(cli, ["costs", "--models-gb", "1.832"])
    assert result.exit_code == 0, result.output
    for provider in load_prices().providers:
        assert provider.name in result.stdout
    assert "$0.04" in result.stdout
    assert "read 2026-11-23" in result.stdout
    assert "Railway" in result.stdout
    printed = json.loads(CliRunner().invoke(cli, ["costs", "--models-gb", "1.832", "--json"]).stdout)
    assert [bill["provider"]["key"] for bill in printed["bills"]] == ["s3", "gcs", "azure", "r2"]
    assert printed["bills"][3]["fetched"] == 0
