"""Plans and courses over the API: one plan, six disciplines, and who may do what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans.models import Activity, CarePlan, Course, Goal, Lane, LaneSignOff, StageTransition
from coordination import care_team
from coordination.models import AuditEvent
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person, make_patient

SIX = ("asha", "ben", "chloe", "dmitri", "esi", "farah")
V1 = "/api/v1"


@pytest.fixture
def circle(cast: Cast) -> Cast:
    """Let all six disciplines care for the patient."""
    with cast.acting():
        for name in SIX[1:]:
            care_team.join(
                cast.patient.id,
                practitioner_role_id=cast.everybody[name].practitioner_role.id,
                actor=cast.sam.actor(),
                now=NOW - timedelta(days=1),
            )
    return cast


@pytest.fixture
def course(circle: Cast) -> Course:
    """A course in its acute stage."""
    with circle.acting():
        return underway.start(circle)


def post(who: Person, path: str, body: Any = None, **headers: str) -> Any:
    return who.client.post(f"{V1}{path}", body or {}, headers=headers or None)


def patch(who: Person, path: str, body: Any, version: int) -> Any:
    return who.client.patch(f"{V1}{path}", body, headers={"If-Match": f'"{version}"'})


def test_it_goes_all_the_way_over_http(circle: Cast) -> None:
    asha = circle.asha
    plan = post(asha, "/care-plans", {"patient": str(circle.patient.id)})
    assert (plan.status_code, plan["ETag"]) == (201, '"1"')
    assert post(asha, "/care-plans", {"patient": str(circle.patient.id)}).status_code == 200
    with circle.acting():
        version = str(underway.version().id)
    body = {
        "pathway_version": version,
        "severity": "mild",
        "side": "left",
        "answers": underway.CALM,
    }
    path = f"/care-plans/{plan.data['id']}/courses"
    made = post(asha, path, body, **{"Idempotency-Key": "k1"})
    assert made.status_code == 201, made.data
    assert (made.data["status"], made.data["stage"], made.data["stay"]) == ("intake", None, None)
    again = post(asha, path, body, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.content) == (201, made.content)
    course = f"/courses/{made.data['id']}"
    refused = post(asha, f"{course}/start")
    assert (refused.status_code, refused.data["type"]) == (
        409,
        "urn:continuum:problem:course-not-ready",
    )
    assert refused.data["blockers"][0]["outcome"] == "unknown"
    hasty = post(asha, f"{course}/start", {"override": True, "reason": "screened on paper"})
    assert (hasty.status_code, hasty.data["errors"][0]["pointer"]) == (400, "/leaving")
    started = post(
        asha,
        f"{course}/start",
        {"override": True, "reason": "screened on paper", "leaving": "intake"},
    )
    assert started.status_code == 200, started.data
    assert started.data["stay"]["stage"] == "acute"
    assert started["ETag"] == '"2"'
    assert post(asha, f"{course}/pause", {"reason": "travels"}).data["status"] == "paused"
    assert post(asha, f"{course}/advance").status_code == 409
    assert post(asha, f"{course}/resume").data["status"] == "active"
    moves = asha.client.get(f"{V1}{course}/transitions").data
    assert [(m["action"], m["overridden"]) for m in moves] == [
        ("start", True),
        ("pause", False),
        ("resume", False),
    ]
    assert asha.client.get(f"{V1}{path}").data[0]["id"] == made.data["id"]


@pytest.mark.feature("PT-03")
@pytest.mark.feature("CP-01")
def test_it_lets_six_disciplines_write_to_one_plan_of_two_conditions(circle: Cast) -> None:
    with circle.acting():
        everything = dict.fromkeys(
            ("sitting_aggravates", "stress_affects_sleep", "sleep_affected"), True
        )
        left = underway.start(circle, answers=everything)
        right = underway.start(circle, answers=everything, side="right")
        for one in (left, right):
            underway.move(circle, one, "advance", now=NOW, override=True, reason="test")
            for lane in Lane.objects.filter(course=one).exclude(needed="needed"):
                Lane.objects.filter(pk=lane.pk).update(needed="needed")
        assert left.care_plan_id == right.care_plan_id
    for name in SIX:
        person = circle.everybody[name]
        discipline = person.practitioner_role.discipline
        for one in (left, right):
            with circle.acting():
                lane = underway.lane(one, discipline)
            answer = patch(person, f"/lanes/{lane.id}", {"note": f"by {name}"}, lane.version)
            assert answer.status_code == 200, answer.data
            assert (
                post(person, f"/lanes/{lane.id}/sign-off", {"verdict": "ready"}).status_code == 201
            )
    whole = circle.farah.client.get(f"{V1}/care-plans/{left.care_plan_id}").data
    assert whole["lead"]["id"] == str(circle.asha.practitioner_role.id)
    assert [one["id"] for one in whole["courses"]] == [str(left.id), str(right.id)]
    assert len(whole["disciplines"]) == 6
    for part in whole["disciplines"]:
        assert [lane["course"] for lane in part["lanes"]] == [str(left.id), str(right.id)]
        assert all(lane["note"].startswith("by ") for lane in part["lanes"])
        assert all(lane["sign_off"]["verdict"] == "ready" for lane in part["lanes"])
    goals = {goal["id"] for goal in whole["goals"]}
    doing = [
        activity
        for part in whole["disciplines"]
        for lane in part["lanes"]
        for activity in lane["activities"]
    ]
    assert doing
    for activity in doing:
        assert activity["stage"] in {"acute", "subacute"}
        assert str(activity["goal"]) in goals
        assert activity["lane"]
    with circle.acting():
        assert CarePlan.objects.count() == 1, "no copy of the history"
        assert Activity.objects.count() == len(doing)


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("post", "/care-plans", {"patient": "{patient}"}),
    ("patch", "/care-plans/{plan}", {"summary": "x"}),
    ("post", "/care-plans/{plan}/close", {}),
    ("post", "/care-plans/{plan}/courses", {"pathway_version": "{version}", "severity": "mild"}),
    ("patch", "/courses/{course}", {"note": "x"}),
    ("post", "/courses/{course}/change-severity", {"severity": "severe"}),
    *(
        ("post", f"/courses/{{course}}/{verb}", {"reason": "x"})
        for verb in ("start", "pause", "resume", "advance", "regress")
    ),
    ("post", "/courses/{course}/discharge", {"reason": "x", "outcome": "not_achieved"}),
    ("patch", "/lanes/{lane}", {"note": "x"}),
    ("post", "/lanes/{lane}/decide", {"needed": False, "reason": "x"}),
    ("post", "/lanes/{lane}/sign-off", {"verdict": "ready"}),
    ("patch", "/activities/{activity}", {"note": "x"}),
    ("post", "/activities/{activity}/begin", {}),
    ("post", "/activities/{activity}/complete", {}),
    ("post", "/activities/{activity}/stop", {"because": "x"}),
    ("patch", "/goals/{goal}", {"note": "x"}),
    ("post", "/goals/{goal}/achieve", {}),
    ("post", "/goals/{goal}/give-up", {}),
    ("post", "/goals/{goal}/reopen", {}),
]
READS = [
    "/care-plans/{plan}",
    "/care-plans/{plan}/courses",
    "/courses/{course}",
    "/courses/{course}/transitions",
    "/courses/{course}/readiness",
    "/courses/{course}/lanes",
    "/courses/{course}/activities",
    "/courses/{course}/goals",
    "/lanes/{lane}",
    "/activities/{activity}",
    "/goals/{goal}",
]


def ids(cast: Cast, course: Course) -> dict[str, str]:
    with cast.acting():
        return {
            "patient": str(cast.patient.id),
            "plan": str(course.care_plan_id),
            "course": str(course.id),
            "version": str(course.pathway_version_id),
            "lane": str(underway.lane(course, "massage_therapy").id),
            "activity": str(Activity.objects.filter(course=course).first().id),  # type: ignore[union-attr] # there is one
            "goal": str(Goal.objects.filter(course=course).first().id),  # type: ignore[union-attr] # there is one
        }


def stored() -> list[list[tuple[Any, ...]]]:
    models: list[Any] = [CarePlan, Course, Lane, Activity, Goal, LaneSignOff, StageTransition]
    return [sorted(model.objects.values_list(), key=str) for model in models]


@pytest.mark.parametrize(
    ("who", "status"),
    [("gus", 404), ("olu", 404), ("sam", 403), ("ada", 403), ("pia", 403)],
)
def test_it_is_closed_to_who_is_not_in_the_circle_of_care(
    circle: Cast, course: Course, who: str, status: int
) -> None:
    with circle.acting():
        before = stored()
    named, client = ids(circle, course), circle.everybody[who].client
    for path in READS:
        answer = client.get(V1 + path.format(**named))
        assert answer.status_code == status, (path, answer.data)
    for path in ("/care-plans", "/courses"):
        answer = client.get(V1 + path)
        if (who, path) == ("sam", "/courses"):
            [row] = answer.data["results"]  # that there is a course, and who does it
            assert (row["pathway"], row["condition"], row["stage"], row["stay"]) == (None,) * 4
        elif status == 403:
            assert (answer.status_code, answer.data["rule"][:5]) == (403, "role.")
        else:
            assert answer.data["results"] == []
    for verb, path, body in WRITES:
        filled = {k: v.format(**named) if isinstance(v, str) else v for k, v in body.items()}
        call: Callable[..., Any] = getattr(client, verb)
        answer = call(V1 + path.format(**named), filled, headers={"If-Match": '"1"'})
        assert answer.status_code == status, (path, answer.data)
    with circle.acting():
        assert stored() == before


@pytest.mark.parametrize(
    ("who", "path", "body", "rule"),
    [
        (
            "ben",
            "/courses/{course}/discharge",
            {"reason": "x", "outcome": "not_achieved"},
            "course.discharge",
        ),
        ("ben", "/courses/{course}/pause", {"reason": "x"}, "course.pause"),
        (
            "chloe",
            "/courses/{course}/advance",
            {"override": True, "reason": "x", "leaving": "acute"},
            "course.override",
        ),
        ("ben", "/lanes/{lane}/sign-off", {"verdict": "ready"}, "lane.sign-off"),
        ("chloe", "/lanes/{lane}/decide", {"needed": False, "reason": "x"}, "lane.decide"),
        ("ben", "/activities/{activity}/begin", {}, "activity.begin"),
        ("ben", "/goals/{goal}/achieve", {}, "goal.achieve"),
        ("chloe", "/care-plans/{plan}/close", {}, "plan.close"),
    ],
)
def test_it_says_which_rule_of_scope_denies(
    circle: Cast, course: Course, who: str, path: str, body: dict[str, Any], rule: str
) -> None:
    with circle.acting():
        before = stored()
    answer = circle.everybody[who].client.post(
        V1 + path.format(**ids(circle, course)), body, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.data.get("rule")) == (403, f"scope.{rule}"), answer.data
    with circle.acting():
        assert stored() == before


def test_it_edits_only_the_version_that_was_read(circle: Cast, course: Course) -> None:
    named = ids(circle, course)
    for path, body in (
        ("/care-plans/{plan}", {"summary": "x"}),
        ("/courses/{course}", {"note": "x"}),
        ("/goals/{goal}", {"note": "x"}),
    ):
        address = path.format(**named)
        tag = circle.asha.client.get(V1 + address)["ETag"]
        assert circle.asha.client.patch(V1 + address, body).status_code == 428
        stale = circle.asha.client.patch(V1 + address, body, headers={"If-Match": '"999"'})
        assert stale.status_code == 412
        done = circle.asha.client.patch(V1 + address, body, headers={"If-Match": tag})
        assert done.status_code == 200, done.data
        assert done["ETag"] != tag


@pytest.mark.parametrize("field", ["status", "stage", "severity", "side", "outcome", "pathway"])
def test_it_takes_no_status_from_outside(circle: Cast, course: Course, field: str) -> None:
    with circle.acting():
        version = Course.objects.get(pk=course.pk).version
        before = Course.objects.values().get(pk=course.pk)
    patch(circle.asha, f"/courses/{course.id}", {field: "discharged"}, version)
    with circle.acting():
        after = Course.objects.values().get(pk=course.pk)
    kept = {"version", "updated_at"}
    assert {k: v for k, v in after.items() if k not in kept} == {
        k: v for k, v in before.items() if k not in kept
    }


def test_it_holds_loading_back_until_red_flags_were_screened(circle: Cast) -> None:
    with circle.acting():
        course = underway.apply(circle)
        underway.move(circle, course, "start", now=NOW, override=True, reason="test")
        loading = Activity.objects.get(course=course, is_loading=True)
        other = Activity.objects.filter(course=course, lane=loading.lane, is_loading=False).first()
        assert other is not None
    held = post(circle.asha, f"/activities/{loading.id}/begin")
    assert (held.status_code, held.data["type"]) == (409, "urn:continuum:problem:loading-held")
    assert post(circle.asha, f"/activities/{other.id}/begin").data["status"] == "in_progress"
    assert post(circle.asha, f"/activities/{other.id}/complete").data["status"] == "completed"
    assert post(circle.asha, f"/activities/{other.id}/begin").status_code == 409
    with circle.acting():
        underway.screen(course, who=circle.asha)
    assert post(circle.asha, f"/activities/{loading.id}/begin").data["status"] == "in_progress"


def test_it_moves_a_goal_and_back(circle: Cast, course: Course) -> None:
    goal = ids(circle, course)["goal"]
    assert post(circle.asha, f"/goals/{goal}/achieve").data["status"] == "achieved"
    assert post(circle.asha, f"/goals/{goal}/achieve").status_code == 409
    assert post(circle.asha, f"/goals/{goal}/reopen").data["status"] == "in_progress"
    assert post(circle.asha, f"/goals/{goal}/give-up").data["status"] == "not_achieved"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stage=acute", True),
        ("stage=subacute", False),
        ("status=active", True),
        ("status=paused", False),
        ("severity=mild", True),
        ("pathway=hamstring-tendinopathy", True),
        ("pathway=another", False),
        ("discipline=massage_therapy", True),
        ("discipline=nutrition", False),
        ("blocked=true", False),
        ("blocked=false", True),
        ("ready=true", False),
        ("overdue=false", True),
        ("patient=00000000-0000-7000-8000-000000000000", False),
        ("stage=chronic", None),
    ],
)
def test_it_is_found_by_what_it_is(
    circle: Cast, course: Course, query: str, found: bool | None
) -> None:
    answer = circle.asha.client.get(f"{V1}/courses?{query}")
    if found is None:
        assert answer.status_code == 400
    else:
        assert [row["id"] for row in answer.data["results"]] == ([str(course.id)] if found else [])


def queries(cast: Cast, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = cast.asha.client.get(V1 + path)
    assert answer.status_code == 200, answer.data
    return len(captured)


def test_it_asks_a_constant_number_of_queries(circle: Cast, course: Course) -> None:
    lists = ("/care-plans", "/courses", "/courses?blocked=false&overdue=false")
    whole = f"/care-plans/{course.care_plan_id}"
    for path in (*lists, whole):
        queries(circle, path)  # whatever is kept in memory is there from here on
    few = {path: queries(circle, path) for path in (*lists, whole)}
    with circle.acting():
        underway.start(circle, side="right")
        for number in range(3):
            patient = make_patient(circle.asha, family_name=f"Roy{number}")
            other = Cast(**{**vars(circle), "patient": patient})
            underway.start(other)
    assert {path: queries(circle, path) for path in few} == few
    assert len(circle.asha.client.get(f"{V1}/courses").data["results"]) == 5


def test_it_audits_what_it_discloses(circle: Cast, course: Course) -> None:
    client = circle.ben.client
    for path in READS:
        address = V1 + path.format(**ids(circle, course))
        with circle.acting():
            known = set(AuditEvent.objects.values_list("id", flat=True))
        client.get(address)
        with circle.acting():
            fresh = AuditEvent.objects.exclude(id__in=known)
            assert [row.patient_ids for row in fresh] == [[circle.patient.id]], path
