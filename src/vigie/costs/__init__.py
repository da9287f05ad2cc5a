"""Costs of storage and machines at cloud providers: arithmetic on a dated price list."""

from vigie.costs.estimate import StorageCost, StorageLoad, estimate, storage_load
from vigie.costs.monthly import MonthlyCost, Usage, host_cost, monthly_costs
from vigie.costs.prices import Host, Prices, Provider, load_prices

__all__ = [
    "Host",
    "MonthlyCost",
    "Prices",
    "Provider",
    "StorageCost",
    "StorageLoad",
    "Usage",
    "estimate",
    "host_cost",
    "load_prices",
    "monthly_costs",
    "storage_load",
]
