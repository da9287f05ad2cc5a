"""Numbers, percentages, sizes, times and dates as a language writes them. The pages' scripts do the same: web/static/lib.js."""

from __future__ import annotations

from datetime import UTC, datetime

from vigie.i18n.catalogue import DEFAULT, Text, catalogue

_SIZES = ("KB", "MB", "GB", "TB")


class Formatter:
    """Formats numbers and dates.

    Args:
        language: an installed one; another is taken for English.
    """

    def __init__(self, language: str = DEFAULT) -> None:
        self.catalogue = catalogue(language)
        self.language = self.catalogue.language
        self.colon = self.catalogue.format.colon

    def whole(self, number: float) -> str:
        """Format an integer with its thousands separated."""
        return self.catalogue.format.number(f"{round(number):,}")

    def decimal(self, number: float, digits: int = 2) -> str:
        """Format a number with that many decimals."""
        return self.catalogue.format.number(f"{number:,.{digits}f}")

    def plain(self, number: float) -> str:
        """Return a number without separators of thousands, as a field of a form takes it."""
        return f"{number:.15g}".replace(".", self.catalogue.format.decimal)

    def percent(self, share: float) -> str:
        """Format a share in [0, 1] as a percentage of two significant figures, never a false 0% or 100%."""
        percent = 100 * share
        if 0 < percent < 0.005:
            return f"< {self.percent(0.0001)}"
        if 99.995 <= percent < 100:
            return f"> {self.percent(0.9999)}"
        digits = 0 if percent >= 10 or percent == 0 else 1 if percent >= 1 else 2
        if 99.5 <= percent < 100:
            digits = 1 if percent < 99.95 else 2
        return self.catalogue.format.percent.format(number=self.decimal(percent, digits))

    def of_ten(self, share: float) -> str:
        """Format a share in [0, 1] as so many of ten."""
        return self.decimal(10 * share, 1 if 0.05 <= 10 * share < 0.95 else 0)

    def size(self, count: float) -> str:
        """Format a number of bytes, in powers of 1000."""
        if count < 1000:
            return f"{self.whole(count)} {self._unit('bytes')}"
        for unit in _SIZES:
            count /= 1000
            if count < 999.5 or unit == _SIZES[-1]:
                break
        return f"{self.decimal(count, 1 if count < 9.95 else 0)}\u00a0{self._unit(unit)}"

    def duration(self, seconds: float) -> str:
        """Format a number of seconds in seconds, minutes or hours."""
        if seconds < 90:
            return self._unit("seconds", max(1, seconds))
        if seconds < 5400:
            return self._unit("minutes", seconds / 60)
        return self._unit("hours", seconds / 3600)

    def date(self, moment: datetime | None) -> str:
        """Format a day, in UTC."""
        return self._date(self.catalogue.format.date, moment)

    def date_time(self, moment: datetime | None) -> str:
        """Format a day and a time, in UTC."""
        return self._date(self.catalogue.format.date_time, moment)

    def plural(self, text: Text, n: int) -> str:
        """Return the form of a text for a number: singular or plural."""
        if isinstance(text, str):
            return text
        style = self.catalogue.format
        return text.get(style.plural_forms[style.plural(n)]) or text["other"]

    def _unit(self, name: str, number: float = 0) -> str:
        return self.plural(self.catalogue.text(f"unit.{name}") or name, round(number)).format(
            n=self.whole(number)
        )

    def _date(self, pattern: str, moment: datetime | None) -> str:
        if moment is None:
            return ""
        moment = moment.astimezone(UTC)
        month = self.catalogue.format.months[moment.month - 1]
        return pattern.format(day=moment.day, month=month, year=moment.year, time=f"{moment:%H:%M}")
