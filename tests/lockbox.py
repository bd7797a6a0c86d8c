"""A patient whose record holds something of Chloé's that Ben may be kept from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from django.db.models import Q, QuerySet

from care_plans import hand_offs, standing
from care_plans.models import Course
from coordination import care_team
from coordination.actors import Actor
from coordination.consent import Decided, Locked, record_consent, set_directive
from coordination.disclosure import labelled, labels_of
from coordination.models import Directive, Labels, PractitionerRole
from referrals.lifecycle import perform
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

SAID = Decided(given_by="patient", means="spoken", evidence="note of 23 November")
AGREED, HANDED_OVER, PROGRAMME = "Work on scar tissue.", "Two weeks away.", "Massage only"
#: what is not a record of its own that a reader meets at an address
APART = {"Message"}


@dataclass
class Scene:
    """The course that Chloé and Ben both work on, with Asha leading."""

    cast: Cast
    course: Course

    def lock(self, *, now: Any = NOW, **what: Any) -> Directive:
        """Let Pia write down that the patient locks something away."""
        with self.cast.acting():
            directive, _ = set_directive(
                self.cast.patient.id,
                Locked(**{"audience": "practitioner", **self.from_ben(what), **what}),
                decided=SAID,
                actor=self.cast.pia.actor(now),
                now=now,
            )
        return directive

    def from_ben(self, what: dict[str, Any]) -> dict[str, Any]:
        """Return whom it is kept from, unless the test says so."""
        if "audience" in what:
            return {}
        role = self.cast.ben.practitioner_role
        return {"audience_practitioner_id": role.practitioner_id}

    def of_discipline(self, name: str) -> dict[str, set[str]]:
        """Return the ids, by kind of record, of what a discipline does and writes."""
        people = PractitionerRole.objects.filter(discipline=name).values("practitioner__user_id")
        return self._rows(
            lambda labels: {
                labels.discipline: name,
                **{
                    f"{role.removesuffix('_id')}__discipline": name
                    for role in (labels.author, *labels.parties)
                    if role
                },
                **({f"{labels.recorder}__in": people} if labels.recorder else {}),
            }
        )

    def of_practitioner(self, who: Person) -> dict[str, set[str]]:
        """Return the ids, by kind of record, of what one practitioner does and writes."""
        role = who.practitioner_role.id
        return self._rows(
            lambda labels: {
                labels.author: role,
                **dict.fromkeys(labels.parties, role),
                labels.recorder: who.user.id,
            }
        )

    def of_condition(self) -> dict[str, set[str]]:
        """Return the ids, by kind of record, of what belongs to the course."""
        return self._rows(lambda labels: {labels.condition: self.course.id})

    def words_about(self, who: Person) -> set[str]:
        """Return what would tell a reader of somebody."""
        role = who.practitioner_role
        return {role.practitioner.name, who.user.email, str(role.id), str(who.user.id)}

    def _rows(self, named: Callable[[Labels], dict[str, Any]]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        with self.cast.acting():
            for name, model in labelled().items():
                labels = labels_of(model)
                any_of = [Q(**{path: value}) for path, value in named(labels).items() if path]
                if any_of and name not in APART:
                    rows: QuerySet[Any, Any] = QuerySet(model)
                    mine = rows.filter(or_(*any_of), **{labels.patient: self.cast.patient.id})
                    found[name] = {str(pk) for pk in mine.values_list("pk", flat=True)}
        return found


def or_(*conditions: Q) -> Q:
    """Return the rows that meet one of these."""
    return reduce(Q.__or__, conditions)


def stage(cast: Cast, *, hands_over: bool = True, began: datetime = NOW) -> Scene:
    """Put a record on the stage to which Asha, Ben and Chloé have all contributed.

    `hands_over` lets Asha offer the lead to Chloé, who has not answered yet; the course `began`
    then.
    """
    with cast.acting():
        course = underway.start(cast, now=began)
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
        written.safety_alert(cast, cast.chloe)
        found = written.red_flag(cast, cast.chloe, course, flag="numbness-or-tingling")
        written.clear(found, cast.asha)
        written.note(cast, cast.chloe)
        written.note(cast, cast.asha)
        written.visit(cast, cast.chloe)
        written.coverage(cast, cast.sam, discipline="massage_therapy", programme=PROGRAMME)
        record_consent(
            cast.patient.id,
            category="treatment",
            decision="permit",
            about=AGREED,
            decided=SAID,
            actor=cast.chloe.actor(),
            now=NOW,
        )
        if hands_over:
            hand_offs.offer(
                cast.patient.id,
                to_id=cast.chloe.practitioner_role.id,
                because=HANDED_OVER,
                actor=cast.asha.actor(),
                now=NOW,
            )
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
