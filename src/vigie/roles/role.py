"""The record of a role: everything the code asks about the meaning of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field


@dataclass(frozen=True)
class Role:
    """One meaning a column can have; its label is the text `role.NAME` of each language catalogue.

    Attributes:
        name: stable key; bundles, scorers and the API store it.
        check: value check (`value_checks.CHECKS`) of the name rules that give none.
        names: rules that recognise the role by the name of a column, one a line, as `name_rules` reads them.
        multiple: several columns of a table may have the role without contradiction.
        direction: +1 riskier when higher, -1 safer when higher, 0 unknown.
        direction_from_name: whether the words of the column's name decide its direction.
        entity: features may group rows by its values.
        identifier: its values only tell one from another, whatever they are written with.
        actor_rank: order of preference as the actor, 1 first; 0 never. See `FALLBACK_ACTOR_RANK`.
        counterpart: names the other side of a transaction.
        shared: several customers may share it, such as a device; related rows are looked up by the first that repeats.
        contact: a shared entity that is a contact detail.
        category_rank: order among the categories that features compare, 1 first; 0 is no category.
        charted: alerts are counted by its values in the charts of a result.
        names_domain: its values may name the domain of the table.
        date: holds moments, though it is not the time of the event.
        private: its values name a person or a thing; no model remembers them, not even hashed.
        encoded: a trained model may take inputs from its values.
        ignored: says nothing about a transaction; no detector reads it.
        excluded: left out of everything, features and counts of empty cells included.
        anonymous: a column without a known meaning.
        generic: columns of this role have nothing else in common, so the role alone identifies none of them.
        near_duplicate: rows that agree on these columns are near duplicates.
        weight: what the role counts when a table and a model are matched.
        substitutes: roles that do part of its work -> share of the work, in (0, 1].
        any_type: matching ignores the type of its columns.
        same_role_score: share of the points that two columns get for having this role in common, when the columns of a
            trained model are looked for; low where many columns have the role.
        core: the core view of a starter model keeps it.
        flat_core: the same, where the domain has one row per case.
    """

    name: str
    check: str = ""
    _: KW_ONLY
    names: str = ""
    multiple: bool = False
    direction: int = 0
    direction_from_name: bool = False
    entity: bool = False
    identifier: bool = False
    actor_rank: int = 0
    counterpart: bool = False
    shared: bool = False
    contact: bool = False
    category_rank: int = 0
    charted: bool = False
    names_domain: bool = False
    date: bool = False
    private: bool = False
    encoded: bool = True
    ignored: bool = False
    excluded: bool = False
    anonymous: bool = False
    generic: bool = False
    near_duplicate: bool = False
    weight: float = 1.0
    substitutes: Mapping[str, float] = field(default_factory=dict)
    any_type: bool = False
    same_role_score: float = 1.0
    core: bool = False
    flat_core: bool = True

    @property
    def is_party(self) -> bool:
        """Whether the role names who or what takes part in a transaction."""
        return self.actor_rank > 0 or self.counterpart


FALLBACK_ACTOR_RANK = 7
"""From this `actor_rank` on, a role is the actor only where a table has none of the earlier ones."""
