"""Roles of a table's columns, and the reference models that match it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vigie import matching
from vigie.bundles.bundle import Bundle
from vigie.catalog import Match, ModelVersion, OwnTable
from vigie.engine.model_documents import open_model, reading_documents
from vigie.engine.options import OWN, ScoringContext, StageTimer
from vigie.engine.read_warnings import check_chosen_roles, read_summary
from vigie.errors import DamagedBundle, InputRefused, NewerBundle, UnknownColumn
from vigie.i18n.messages import Message, msg
from vigie.matching import ModelProfile, TableProfile, compare
from vigie.matching.distributions import Quantiles
from vigie.models import model_inputs
from vigie.models.base import ReferenceModel
from vigie.models.imported_columns import ColumnTrace, describe_columns
from vigie.models.trained.table_recognition import TableMatch, match_tables, rank_as_in_training
from vigie.roles import inference
from vigie.roles.inference import Roles
from vigie.table import Table

log = logging.getLogger(__name__)

CHANCE_AUC = 0.5
"""ROC AUC of a model that says nothing."""


@dataclass(frozen=True)
class TableRoles:
    """Roles of a table.

    Attributes:
        roles: roles of its columns.
        recognised: the models whose own table is like this one, the best match first, and where their columns are.
    """

    roles: Roles
    recognised: tuple[tuple[ModelVersion, TableMatch], ...]


@dataclass(frozen=True)
class MatchedModels:
    """The models that vote on a table, the best match first.

    Attributes:
        matches: similarity and its reasons.
        bundles: their bundles.
        models: the loaded models.
        warnings: one for each matched model that cannot be used and does not vote.
    """

    matches: tuple[Match, ...]
    bundles: tuple[Bundle, ...]
    models: tuple[ReferenceModel, ...]
    warnings: tuple[Message, ...] = ()


@dataclass(frozen=True)
class MatchResult:
    """Roles and matches of a table that is not scored.

    Attributes:
        roles: roles of its columns.
        matches: the models that would vote, the best match first.
        seconds: duration of each stage.
        read: how the table was read, as plain JSON; see `read_warnings.read_summary`.
    """

    roles: Roles
    matches: tuple[Match, ...]
    seconds: dict[str, float]
    read: dict[str, Any]


def match(table: Table, context: ScoringContext) -> MatchResult:
    """Find roles and matching models without scoring.

    Args:
        table: the upload, or some rows of it.
        context: catalog and options; no bundle is loaded.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    timer = StageTimer(context.progress)
    with timer("reading columns", 0.05):
        found = infer_roles(table, context)
    with timer("matching models", 0.3):
        built, _ = model_inputs.matching_features(table.typed, found.roles)
        matches = match_models(matching.describe(table.typed, found.roles, built), found, context)
    read = read_summary(table.report, table.typed, found.roles)
    return MatchResult(found.roles, matches, timer.seconds, read)


def infer_roles(table: Table, context: ScoringContext) -> TableRoles:
    """Infer the roles of the columns and find the trained and imported models whose own table is like this one.

    Raises:
        InputRefused: the table has nothing to compare or no useful column.
        UnknownColumn: the options name a column that the table does not have.
    """
    chosen = context.options.roles
    for column in chosen:
        if column not in table.typed.columns:
            raise UnknownColumn(column, table.typed.columns)
    check_chosen_roles(table.typed, chosen, table.source)
    roles = inference.infer(table.typed, chosen)
    recognised = _recognise(table, context, roles)
    if recognised:
        known = recognised[0][1]
        roles = rank_as_in_training(inference.infer(table.typed, {**known.roles, **chosen}), known)
    _refuse_useless(table, roles)
    return TableRoles(roles, recognised)


def match_models(profile: TableProfile, found: TableRoles, context: ScoringContext) -> tuple[Match, ...]:
    """Return the models that may vote, the best match first; those whose own table is like this one before all others.

    Where none is, the last place is that of the best model that the user trained on another table, and imported models, which
    read columns that the table does not have, vote only in places that nothing else takes.

    Args:
        profile: what the table is matched by.
        found: roles of the table.
        context: catalog and options.
    """
    options = context.options
    matches = context.catalog.match(
        profile,
        top=options.top,
        minimum=options.minimum,
        own_only=options.only == OWN,
        spare_last=not found.recognised,
    )
    recognised = []
    for entry, _ in found.recognised:
        quantiles = Quantiles.from_json(entry.profile.get("quantiles", {}))
        reasons = compare(profile, ModelProfile(entry.domain, entry.columns, entry.roles, quantiles))
        recognised.append(Match(entry, reasons))
    known = {match.entry.id for match in recognised}
    others = [match for match in matches if match.entry.id not in known]
    return (*recognised, *others)[: options.top]


