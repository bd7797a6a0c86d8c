"""Coming back: linked to what was before, counted, and reported for twelve months."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from care_plans import courses, plans, recurring
from care_plans.models import Course
from coordination import consent
from coordination.consent import Locked
from coordination.models import Patient
from coordination.problems import Invalid
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person, make_patient
from tests.ward import SAID

DAY = timedelta(days=1)
BEGAN = datetime(2024, 2, 1, 12, tzinfo=UTC)
#: a leap day: its twelve months end on 28 February
ENDED = datetime(2024, 2, 29, 12, tzinfo=UTC)
YEAR = datetime(2025, 2, 28, 12, tzinfo=UTC)

pytestmark = [pytest.mark.feature("CP-12"), pytest.mark.usefixtures("clock")]


def past(
    cast: Cast,
    patient: Patient,
    began: datetime,
    ended: datetime | None,
    outcome: str = "not_achieved",
    side: str = "left",
) -> Course:
    """Write a course of the past into the patient's plan."""
    plan, _ = plans.open_plan(patient.id, actor=cast.asha.actor(), now=NOW)
    course: Course = Course.objects.create(
        organization=cast.riverside,
        care_plan=plan,
        patient=patient,
        pathway=underway.version().pathway,
        pathway_version=underway.version(),
        condition="Test",
        severity="mild",
        side=side,
        status="discharged" if ended else "intake",
        applied_at=began,
        discharged_at=ended,
        outcome=outcome if ended else "",
        recorded_at=NOW,
    )
    return course


def report(cast: Cast, who: Person, **asked: str) -> list[dict[str, Any]]:
    query = {"since": "2024-01-01T00:00:00Z", **asked}
    answer = who.client.get("/api/v1/recurrences", query)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def counted(rows: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    names = ("ended", "followed", "recurred", "watched", "recurred_so_far", "lost")
    return {row["outcome"]: tuple(row[name] for name in names) for row in rows}


def test_a_re_entry_is_linked_to_the_course_and_the_plan_before_it(cast: Cast) -> None:
    with cast.acting():
        first = underway.start(cast)
        ended: dict[str, Any] = {"outcome": "not_achieved", "reason": "rest", "end_courses": True}
        actor = cast.asha.actor(NOW)
        plans.close_plan(first.care_plan_id, **ended, actor=actor, now=NOW)
        second = underway.apply(cast)
        plans.close_plan(
            second.care_plan_id,
            outcome="patient_left",
            reason="moved",
            end_courses=True,
            actor=actor,
            now=NOW,
        )
        third = underway.apply(cast)
        other = underway.apply(cast, side="right")
        assert [second.previous_id, third.previous_id, other.previous_id] == [
            first.pk,
            second.pk,
            None,
        ]
        assert second.care_plan.previous_id == first.care_plan_id
    read = cast.asha.client.get
    assert read(f"/api/v1/courses/{third.pk}").json()["earlier"] == 2
    assert read(f"/api/v1/courses/{other.pk}").json()["earlier"] == 0
    whole = read(f"/api/v1/care-plans/{third.care_plan_id}").json()
    assert whole["previous"] == str(second.care_plan_id)


def test_a_new_diagnosis_follows_the_course_that_it_replaces(cast: Cast) -> None:
    with cast.acting():
        first = underway.start(cast)
        underway.move(cast, first, "discharge", now=NOW, reason="x", outcome="new_diagnosis")
        other = underway.apply(cast, side="right")
        asked: dict[str, Any] = {
            "pathway_version_id": underway.version().id,
            "severity": "mild",
            "side": "both",
            "actor": cast.asha.actor(),
            "now": NOW,
        }
        with pytest.raises(Invalid) as refused:  # it has not ended
            courses.apply_pathway(other.care_plan_id, **asked, previous_id=other.pk)
        assert [error.pointer for error in refused.value.errors] == ["/previous"]
        assert not Course.objects.filter(side="both").exists()
        new, _ = courses.apply_pathway(other.care_plan_id, **asked, previous_id=first.pk)
        assert new.previous_id == first.pk


@pytest.mark.parametrize(
    ("came_back", "recurred"),
    [(None, 0), (ENDED, 1), (YEAR, 1), (YEAR + timedelta(seconds=1), 0)],
)
def test_it_counts_who_came_back_within_twelve_months(
    cast: Cast, came_back: datetime | None, recurred: int
) -> None:
    with cast.acting():
        past(cast, cast.patient, BEGAN, ENDED)
        if came_back:
            past(cast, cast.patient, came_back, None)
    [row] = report(cast, cast.asha, until="2024-03-01T00:00:00Z")
    assert (row["followed"], row["recurred"], row["rate"]) == (1, recurred, 100.0 * recurred)


def test_it_keeps_apart_what_nobody_knows_yet_and_what_could_not_come_back(cast: Cast) -> None:
    lately = NOW - 30 * DAY
    others = [make_patient(cast.asha, family_name=f"P{place}") for place in range(4)]
    with cast.acting():
        past(cast, cast.patient, BEGAN, ENDED, "goals_achieved")
        past(cast, cast.patient, ENDED + DAY, None, side="right")  # another side is another one
        past(cast, others[0], lately - DAY, lately, "goals_achieved")
        past(cast, others[1], lately - DAY, lately, "goals_achieved")
        past(cast, others[1], lately + DAY, None)
        past(cast, others[2], BEGAN, ENDED, "goals_achieved")
        Patient.objects.filter(pk=others[2].pk).update(deceased_at=ENDED + 40 * DAY)
        for outcome in recurring.NOTHING_ENDED:
            past(cast, others[3], BEGAN, ENDED, outcome)
    rows = report(cast, cast.asha)
    assert counted(rows) == {"goals_achieved": (4, 1, 0, 2, 1, 1)}
    assert [row["rate"] for row in rows] == [0.0]
    assert report(cast, cast.asha, since="2024-03-01T00:00:00Z", until="2024-04-01T00:00:00Z") == []


def test_it_counts_only_what_the_reader_may_know(cast: Cast) -> None:
    written.join(cast, cast.ben)
    with cast.acting():
        past(cast, cast.patient, BEGAN, ENDED)
        again = past(cast, cast.patient, ENDED + DAY, ENDED + 2 * DAY)
    assert counted(report(cast, cast.ben))["not_achieved"][:3] == (2, 2, 1)
    locked = Locked(
        target="condition",
        target_id=again.pk,
        audience="practitioner",
        audience_practitioner_id=cast.ben.practitioner_role.practitioner_id,
    )
    with cast.acting():
        consent.set_directive(
            cast.patient.id, locked, decided=SAID, actor=cast.asha.actor(), now=NOW
        )
    assert counted(report(cast, cast.ben))["not_achieved"][:3] == (1, 1, 0)
    assert counted(report(cast, cast.asha))["not_achieved"][:3] == (2, 2, 1)
    assert report(cast, cast.gus) == []
    assert report(cast, cast.olu) == []
    assert cast.sam.client.get("/api/v1/recurrences").status_code == 403


def test_the_records_of_one_person_are_one_person(cast: Cast) -> None:
    resting = make_patient(cast.asha, family_name="Tremblay-Roy")
    with cast.acting():
        past(cast, resting, BEGAN, ENDED)
        back = past(cast, cast.patient, ENDED + DAY, None)
        Patient.objects.filter(pk=resting.pk).update(merged_into=cast.patient)
    assert counted(report(cast, cast.asha))["not_achieved"][:3] == (1, 1, 1)
    assert cast.asha.client.get(f"/api/v1/courses/{back.pk}").json()["earlier"] == 1
