"""How well a reference model fits a table, with the reason for each of its points.

Tables and models are described by profiles: columns with their roles and types, words that name a domain, and quantiles of
unit-free features. `ModelIndex` compares one table with thousands of models in a few milliseconds. Must not know where
models are stored.

    part            points  question
    needs             0.28  which of the roles that the model was trained on does the table have?
    knows             0.20  which of the table's roles does the model know?
    domain            0.25  do the words of the table name the model's domain?
    names             0.08  do the columns have the names of the model's?
    types             0.05  do shared roles have the same type?
    distributions     0.14  are the features distributed as in training?

Roles count by their weight. The points are set by hand and checked against simulated tables, not fitted: there are no labels
for "the right model".

    profiles        what is compared of a table and of a model
    index           the parts of the similarity, for many models at once
    distributions   quantiles of features, and how far two tables are apart by them
    domains         words that name a domain
    role_weights    what each role counts
    explanations    the points and their reasons
"""

from vigie.matching.explanations import MatchReason, compare, explain, similarity
from vigie.matching.index import PARTS, POINTS, SHORTLIST, ModelIndex, ModelVector, shortlist, total
from vigie.matching.profiles import Column, ModelProfile, TableProfile, describe

__all__ = [
    "PARTS",
    "POINTS",
    "SHORTLIST",
    "Column",
    "MatchReason",
    "ModelIndex",
    "ModelProfile",
    "ModelVector",
    "TableProfile",
    "compare",
    "describe",
    "explain",
    "shortlist",
    "similarity",
    "total",
]
