"""The records of the roles, and what is derived from them."""

from __future__ import annotations

import subprocess
import sys

from vigie.roles import name_rules
from vigie.roles.definitions import ROLES, category_roles, role_of
from vigie.roles.name_lexicon import WORDS
from vigie.roles.value_checks import CHECKS

NEW_ROLE = """
import polars as pl
from vigie.roles.definitions import ROLES
from vigie.roles.name_lexicon import WORDS
from vigie.roles.role import Role

WORDS["badge"] = "badge insigne"
ROLES["badge"] = Role("badge", "entity", names=".99 | badge |", entity=True, identifier=True, actor_rank=1, shared=True,
                      category_rank=10, charted=True, private=True, weight=2.0, substitutes={"card": 0.5},
                      direction=1, core=True)

from vigie import matching
from vigie.detectors.raw_columns import raw_columns
from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES, ColumnView
from vigie.features.grouping import groupings_of
from vigie.matching.role_weights import ROLE_INDEX, ROLE_WEIGHTS, with_substitutes
from vigie.models.trained import column_sketch, encoders
from vigie.roles.inference import infer
from vigie.starter_models import specs

frame = pl.DataFrame({"insigne": [f"B{i % 50}x" for i in range(200)], "montant": [i * 1.01 for i in range(200)]})
roles = infer(frame)
assert roles.of("insigne").role == "badge"
assert roles.of("insigne").direction == 1
assert roles.actor() == "insigne"
assert "badge" in ENTITY_ROLES and CATEGORY_ROLES[-1] == "badge"
assert [grouping.name for grouping in groupings_of(ColumnView(frame, roles))] == ["actor"]
assert raw_columns(frame, roles)[:, 0].max() < 1, "identifiers are hashed"
assert ROLE_WEIGHTS[ROLE_INDEX["badge"]] == 2.0
present = matching.describe(frame, roles).present.copy()
assert present[ROLE_INDEX["badge"]] == 1.0
present[:] = 0
present[ROLE_INDEX["card"]] = 1.0
assert with_substitutes(present)[ROLE_INDEX["badge"]] == 0.5
assert not column_sketch.sketch_column(frame["insigne"], "badge", "salt").shares, "private"
assert encoders.is_encoded("badge")
assert specs.columns_of_view({"insigne": "badge", "n": "number"}, "transfers", "bare") == ["insigne"]
"""


def test_a_new_role_is_one_record() -> None:
    """A record and its words are enough for inference, features, detectors, matching and models."""
    subprocess.run([sys.executable, "-c", NEW_ROLE], check=True)


def test_rules_name_concepts_and_checks_that_exist() -> None:
    """A rule with an unknown word or check would never hold."""
    concepts = {*WORDS, "neg", "unknown"}
    for rule in name_rules.rules():
        assert rule.check in CHECKS
        assert set().union(*rule.needs) | rule.unless <= concepts, rule


def test_substitutes_are_roles_and_do_a_share_of_the_work() -> None:
    """A role cannot replace itself, nor do more than all of the work."""
    for role in ROLES.values():
        assert role.substitutes.keys() <= ROLES.keys() - {role.name}
        assert all(0 < share <= 1 for share in role.substitutes.values())


def test_ranks_are_different() -> None:
    """Two roles of one rank would be ordered by chance."""
    ranks = [role.category_rank for role in ROLES.values() if role.category_rank]
    assert len(ranks) == len(set(ranks)) == len(category_roles())
    actors = [role.actor_rank for role in ROLES.values() if role.actor_rank]
    assert len(actors) == len(set(actors))


def test_a_role_of_a_later_version_has_no_flags() -> None:
    """A stored model may have roles that this version does not know."""
    role = role_of("loyalty_tier")
    assert role.name == "loyalty_tier"
    assert not role.entity
    assert not role.private
