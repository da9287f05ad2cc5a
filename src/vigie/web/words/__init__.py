"""What the pages say, in English and French, and how each language writes numbers, sizes and dates.

The texts are in `en.toml` and `fr.toml`. Must not know Flask: it works from a language alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from vigie.i18n.messages import THIN, french_spaces

LANGUAGES = ("en", "fr")
_NAME_SAYS = "name says "
_SCALE = ("KB", "MB", "GB")
Text = str | Mapping[str, str]


class Words:
    """Texts and numbers of one language; callable with a key such as `upload.title`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._texts = texts(self.language)
        self._french = self.language == "fr"
        self.colon = "\u00a0:" if self._french else ":"

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key with its values; `n` also chooses singular or plural."""
        section, _, name = key.partition(".")
        text = self._texts[section][name]
        if not isinstance(text, str):
            text = text[self._number(values["n"])]
        said = {k: self.whole(v) if isinstance(v, int) else v for k, v in values.items()}
        return text.format(**said)

    def section(self, *names: str) -> dict[str, Text]:
        """Texts of sections, for a script of the page."""
        return {f"{name}.{key}": text for name in names for key, text in self._texts[name].items()}

    def has(self, key: str) -> bool:
        """Whether there is a text for a key."""
        section, _, name = key.partition(".")
        return name in self._texts.get(section, {})

    def pick(self, english: str | None, french: str | None) -> str:
        """One of two texts."""
        return (french if self._french else english) or ""

    def evidence(self, reasons: Iterable[str]) -> str:
        """Why a column was given its role; what has no text of ours stays as it is."""
        known = self._texts["evidence"]
        said = ["name" if reason.startswith(_NAME_SAYS) else reason for reason in reasons]
        return ", ".join(str(known.get(reason, reason)) for reason in dict.fromkeys(said))

    def whole(self, number: float) -> str:
        """A whole number with thousands apart."""
        text = f"{round(number):,}"
        return text.replace(",", THIN) if self._french else text

    def decimal(self, number: float, digits: int = 2) -> str:
        """A number with that many digits."""
        text = f"{number:,.{digits}f}"
        return text.replace(",", THIN).replace(".", ",") if self._french else text

    def share(self, number: float) -> str:
        """A share as a percentage, with two figures that mean something and never a false zero."""
        percent = 100 * number
        if 0 < percent < 0.005:
            return f"< {self.share(0.0001)}"
        if 99.5 <= percent < 100:
            return f"> {self.share(0.99)}"
        digits = 0 if percent >= 10 or percent == 0 else 1 if percent >= 1 else 2
        return self.decimal(percent, digits) + (f"{THIN}%" if self._french else "%")

    def of_ten(self, number: float) -> str:
        """A share as so many of ten."""
        return self.decimal(10 * number, 1 if 0.05 <= 10 * number < 0.95 else 0)

    def size(self, number: float) -> str:
        """A number of bytes, in thousands as file managers count."""
        if number < 1000:
            return f"{self.whole(number)} {self('unit.bytes')}"
        for unit in _SCALE:
            number /= 1000
            if number < 999.5 or unit == _SCALE[-1]:
                break
        return f"{self.decimal(number, 1 if number < 9.95 else 0)}\u00a0{self(f'unit.{unit}')}"

    def duration(self, seconds: float) -> str:
        """A time span, roughly."""
        if seconds < 90:
            return self("unit.seconds", n=max(1, round(seconds)))
        if seconds < 5400:
            return self("unit.minutes", n=round(seconds / 60))
        return self("unit.hours", n=round(seconds / 3600))

    def date(self, moment: datetime | None) -> str:
        """A day."""
        return "" if moment is None else self._dated("frame.date", moment)

    def moment(self, moment: datetime | None) -> str:
        """A day and a time, in UTC."""
        return "" if moment is None else self._dated("frame.date_time", moment)

    def _dated(self, key: str, moment: datetime) -> str:
        moment = moment.astimezone(UTC)
        month = self("frame.months").split()[moment.month - 1]
        return self(key, day=str(moment.day), month=month, year=str(moment.year), time=f"{moment:%H:%M}")

    def _number(self, n: float) -> str:
        return "one" if n == 1 or (self._french and abs(n) < 2) else "other"


@cache
def texts(language: str) -> dict[str, dict[str, Text]]:
    """Every text of a language, by section and key."""
    written = files("vigie.web.words").joinpath(f"{language}.toml").read_text("utf-8")
    if language == "fr":
        written = french_spaces(written)
    found: dict[str, dict[str, Text]] = tomllib.loads(written)
    return found
