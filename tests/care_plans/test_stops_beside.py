"""Open red flags beside what is done in a course although they do not hold it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from care_plans.models import Activity, Course, Lane
from coordination.logins import issue_token
from coordination.models import AuditEvent
from tests import lockbox
from tests.care_plans import underway, written
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.feature("DP-02"), pytest.mark.usefixtures("clock")]

WITHHELD = "Something of this person stops it; what, and where it was found, is withheld."


def harmless(cast: Cast, course: Course) -> Activity:
    """Return an activity of Asha's that loads nothing and waits for nothing."""
    with cast.acting():
        found: Activity = Activity.objects.filter(
            course=course,
            is_loading=False,
            status="not_started",
            lane__practitioner_role=cast.asha.practitioner_role,
        ).earliest("pk")
    return found


def found_popping(cast: Cast, course: Course) -> str:
    with cast.acting():
        return str(written.red_flag(cast, cast.asha, course, flag="popping-sound").pk)


def posted(client: APIClient, path: str, body: Any = None, *, status: int = 200) -> Any:
    answered = client.post(f"/api/v1/{path}", body or {})
    assert answered.status_code == status, answered.content
    return answered.json()


def test_whoever_begins_or_completes_what_loads_nothing_reads_what_stops_the_course(
    cast: Cast, course: Course
) -> None:
    activity = harmless(cast, course)
    flag = found_popping(cast, course)
    for step in ("begin", "complete"):
        told = posted(cast.asha.client, f"activities/{activity.pk}/{step}")
        [stop] = told["course_stops"]
        assert (stop["red_flag"], stop["flag"]) == (flag, "popping-sound")
        assert stop["found"]["action"]
        # nothing of it holds this activity itself
        assert told["status"] != "on_hold"


def test_it_is_silent_where_nothing_stops_the_course(cast: Cast, course: Course) -> None:
    activity = harmless(cast, course)
    assert posted(cast.asha.client, f"activities/{activity.pk}/begin")["course_stops"] == []


def test_whoever_signs_a_lane_off_reads_what_stops_the_course(cast: Cast, course: Course) -> None:
    flag = found_popping(cast, course)
    with cast.acting():
        own = Lane.objects.filter(practitioner_role=cast.asha.practitioner_role, needed="needed")
        lane = own.get(course=course)
    signed = posted(cast.asha.client, f"lanes/{lane.pk}/sign-off", {"verdict": "ready"}, status=201)
    assert [stop["red_flag"] for stop in signed["course_stops"]] == [flag]


@pytest.mark.feature("CP-10")
def test_whoever_ends_a_course_reads_what_stays_open_of_it(cast: Cast, course: Course) -> None:
    flag = found_popping(cast, course)
    ended = posted(
        cast.asha.client,
        f"courses/{course.pk}/discharge",
        {"outcome": "not_achieved", "reason": "Sent to the emergency department."},
    )
    assert ended["status"] == "discharged"
    assert [stop["red_flag"] for stop in ended["stops"]] == [flag]


@pytest.mark.feature("PV-02")
def test_it_tells_nothing_of_what_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    flag = found_popping(cast, scene.course)
    with cast.acting():
        lane = underway.lane(scene.course, "massage_therapy")
    at, ready = f"lanes/{lane.pk}/sign-off", {"verdict": "ready"}
    before = posted(cast.chloe.client, at, ready, status=201)
    assert [stop["red_flag"] for stop in before["course_stops"]] == [flag]
    asha, chloe = cast.asha.practitioner_role, cast.chloe.practitioner_role
    scene.lock(
        target="practitioner",
        target_practitioner_id=asha.practitioner_id,
        audience="practitioner",
        audience_practitioner_id=chloe.practitioner_id,
    )
    after = posted(cast.chloe.client, at, ready, status=201)
    assert [stop["sentence"] for stop in after["course_stops"]] == [WITHHELD]
    assert "popping-sound" not in str(after)
    assert flag not in str(after)


def test_a_review_of_a_course_ends_with_it(cast: Cast, course: Course) -> None:
    with cast.acting():
        written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
    read = cast.asha.client.get(f"/api/v1/courses/{course.pk}/readiness").json()
    assert [stop["urgency"] for stop in read["stops"]] == ["review_before_progress"]
    ended = posted(
        cast.asha.client,
        f"courses/{course.pk}/discharge",
        {"outcome": "patient_left", "reason": "Moved away."},
    )
    assert ended["stops"] == []


