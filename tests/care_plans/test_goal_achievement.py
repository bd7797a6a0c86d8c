"""How far goals have come: it follows the scores, late and corrected ones too, and keeps why."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from care_plans import achieving, assessing, standing
from care_plans.evidence import Finding, Outcome
from care_plans.facts import gather
from care_plans.models import Assessment, Course, Goal, GoalAchievement, StageStay
from care_plans.sittings import NewScore
from coordination.models import AuditEvent
from tests import lockbox
from tests.care_plans import imagined, underway
from tests.care_plans.sittings import DAY, send
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")
URL = "/api/v1/goals"
GOAL = "reduce-pain"  # a pain of at most 3


def score(cast: Cast, course: Course, value: int, *, at: datetime = NOW) -> Assessment:
    with cast.acting():
        taken, _ = assessing.record_assessment(
            cast.patient.id,
            course_id=course.id,
            scores=[NewScore("nprs", Decimal(value))],
            effective_at=at,
            actor=cast.asha.actor(),
            now=NOW,
        )
    return taken


def goal_of(cast: Cast, course: Course, key: str = GOAL) -> Goal:
    with cast.acting():
        return Goal.objects.get(course=course, key=key)


def read(who: Person, goal: Goal) -> dict[str, Any]:
    answer = who.client.get(f"{URL}/{goal.pk}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def status(cast: Cast, course: Course) -> str:
    found: str = read(cast.asha, goal_of(cast, course))["achievement_status"]
    return found


@pytest.mark.feature("OM-08")
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "in-progress"),
        ([6], "in-progress"),
        ([8, 6], "improving"),
        ([6, 8], "worsening"),
        ([6, 5], "no-change"),
        ([6, 3], "achieved"),
        ([2], "achieved"),
    ],
)
def test_the_scores_say_how_far_a_goal_has_come(
    cast: Cast, course: Course, values: list[int], expected: str
) -> None:
    for number, value in enumerate(values):
        score(cast, course, value, at=NOW - (5 - number) * DAY)
    assert status(cast, course) == expected


@pytest.mark.feature("OM-08")
@pytest.mark.parametrize("entered", [True, False])
@pytest.mark.parametrize("is_paused", [True, False])
def test_a_goal_does_not_grow_older_while_its_course_is_paused(
    entered: bool, is_paused: bool
) -> None:
    pauses: Any = ((NOW - 20 * DAY, NOW - 5 * DAY),) if is_paused else ()
    known = replace(imagined.facts(), began_at=NOW - 40 * DAY, pauses=pauses)
    stay = StageStay(stage="acute", entered_at=NOW - 40 * DAY)
    seen, until = achieving.as_of(
        Goal(stage="acute"), known, {"acute": stay} if entered else {}, NOW
    )
    since = "stage_start" if entered else "course_start"
    lasting = imagined.criterion(elapsed_since=since, at_least={"value": 30, "unit": "days"})
    found = achieving.judge(lasting, imagined.hamstring(), seen, until)
    assert found.code == ("in-progress" if is_paused else "achieved")


@pytest.mark.feature("OM-08")
def test_an_achievement_names_the_scores_it_rests_on(cast: Cast, course: Course) -> None:
    taken = score(cast, course, 3)
    shown = read(cast.asha, goal_of(cast, course))
    assert shown["status"] == "in_progress", "a person decides, the scores only say"
    with cast.acting():
        [one] = taken.scores.all()
        told = AuditEvent.objects.filter(event="goal.judged")
        assert [row.detail["achievement"] for row in told] == ["achieved"]
    assert shown["achievement"]["finding"]["evidence"] == [{"kind": "score", "id": str(one.pk)}]
    assert shown["achievement"]["is_withheld"] is False
    listed = cast.asha.client.get(f"/api/v1/courses/{course.id}/goals").json()
    assert shown.pop("why")
    assert shown in listed


@pytest.mark.feature("OM-08")
def test_what_a_person_decided_stands_whatever_the_scores_say(cast: Cast, course: Course) -> None:
    goal = goal_of(cast, course)
    assert cast.asha.client.post(f"{URL}/{goal.pk}/give-up").status_code == 200
    score(cast, course, 3)
    shown = read(cast.asha, goal)
    assert shown["achievement_status"] == "not-achieved"
    assert shown["achievement"]["achievement_status"] == "achieved"


@pytest.mark.feature("OM-08")
def test_a_correction_and_a_late_entry_keep_it_right(cast: Cast, course: Course) -> None:
    wrong = score(cast, course, 3, at=NOW - DAY)
    assert status(cast, course) == "achieved"
    corrected = cast.asha.client.post(
        f"/api/v1/assessments/{wrong.pk}/replace",
        {"scores": [{"measure": "nprs", "value": 5}], "reason": "Misheard."},
    )
    assert corrected.status_code == 201, corrected.content
    assert status(cast, course) == "in-progress"
    score(cast, course, 8, at=NOW - 5 * DAY)  # entered late: it was worse before
    assert status(cast, course) == "improving"
    gone = cast.asha.client.post(
        f"/api/v1/assessments/{corrected.json()['id']}/replace",
        {"scores": [], "reason": "Another patient's."},
    )
    assert gone.status_code == 201
    assert status(cast, course) == "in-progress"
    history = cast.asha.client.get(f"{URL}/{goal_of(cast, course).pk}/achievements").json()
    assert [row["achievement_status"] for row in history] == [
        "achieved",
        "in-progress",
        "improving",
        "in-progress",
    ]
    assert [row["until"] is None for row in history] == [False, False, False, True]


@pytest.mark.feature("OM-08")
def test_the_order_in_which_scores_are_entered_does_not_matter(cast: Cast) -> None:
    """Each order of entry, of the same days, leaves the same status and the same evidence."""
    taken = [(8, 6), (6, 4), (4, 2)]
    said = set()
    for order in permutations(taken):
        with cast.acting(), transaction.atomic():
            course = underway.start(cast, now=NOW - 10 * DAY, side="right")
            for value, days in order:
                score(cast, course, value, at=NOW - days * DAY)
            row = GoalAchievement.objects.get(goal__course=course, until=None)
            sentence = row.finding["sentence"]
            said.add((row.code, sentence))
            transaction.set_rollback(True)
    assert len(said) == 1
    assert next(iter(said))[0] == "improving"


@pytest.mark.feature("OM-08")
@pytest.mark.parametrize("values", [(2, 8), (8, 2)])
def test_of_two_scores_of_one_moment_the_worse_counts(
    cast: Cast, course: Course, values: tuple[int, int]
) -> None:
    for value in values:
        score(cast, course, value, at=NOW - DAY)
    assert status(cast, course) != "achieved"


@pytest.mark.feature("OM-08")
def test_a_goal_of_a_stage_that_is_over_is_judged_as_of_its_end(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.meet_acute_exit(cast, course, now=NOW - DAY)
        because = {"override": True, "reason": "The lanes said so by telephone."}
        underway.move(cast, course, "advance", now=NOW - DAY, **because)
    assert status(cast, course) == "achieved"
    score(cast, course, 9)
    assert status(cast, course) == "achieved", "later pain does not undo it"
    with cast.acting():
        early = Assessment.objects.filter(scores__measure__slug="nprs", scores__value=2).get()
    answer = cast.asha.client.post(
        f"/api/v1/assessments/{early.pk}/replace",
        {
            "scores": [{"measure": "nprs", "value": 6}],
            "reason": "Another scale was read.",
        },
    )
    assert answer.status_code == 201, answer.content
    assert status(cast, course) == "in-progress", "the score it rested on was never taken"


@pytest.mark.feature("OM-08")
def test_a_correction_after_discharge_still_counts(cast: Cast, course: Course) -> None:
    taken = score(cast, course, 2, at=NOW - 2 * DAY)
    with cast.acting():
        underway.move(
            cast, course, "discharge", now=NOW - DAY, reason="moved", outcome="patient_left"
        )
    assert status(cast, course) == "achieved"
    answer = cast.asha.client.post(
        f"/api/v1/assessments/{taken.pk}/replace", {"scores": [], "reason": "Not hers."}
    )
    assert answer.status_code == 201, answer.content
    assert status(cast, course) == "in-progress"


@pytest.mark.feature("OM-08", "PV-02")
def test_an_achievement_on_something_withheld_shows_its_effect_alone(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        later = NOW + DAY / 1440  # after what Chloé took at this moment
        underway.score(scene.course, {"nprs": "2"}, now=later, who=cast.dmitri)
        standing.reassess(scene.course.id, actor=cast.asha.actor(), now=later)
    goal = goal_of(cast, scene.course)
    assert read(cast.ben, goal)["achievement"]["finding"] is not None
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    after = read(cast.ben, goal)
    assert after["achievement_status"] == "achieved"
    assert (after["achievement"]["finding"], after["achievement"]["is_withheld"]) == (None, True)
    *_, row = cast.ben.client.get(f"{URL}/{goal.pk}/achievements").json()
    assert (row["finding"], row["is_withheld"]) == (None, True)
    trends = cast.ben.client.get(f"/api/v1/courses/{scene.course.id}/outcomes").json()
    assert "2" not in {p["value"] for one in trends for p in one["points"]}
    assert read(cast.asha, goal)["achievement"]["finding"] is not None


def test_many_looks_at_once_leave_one(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        underway.score(course, {"nprs": "2"}, now=NOW, who=cast.asha)
        actor = cast.asha.actor()
    together(cast, *[lambda: standing.reassess(course.id, actor=actor, now=NOW)] * 6)
    with cast.acting():
        [row] = GoalAchievement.objects.filter(goal__key=GOAL)
        assert (row.code, row.until) == ("achieved", None)


def test_the_database_keeps_one_and_what_was_said(cast: Cast, course: Course) -> None:
    score(cast, course, 2)
    with cast.acting():
        [row] = GoalAchievement.objects.filter(goal__key=GOAL)
        with pytest.raises(ProgrammingError), transaction.atomic():
            GoalAchievement.objects.filter(pk=row.pk).update(code="worsening")
        with pytest.raises(IntegrityError), transaction.atomic():
            GoalAchievement.objects.create(
                organization=cast.riverside,
                patient=cast.patient,
                course=course,
                goal=row.goal,
                code="improving",
                finding={},
                rests_on=[],
                since=NOW,
            )


def test_nothing_is_written_while_nothing_changes(cast: Cast, course: Course) -> None:
    score(cast, course, 2)
    with cast.acting():
        before = list(GoalAchievement.objects.values_list())
        facts = gather([course], now=NOW)[course.id]
        achieving.follow(standing.hold(course.id), facts, actor=cast.asha.actor(), now=NOW)
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW + DAY)
        assert list(GoalAchievement.objects.values_list()) == before


# The trend


@pytest.mark.feature("OM-08")
def test_every_discipline_sees_the_same_trend(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    course, chiropractor = scene.course, cast.ben
    with cast.acting():
        underway.score(course, {"lefs": "40", "groc": "1"}, now=NOW - 3 * DAY, who=cast.asha)
        underway.score(course, {"lefs": "52", "nprs": "4"}, now=NOW - DAY, who=chiropractor)
    address = f"/api/v1/courses/{course.id}/outcomes"
    mine = cast.asha.client.get(address).json()
    assert mine == chiropractor.client.get(address).json()
    by_measure = {one["measure"]: one for one in mine}
    legs = by_measure["lefs"]
    assert [(p["value"], p["discipline"]) for p in legs["points"]] == [
        ("40", "physiotherapy"),
        ("52", "chiropractic"),
    ]
    assert (legs["gain"], legs["matters_from"], legs["direction"]) == ("12", "9", "improving")
    assert by_measure["nprs"]["goals"] == [str(goal_of(cast, course).pk)]
    change = by_measure["groc"]
    assert (change["direction"], change["gain"]) == ("unknown", None)


@pytest.mark.feature("OM-05", "OM-08")
def test_two_methods_make_no_trend(cast: Cast, course: Course) -> None:
    """One may read lower than the other although nothing changed."""
    for days, method, value in ((5, "a", 60), (3, "b", 80)):
        told = {"method": method, "instrument": "goniometer", "side": "right"}
        answer = send(
            cast,
            {"measure": "hip_extension_strength_kg", "value": value, **told},
            course=str(course.id),
            effective_at=(NOW - days * DAY).isoformat(),
        )
        assert answer.status_code == 201, answer.content
    [one] = cast.asha.client.get(f"/api/v1/courses/{course.id}/outcomes").json()
    assert len(one["points"]) == 2
    assert (one["gain"], one["direction"]) == (None, "unknown")


@pytest.mark.parametrize(
    ("who", "answered"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_sees_it(
    cast: Cast, course: Course, who: str, answered: int
) -> None:
    score(cast, course, 3)
    goal = goal_of(cast, course)
    for path in (
        f"/api/v1/courses/{course.id}/outcomes",
        f"/api/v1/courses/{course.id}/collection-points",
        f"{URL}/{goal.pk}/achievements",
    ):
        assert cast.everybody[who].client.get(path).status_code == answered


@pytest.mark.feature("PW-08")
def test_its_trace_loses_a_source_that_was_found_to_be_another_work(
    cast: Cast, course: Course
) -> None:
    goal = goal_of(cast, course)
    leaf = Finding(kind="Compared", outcome=Outcome.NOT_MET, sentence="Pain is 6 of 10.")
    kept = leaf._replace(source=("carespace_2025", "rees_2009")).as_json()
    with cast.acting():
        GoalAchievement.objects.create(
            organization_id=course.organization_id,
            patient_id=course.patient_id,
            course=course,
            goal=goal,
            code=GoalAchievement.Code.WORSENING,
            finding=kept | {"parts": [kept]},
            rests_on=[],
            since=NOW,
        )
    [one] = cast.asha.client.get(f"{URL}/{goal.pk}/achievements").json()
    shown = read(cast.asha, goal)
    for trace in (one["finding"], shown["achievement"]["finding"]):
        assert trace["source"] == trace["parts"][0]["source"] == ["carespace_2025"]
    assert not any("Rees" in cite for cite in shown["why"]["cites"])
