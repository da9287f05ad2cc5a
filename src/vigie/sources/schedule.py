"""When a watch looks: by a cron expression in a time zone, or all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg


def next_look(schedule: str, timezone: str, now: datetime, interval: float) -> datetime:
    """Return when a watch looks next.

    A time that a change of clocks skips is made up for once the clocks have changed, and one that it repeats comes once.

    Args:
        schedule: cron expression of five fields; empty to look every `interval` seconds.
        timezone: time zone of the schedule.
        now: the time, with its zone.
        interval: seconds.
    """
    if not schedule:
        return now + timedelta(seconds=interval)
    return next(CronSim(schedule, now.astimezone(ZoneInfo(timezone)))).astimezone(UTC)


def check(schedule: str, timezone: str) -> None:
    """Check a schedule.

    Raises:
        UsageRefused: the expression or the time zone is unknown, or the expression never comes true.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageRefused(
            msg("found time zone {timezone!r}, expected one such as Europe/Paris", timezone=timezone[:80]),
            hint="the names are those of the IANA time zone database; UTC is one",
        ) from None
    if not schedule:
        return
    try:
        if len(schedule.split()) != 5:
            raise CronSimError
        next(CronSim(schedule, datetime.now(zone)))
    except (CronSimError, StopIteration):
        raise UsageRefused(
            msg(
                "found schedule {schedule!r}, expected a cron expression of five fields",
                schedule=schedule[:80],
            ),
            hint="minute, hour, day, month, day of the week: `30 6 * * 1-5` is half past six on working days",
        ) from None