def load_models(matches: tuple[Match, ...], context: ScoringContext) -> MatchedModels:
    """Fetch, verify and load the bundles of the matched models.

    A model whose files are damaged, or in a newer format, does not vote, and a warning names it.

    Raises:
        DamagedBundle, NewerBundle: this is so for every matched model.
        UnsignedBundle: a model has no signature, but the settings require one.
        StoreUnavailable: a store cannot be read.
    """
    usable: list[tuple[Match, Bundle, ReferenceModel]] = []
    errors: list[DamagedBundle | NewerBundle] = []
    warnings: list[Message] = []
    for match in matches:
        try:
            bundle = context.load_bundle(match.entry)
            usable.append((match, bundle, open_model(match.entry, bundle)))
        except (DamagedBundle, NewerBundle) as error:
            errors.append(error)
            warnings.append(
                msg(
                    "the model {model!r} does not vote: {reason}",
                    model=match.entry.label,
                    reason=error.message,
                )
            )
            log.warning("%s", warnings[-1])
    if errors and not usable:
        raise errors[0]
    return MatchedModels(
        tuple(match for match, _, _ in usable),
        tuple(bundle for _, bundle, _ in usable),
        tuple(model for _, _, model in usable),
        tuple(warnings),
    )


def _recognise(
    table: Table, context: ScoringContext, roles: Roles
) -> tuple[tuple[ModelVersion, TableMatch], ...]:
    catalog = context.catalog
    entries = catalog.like_own_table(matching.describe(table.typed, roles))
    if not entries:
        return ()
    try:
        with reading_documents("all"):
            known = match_tables([_fingerprint(entry) for entry in entries], table.typed, roles)
    except DamagedBundle:  # of one profile; the others are recognised without it
        entries = tuple(entry for entry in entries if _is_readable(entry, table, roles))
        known = match_tables([_fingerprint(entry) for entry in entries], table.typed, roles)
    found = [(catalog.by_id(entries[one.which].id), one) for one in known[: context.options.top]]
    # Further ones may take the places of models that come with Vigie, if they were better than chance.
    return tuple(one for place, one in enumerate(found) if place == 0 or _measured_auc(one[0]) > CHANCE_AUC)


def _measured_auc(entry: ModelVersion) -> float:
    """Return the ROC AUC of a model on its own table, as measured or as its owner states; 1 where neither is known."""
    return float(entry.performance.get("own", entry.performance).get("roc_auc", 1.0))


def _is_readable(entry: OwnTable, table: Table, roles: Roles) -> bool:
    """Return whether a model's profile describes columns as Vigie writes them."""
    try:
        with reading_documents(str(entry.id)):
            match_tables([_fingerprint(entry)], table.typed, roles)
    except DamagedBundle as error:
        log.warning("the profile of a model cannot be read", extra={"id": entry.id, "error": error.message})
        return False
    return True


def _fingerprint(entry: OwnTable) -> Mapping[str, Any]:
    """Return what is known of a model's columns; names and roles alone, where an earlier version imported it."""
    if entry.fingerprint is not None:
        return entry.fingerprint
    columns = dict(entry.columns)
    return describe_columns(list(columns), columns, [ColumnTrace() for _ in columns], {})


def _refuse_useless(table: Table, roles: Roles) -> None:
    if all(series.n_unique() < 2 for series in table.typed):
        rows = table.typed.height
        raise InputRefused(
            msg(
                "{source}: found 1 row and not two that differ, expected rows to compare", source=table.source
            )
            if rows == 1
            else msg(
                "{source}: found {rows:,} rows and not two that differ, expected rows to compare",
                source=table.source,
                rows=rows,
            ),
            hint="a row is unusual only beside others: score a longer extract of the same table",
        )
    if all(item.definition.ignored for item in roles.columns):
        raise InputRefused(
            msg(
                "{source}: found no column that says anything of a transaction, expected at least one amount, time, identifier or number",
                source=table.source,
            ),
            hint="name the columns with --role, such as --role amount=montant",
        )
