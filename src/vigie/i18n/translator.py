"""Texts of one language by id, for pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vigie.i18n.catalogue import DEFAULT, Text, catalogue
from vigie.i18n.formats import Formatter
from vigie.i18n.messages import Message, as_message, msg, translate

_NAME_REASON = "name says "


class Translator(Formatter):
    """The texts of one language, and its numbers; call it with the id of a text, as in `t("upload.title")`."""

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text with its values; whole numbers are formatted, and `n` chooses the plural form.

        Raises:
            KeyError: no catalogue has such a text.
        """
        text = self.catalogue.text(key)
        if text is None:
            raise KeyError(key)
        if not isinstance(text, str):
            text = self.plural(text, values["n"])
        return text.format(**{k: self.whole(v) if isinstance(v, int) else v for k, v in values.items()})

    def has(self, key: str) -> bool:
        """Return whether there is a text with this id."""
        return self.catalogue.text(key) is not None

    def name(self, section: str, key: str) -> str:
        """Return the name of something, as of a role or a domain; its key in plain words where it has none."""
        text = self.catalogue.text(f"{section}.{key}")
        return text if isinstance(text, str) else key.replace("_", " ")

    def section(self, *names: str) -> dict[str, Text]:
        """Return the texts of sections by id, for a script of a page."""
        sections = catalogue(DEFAULT).sections
        return {
            f"{name}.{key}": self.catalogue.text(f"{name}.{key}") or ""
            for name in names
            for key in sections[name]
        }

    def message(self, text: str | Mapping[str, Any] | None) -> str:
        """Translate a message, one stored as JSON, or a constant text."""
        if isinstance(text, Mapping):
            text = Message.from_json(text)
        return translate(as_message(text), self.language) if text else ""

    def match_reason(self, reason: Mapping[str, Any]) -> str:
        """Return the reason for points of a similarity; a stored one may have English and French alone."""
        if "message" in reason:
            return self.message(reason["message"])
        return str(reason.get(self.language) or reason["en"])

    def stage(self, stage: str) -> str:
        """Return what a stage of a computation is called."""
        return self(f"progress.{stage}") if self.has(f"progress.{stage}") else stage

    def role_reasons(self, reasons: Iterable[str]) -> str:
        """Return why a column was given its role, in one line."""
        found = (
            msg("name says {words}", words=reason.removeprefix(_NAME_REASON))
            if reason.startswith(_NAME_REASON)
            else reason
            for reason in reasons
        )
        return self.message("; ").join(map(self.message, found))
