"""Operations of the web app; pages and API call nothing else.

    access        roles and ownership
    audit         audit log
    accounts      users, roles, passwords, sign-in links
    sessions      signing in and out
    tokens        API tokens
    uploads       files: begin, receive in parts, set column roles, delete
    predictions   score, refine, train, cancel; labels of rows
    results       rows, charts and files of a finished prediction; online scoring
    rules         alert rules: make, try, list, switch off
    cases         alerts of one entity over all files; the queue of a team
    case_files    what result files say of cases: names, reasons, months, network
    comparisons   a result against that of an earlier file with the same columns
    label_sources labels of earlier files with the same columns
    models        the catalog
    watches       locations whose new files are scored
    notices       who gets which notices; webhooks

Every operation takes the calling user and checks permissions: what a user may not see is not found. Services do not depend
on Flask.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Self, cast

from flask import current_app

from vigie import resources
from vigie.alerts.effects import RuleEffects
from vigie.db import database
from vigie.settings import Settings, WebSettings
from vigie.stores.base import Store
from vigie.web.online_scoring import ScorerCache
from vigie.web.result_cache import ResultCache
from vigie.web.services.accounts import Accounts
from vigie.web.services.audit import AuditLog
from vigie.web.services.case_files import CaseFiles
from vigie.web.services.cases import Cases
from vigie.web.services.comparisons import Comparisons
from vigie.web.services.label_sources import LabelSources
from vigie.web.services.models import Models
from vigie.web.services.notices import Notices
from vigie.web.services.predictions import Predictions
from vigie.web.services.results import Results
from vigie.web.services.rules import Rules
from vigie.web.services.sessions import Sessions
from vigie.web.services.tokens import Tokens
from vigie.web.services.uploads import Uploads
from vigie.web.services.watches import Watches
from vigie.web.stored_results import Page, RowQuery

__all__ = ["Page", "RowQuery", "Services", "current_services"]


class Services:
    """The services of one installation; safe to share between threads."""

    def __init__(self, settings: Settings, web: WebSettings, engine: database.Engine, store: Store) -> None:
        self.settings, self.web, self.engine, self.store = settings, web, engine, store
        files = ResultCache(store, settings.cache_dir / "results", settings.cache_bytes)
        self.audit = AuditLog(engine)
        self.accounts = Accounts(engine, self.audit, web)
        self.sessions = Sessions(engine, self.audit, web)
        self.tokens = Tokens(engine, self.audit)
        self.uploads = Uploads(engine, self.audit, store, web)
        self.predictions = Predictions(engine, self.audit)
        effects = RuleEffects(engine, lambda run: nullcontext(self.results.ranked_path(run)))
        self.results = Results(
            engine,
            self.audit,
            self.predictions,
            files,
            effects,
            ScorerCache(store),
            settings.cache_dir / "exports",
        )
        self.case_files = CaseFiles(engine, self.results)
        self.cases = Cases(engine, self.audit, store, self.results, effects, self.case_files)
        self.predictions.budget_changed = self.cases.sync
        self.rules = Rules(engine, self.audit, self.predictions, self.results, effects, self.cases.sync)
        self.predictions.labels_changed = self.cases.labels_changed = self.rules.labels_changed
        self.comparisons = Comparisons(engine, self.audit, self.predictions, self.results, effects)
        self.label_sources = LabelSources(engine, self.predictions, self.comparisons)
        self.models = Models(engine, self.audit, store, settings)
        self.watches = Watches(engine, self.audit, web)
        self.notices = Notices(engine, self.audit, web)

    @classmethod
    def open(cls, settings: Settings, web: WebSettings) -> Self:
        """Open database and store of the settings."""
        return cls(settings, web, database.open(settings.database_url), resources.model_store(settings))

    def close(self) -> None:
        """Close the database connections."""
        self.engine.dispose()


def current_services() -> Services:
    """Return the services of the current Flask app."""
    return cast(Services, current_app.extensions["vigie"])