@pytest.mark.feature("PV-02")
def test_loading_of_a_course_that_is_withheld_tells_nothing_of_what_is_treated(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        loading = Activity.objects.filter(
            course=scene.course,
            is_loading=True,
            lane__practitioner_role=cast.asha.practitioner_role,
        ).earliest("pk")
    asha = cast.asha.practitioner_role
    scene.lock(
        target="condition",
        target_id=scene.course.pk,
        audience="practitioner",
        audience_practitioner_id=asha.practitioner_id,
    )
    read = cast.asha.client.get(f"/api/v1/activities/{loading.pk}")
    assert read.status_code == 200, read.content
    assert read.json()["why"] is None
    told = read.json()["loading"]
    assert (told["outcome"], told["about"], told["evidence"]) == ("met", [], [])
    assert told["sentence"] == "No red flag holds it."
    with cast.acting():
        written.red_flag(cast, cast.ben, scene.course, flag="popping-sound")
    held = cast.asha.client.get(f"/api/v1/activities/{loading.pk}").json()["loading"]
    assert (held["outcome"], held["about"], held["evidence"]) == ("not_met", [], [])
    refused = cast.asha.client.post(f"/api/v1/activities/{loading.pk}/begin", {})
    assert refused.status_code == 409, refused.content
    assert "what is treated is withheld" in refused.json()["detail"]
    for secret in ("popping-sound", "tendon-rupture", "14", scene.course.condition):
        assert secret not in str([held, refused.json()])


def test_a_key_answers_no_token_that_was_granted_less(cast: Cast, course: Course) -> None:
    activity = harmless(cast, course)
    who = cast.asha.user, cast.riverside.id
    answers = []
    for scopes in (["activity:write", "safety-alert:read"], ["activity:write"]):
        _, token = issue_token(*who, name="narrow", now=NOW, scopes=scopes, is_vouched=True)
        client = APIClient(
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "one-and-the-same"}
        )
        answers += [client.post(f"/api/v1/activities/{activity.pk}/begin", {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 422]
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_each_flag_that_is_told_is_a_read_of_it(cast: Cast, course: Course) -> None:
    activity = harmless(cast, course)
    flag = found_popping(cast, course)
    posted(cast.asha.client, f"activities/{activity.pk}/begin")
    with cast.acting():
        reads = AuditEvent.objects.filter(event="RedFlag.read", resource_id=flag)
        assert [row.patient_ids for row in reads] == [[cast.patient.id]]
        assert underway.stay(course).standing == "stopped"


@pytest.mark.parametrize(
    ("answers", "says_so"),
    [
        ({"popping-sound": "present", "dvt": "maybe"}, True),
        ({"popping_sound": "present"}, True),
        ({"popping-sound": "yes"}, True),
        ({"popping-sound": True}, True),
        ({"popping-sound": "absent", "dvt": "maybe"}, False),
        (["popping-sound"], False),
    ],
)
def test_a_screen_that_is_refused_says_that_nothing_is_held(
    cast: Cast, course: Course, answers: Any, says_so: bool
) -> None:
    refused = posted(
        cast.asha.client,
        "red-flag-screens",
        {"course": str(course.pk), "answers": answers},
        status=400,
    )
    assert refused["errors"]
    assert ("not_held" in refused) is says_so
    if says_so:
        assert "nothing is held, and nobody was told" in refused["not_held"]


def test_whoever_goes_over_to_another_diagnosis_reads_what_stays_open(
    cast: Cast, course: Course
) -> None:
    flag = found_popping(cast, course)
    told = cast.asha.client.get(f"/api/v1/courses/{course.pk}/alternatives").json()
    other = next(one["pathway"] for one in told if one["pathway"] and not one["is_stub"])
    begun = posted(
        cast.asha.client,
        f"courses/{course.pk}/switch-diagnosis",
        {"pathway": other, "severity": "mild", "side": "left", "reason": "The scan shows it."},
        status=201,
    )
    assert [stop["red_flag"] for stop in begun["stops"]] == [flag]
    assert begun["stops"][0]["is_of_other_course"] is True
    assert begun["safety_alerts"] == []


@pytest.mark.feature("CP-10")
def test_whoever_closes_the_plan_reads_what_stays_open(cast: Cast, course: Course) -> None:
    flag = found_popping(cast, course)
    closed = posted(
        cast.asha.client,
        f"care-plans/{course.care_plan_id}/close",
        {"outcome": "not_achieved", "reason": "Sent to the hospital.", "end_courses": True},
    )
    [stop] = closed["stops"]
    assert (stop["red_flag"], stop["is_of_other_course"]) == (flag, None)
    assert course.condition in stop["sentence"]
    assert closed["safety_alerts"] == []


def test_what_is_said_of_a_held_activity_is_so(cast: Cast, course: Course) -> None:
    with cast.acting():
        loading = Activity.objects.filter(course=course, is_loading=True).earliest("pk")
    found_popping(cast, course)
    released = posted(
        cast.asha.client, f"activities/{loading.pk}/release", {"reason": "Sooner."}, status=409
    )
    assert "may still hold its loading" in released["detail"]
    here = f"courses/{course.pk}/"
    strayed = posted(
        cast.asha.client,
        here + "advance",
        {"override": True, "reason": "Sooner.", "leaving": "subacute"},
        status=409,
    )
    assert strayed["detail"] == "The course is in acute now, and not in subacute."
    posted(cast.asha.client, here + "pause", {"reason": "Away."})
    begun = posted(cast.asha.client, f"activities/{loading.pk}/begin", status=409)
    assert begun["detail"] == (
        "This activity waits for its paused course to be resumed, so it cannot be begun."
    )
