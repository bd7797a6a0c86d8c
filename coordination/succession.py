"""Which records are versions of one and the same: an original, its corrections, and theirs.

A patient who locks one version away means the record: whichever version it was then, and whatever
is written in its place later. So nothing is copied when a correction is written; the database is
asked which versions there are, where a directive names one.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import BooleanField, F, Func, OuterRef
from django.db.models.expressions import Combinable

from coordination.models import Labels
from coordination.models.labels import EVERY_KIND


class IsVersionOf(Func):
    """Whether an id is that of a version of a record: of itself, an earlier or a later one.

    `kinds` are the models whose rows tie two versions together (`Labels.ties`).
    """

    function = None
    template = "%(expressions)s%(versions)s"
    arg_joiner = " IN (WITH RECURSIVE version (id) AS (SELECT "
    arity = 2
    output_field: Any = BooleanField()

    def __init__(self, one: F, other: OuterRef | Combinable, *, kinds: tuple[str, ...]) -> None:
        super().__init__(one, other, versions=_versions(kinds))


@cache
def _versions(kinds: tuple[str, ...]) -> str:
    """Return the rest of the question: from one version on to whatever a row ties to it."""
    steps = " UNION ALL ".join(_STEP.format(*tie) for tie in sorted(_ties(kinds)))
    return _FROM_ONE_TO_ANOTHER.format(steps)


def _ties(kinds: tuple[str, ...]) -> set[tuple[str, str, str]]:
    return {
        (model._meta.db_table, *labels.ties)
        for model in apps.get_models()
        if isinstance(labels := getattr(model, "labels", None), Labels)
        and labels.ties is not None
        and (kinds == EVERY_KIND or model.__name__ in kinds)
    }


_FROM_ONE_TO_ANOTHER = """
    UNION SELECT tied.id FROM version CROSS JOIN LATERAL ({}) AS tied (id)
) SELECT id FROM version)"""

#: the names that stand in it are those of tables and columns of models
_STEP = """
    SELECT CASE WHEN t.{1} = version.id THEN t.{2} ELSE t.{1} END FROM {0} t
    WHERE (t.{1} = version.id OR t.{2} = version.id)
        AND t.{1} IS NOT NULL AND t.{2} IS NOT NULL"""
