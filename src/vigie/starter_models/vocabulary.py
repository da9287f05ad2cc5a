"""The words, names and similarities of the simulator's domains, as a data file for matching, which never imports the simulator."""

from __future__ import annotations

import json
from pathlib import Path

from vigie.matching import domains
from vigie.simulator.registry import own_domains

PATH = Path(domains.__file__).with_name("domains.json")


def render() -> str:
    """Return the content of the file, one domain a line."""
    lines = [json.dumps(domain.vocabulary(), ensure_ascii=False) for domain in own_domains().values()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
