"""A patient whose record holds something of Chloé's that Ben may be kept from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from care_plans import standing
from care_plans.models import Course
from coordination import care_team
from coordination.actors import Actor
from coordination.consent import Decided, Locked, set_directive
from coordination.disclosure import labelled, labels_of
from coordination.models import Directive
from referrals.lifecycle import perform
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

SAID = Decided(given_by="patient", means="spoken", evidence="note of 23 November")
#: what is not a record of its own that a reader meets at an address
APART = {"Message"}


@dataclass
class Scene:
    """The course that Chloé and Ben both work on, with Asha leading."""

    cast: Cast
    course: Course

    def lock(self, *, now: Any = NOW, **what: Any) -> Directive:
        """Let Sam write down that the patient locks something away."""
        with self.cast.acting():
            return set_directive(
                self.cast.patient.id,
                Locked(**{"audience": "practitioner", **self.from_ben(what), **what}),
                decided=SAID,
                actor=self.cast.sam.actor(now),
                now=now,
            )

    def from_ben(self, what: dict[str, Any]) -> dict[str, Any]:
        """Return whom it is kept from, unless the test says so."""
        if "audience" in what:
            return {}
        role = self.cast.ben.practitioner_role
        return {"audience_practitioner_id": role.practitioner_id}

    def rows(self, condition: dict[str, Any], *, by_label: str) -> dict[str, set[str]]:
        """Return the ids, by kind of record, of the rows whose label has a value."""
        found: dict[str, set[str]] = {}
        with self.cast.acting():
            for name, model in labelled().items():
                path = getattr(labels_of(model), by_label)
                if path and name not in APART:
                    found[name] = {str(pk) for pk in self._matching(model, path, condition)}
        return found

    def _matching(self, model: type[Model], path: str, condition: dict[str, Any]) -> Iterator[UUID]:
        rows: QuerySet[Any, Any] = QuerySet(model)
        mine = {labels_of(model).patient: self.cast.patient.id}
        wanted = {path + suffix: value for suffix, value in condition.items()}
        yield from rows.filter(Q(**mine), Q(**wanted)).values_list("pk", flat=True)


def stage(cast: Cast) -> Scene:
    """Put a record on the stage to which Asha, Ben and Chloé have all contributed."""
    with cast.acting():
        course = underway.start(cast)
        for person in (cast.ben, cast.dmitri):
            care_team.join(
                cast.patient.id,
                practitioner_role_id=person.practitioner_role.id,
                actor=cast.sam.actor(),
                now=NOW,
            )
        _accept_massage(cast, course)
        underway.score(course, {"nprs": "7"}, now=NOW - timedelta(minutes=1), who=cast.chloe)
        underway.score(course, {"nprs": "3"}, now=NOW, who=cast.asha)
        standing.sign_off(
            underway.lane(course, "massage_therapy").id,
            verdict="not_ready",
            reason="Too tender.",
            actor=cast.chloe.actor(),
            now=NOW,
        )
        written.note(cast, cast.chloe)
        written.note(cast, cast.asha)
        written.visit(cast, cast.chloe)
        standing.reassess(course.id, actor=Actor.system("test", cast.riverside.id), now=NOW)
    return Scene(cast, course)


def _accept_massage(cast: Cast, course: Course) -> None:
    referral_id = underway.lane(course, "massage_therapy").referral_id
    assert referral_id is not None
    steps: list[tuple[Person, str, dict[str, Any]]] = [
        (cast.sam, "claim", {}),
        (cast.sam, "assign", {"to": cast.chloe.practitioner_role.id}),
        (cast.chloe, "accept", {}),
    ]
    for who, action, given in steps:
        perform(referral_id, action, actor=who.actor(), now=NOW, **given)
