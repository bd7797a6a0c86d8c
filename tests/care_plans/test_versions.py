"""A newer version of a pathway: its difference is shown, and each patient's course decided on."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from care_plans import activities, adopting, red_flags
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.safety import Urgency
from care_plans.differences import differences
from care_plans.facts import gather
from care_plans.models import (
    Activity,
    Course,
    PathwayVersion,
    RedFlag,
    StageStay,
    StageTransition,
    VersionDecision,
)
from coordination.problems import Problem
from notifications.models import Message
from tests.care_plans import underway
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

DAY = timedelta(days=1)
pytestmark = [pytest.mark.feature("PW-06"), pytest.mark.usefixtures("clock")]


def version(number: str) -> PathwayVersion:
    found: PathwayVersion = PathwayVersion.objects.get(
        pathway__slug="hamstring-tendinopathy", version=number
    )
    return found


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, on the older version, one activity completed."""
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then, pathway_version_id=version("1.0.0").id)
        mine = Activity.objects.filter(course=course, lane__discipline="physiotherapy")
        done = mine.filter(is_loading=False).order_by("id")[0]
        actor = cast.asha.actor(then)
        for action in ("begin", "complete"):
            activities.move_activity(done.id, action, actor=actor, now=then)
        return course


def decide(cast: Cast, course: Course, verb: str, who: Person | None = None, **body: Any) -> Any:
    with cast.acting():
        number = Course.objects.get(pk=course.pk).version
    headers = {"If-Match": f'"{body.pop("at", number)}"'}
    asked = {"pathway_version": str(version("1.3.0").id), **body}
    at = f"/api/v1/courses/{course.pk}/{verb}-version"
    return (who or cast.asha).client.post(at, asked, headers=headers)


def test_it_shows_what_the_newest_version_says_differently(cast: Cast, course: Course) -> None:
    shown = cast.asha.client.get(f"/api/v1/courses/{course.pk}/newer-version").json()
    assert shown["version"]["version"] == "1.3.0"
    places = {one["place"]: one["kind"] for one in shown["differences"]}
    assert places
    assert "version" not in places
    assert shown["decisions"] == []


def test_there_is_nothing_newer_on_the_newest(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, pathway_version_id=version("1.3.0").id)
    shown = cast.asha.client.get(f"/api/v1/courses/{course.pk}/newer-version").json()
    assert (shown["version"], shown["differences"]) == (None, [])


def test_a_course_stays_on_its_version_until_somebody_decides(cast: Cast, course: Course) -> None:
    with cast.acting():
        course.refresh_from_db()
        assert course.pathway_version.version == "1.0.0"


def test_adopting_plans_what_is_new_and_keeps_what_was_done(cast: Cast, course: Course) -> None:
    with cast.acting():
        before = {
            row.key: (row.status, row.text, row.version)
            for row in Activity.objects.filter(course=course).exclude(status="not_started")
        }
        moves = list(StageTransition.objects.filter(course=course).values())
        StageStay.objects.filter(course=course).update(review_at=None)  # as if 1.0.0 had none
    answered = decide(cast, course, "adopt", reason="The shared criteria are clearer.")
    assert answered.status_code == 200, answered.content
    with cast.acting():
        course.refresh_from_db()
        assert course.pathway_version.version == "1.3.0"
        stay = underway.stay(course)
        assert stay.review_at == stay.entered_at + timedelta(weeks=4)
        after = {
            row.key: (row.status, row.text, row.version)
            for row in Activity.objects.filter(course=course, key__in=before)
        }
        assert after == before
        assert list(StageTransition.objects.filter(course=course).values()) == moves
        name: Any = course.stage
        planned = {
            activity.id
            for lane in course.pathway_version.definition.stage(name).lanes.values()
            if lane.when is None
            for activity in lane.activities
            if activity.when is None
        }
        assert planned <= set(Activity.objects.filter(course=course).values_list("key", flat=True))
    shown = cast.asha.client.get(f"/api/v1/courses/{course.pk}/newer-version").json()
    [kept] = shown["decisions"]
    assert (kept["from_version"], kept["to_version"], kept["decision"]) == (
        "1.0.0",
        "1.3.0",
        "adopted",
    )
    readiness = cast.asha.client.get(f"/api/v1/courses/{course.pk}/readiness").json()
    assert readiness["version"] == "1.3.0"


@pytest.mark.feature("DP-02")
def test_what_the_adopted_version_calls_loading_stops_at_once_where_a_flag_is_open(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        other = underway.start(
            cast, now=NOW - 10 * DAY, side="right", pathway_version_id=version("1.0.0").id
        )
        loading = Activity.objects.get(course=course, is_loading=True)
        # begun while 1.0.0 did not call it loading, as whoever adopts finds it
        Activity.objects.filter(pk=loading.pk).update(is_loading=False)
        activities.move_activity(loading.pk, "begin", actor=cast.asha.actor(), now=NOW)
        underway.screen(other, now=NOW, present=["sudden-severe-pain"], who=cast.asha)
        loading.refresh_from_db()
        assert loading.status == "in_progress"
    assert decide(cast, course, "adopt", reason="Clearer.").status_code == 200
    with cast.acting():
        loading.refresh_from_db()
        assert (loading.is_loading, loading.status) == (True, "on_hold")


@pytest.mark.feature("DP-02")
@pytest.mark.parametrize(
    ("was", "is_so"),
    [
        (Urgency.REVIEW_BEFORE_PROGRESS, Urgency.URGENT_24H),
        (Urgency.EMERGENCY, Urgency.EMERGENCY),
    ],
)
def test_an_open_flag_is_as_urgent_as_the_adopted_version_says_and_never_less(
    cast: Cast, course: Course, monkeypatch: pytest.MonkeyPatch, was: Urgency, is_so: Urgency
) -> None:
    flag, said = "sudden-severe-pain", PathwayDefinition.red_flag
    then = NOW - DAY
    with cast.acting(), monkeypatch.context() as before:
        other = underway.start(
            cast, now=NOW - 10 * DAY, side="right", pathway_version_id=version("1.0.0").id
        )
        before.setattr(
            PathwayDefinition,
            "red_flag",
            lambda definition, name: said(definition, name).model_copy(update={"urgency": was}),
        )
        red_flags.record_screen(
            course.pk, answers={flag: "present"}, actor=cast.asha.actor(then), now=then
        )
        [found] = RedFlag.objects.filter(course=course)
        assert found.urgency == was
        due_at = found.due_at
    assert decide(cast, course, "adopt").status_code == 200
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is not None
        assert found.urgency == is_so
        due = NOW + DAY if was != is_so else due_at
        assert (found.due_at, found.work_item.due_at) == (due, due)
        facts = gather([course, other], now=NOW)
        assert facts[other.pk].stopped_by == (found.screen_id,)
        holding = Message.objects.exclude(status=Message.Status.CANCELLED)
        said_of = holding.filter(subject_id=found.pk, channel="email").order_by("due_at", "-kind")
        assert list(said_of.values_list("kind", "due_at")) == [
            ("red-flag.stop", NOW if was != is_so else then),
            ("red-flag.overdue", due),
        ]
        with pytest.raises(IntegrityError), transaction.atomic():
            RedFlag.objects.filter(pk=found.pk).update(urgency="routine")


def test_declining_says_why_and_changes_nothing(cast: Cast, course: Course) -> None:
    assert decide(cast, course, "decline", reason=" ").status_code == 400
    kept = decide(cast, course, "decline", reason="Nearly done; no change now.")
    assert (kept.status_code, kept.json()["decision"]) == (200, "declined")
    with cast.acting():
        course.refresh_from_db()
        assert course.pathway_version.version == "1.0.0"
    # and may be adopted later all the same
    assert decide(cast, course, "adopt").status_code == 200


def test_it_refuses_what_is_no_version_of_this_pathway(cast: Cast, course: Course) -> None:
    other = PathwayVersion.objects.exclude(pathway_id=course.pathway_id)[0]
    for wrong in (other.id, uuid4()):
        refused = decide(cast, course, "adopt", pathway_version=str(wrong))
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "/pathway_version"


def test_it_refuses_the_version_that_the_course_follows_and_an_ended_course(
    cast: Cast, course: Course
) -> None:
    assert decide(cast, course, "adopt").status_code == 200
    assert decide(cast, course, "adopt").status_code == 409
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="moved", outcome="patient_left")
    old = decide(cast, course, "adopt", pathway_version=str(version("1.0.0").id))
    assert (old.status_code, old.json()["detail"]) == (409, "This course has ended.")


def test_an_unsigned_version_is_adopted_for_no_real_patient(cast: Cast, course: Course) -> None:
    with cast.acting():
        type(cast.patient).objects.filter(pk=cast.patient.pk).update(is_synthetic=False)
    refused = decide(cast, course, "adopt")
    assert (refused.status_code, refused.json()["rule"]) == (409, "pathway.signed")


def test_somebody_else_was_faster(cast: Cast, course: Course) -> None:
    assert decide(cast, course, "adopt", at=course.version + 5).status_code == 412
    with cast.acting():
        assert not VersionDecision.objects.exists()


def test_only_who_may_diagnose_decides(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
    refused = decide(cast, course, "adopt", who=cast.chloe)
    assert (refused.status_code, refused.json()["rule"]) == (403, "scope.course.adopt-version")


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_reads_or_decides(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    person = cast.everybody[who]
    assert person.client.get(f"/api/v1/courses/{course.pk}/newer-version").status_code == status
    assert decide(cast, course, "adopt", who=person).status_code == status


def test_one_of_many_adoptions_at_once_counts(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, pathway_version_id=version("1.0.0").id)
        actor, wanted = cast.asha.actor(), version("1.3.0").id

    def act() -> Any:
        return adopting.adopt(course.pk, wanted, version=course.version, actor=actor, now=NOW)

    said = together(cast, *[act] * 6)
    assert sum(isinstance(one, Course) for one in said) == 1
    assert sum(isinstance(one, Problem) for one in said) == 5


def test_the_database_changes_no_version_that_nobody_decided_on(cast: Cast, course: Course) -> None:
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(pathway_version=version("1.3.0"))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", "changed", 1, 2)]),
        ({"a": True}, {"a": 1}, [("a", "changed", True, 1)]),
        ({"a": 1}, {}, [("a", "removed", 1, None)]),
        ({}, {"a": [1]}, [("a", "added", None, [1])]),
        ({"version": "1"}, {"version": "2"}, []),
        ({"l": [{"id": "x", "n": 1}, {"id": "y"}]}, {"l": [{"id": "y"}, {"id": "x", "n": 1}]}, []),
        (
            {"l": [{"id": "x", "n": 1}]},
            {"l": [{"id": "x", "n": 2}, {"id": "z"}]},
            [("l.x.n", "changed", 1, 2), ("l.z", "added", None, {"id": "z"})],
        ),
        ({"l": ["a", "b"]}, {"l": ["b"]}, [("l.a", "removed", "a", None)]),
    ],
)
def test_it_compares_by_name_and_not_by_place(
    old: Any, new: Any, found: list[tuple[str, str, Any, Any]]
) -> None:
    said = [(one.place, one.kind, one.before, one.after) for one in differences(old, new)]
    assert said == found
