"""A lockbox beside those who work on something: what they keep, and what is not theirs."""

import json
from datetime import timedelta
from typing import Any

import pytest

from care_plans import courses, dosing, staffing
from care_plans.models import Activity, Course, Goal
from coordination.models import AuditEvent, Membership
from notifications import delivery
from tests import lockbox
from tests.care_plans import underway, written
from tests.cast import LONG_AGO, NOW, Cast, Person, make_patient
from tests.coordination.relatives import beside
from tests.test_lockbox import asked, leaks, text

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PV-02"), pytest.mark.feature("PV-03")]
API = "/api/v1"
WORD = {"given_by": "patient", "means": "spoken"}
CONDITION = "What the thigh is called here"


def post(who: Person, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = who.client.post(f"{API}{path}", body or {})
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


def get(who: Person, path: str) -> Any:
    answer = who.client.get(f"{API}{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def whom(person: Person) -> dict[str, Any]:
    role = person.practitioner_role
    return {"audience": "practitioner", "audience_practitioner_id": role.practitioner_id}


def started(cast: Cast, **given: Any) -> lockbox.Scene:
    with cast.acting():
        return lockbox.Scene(cast, underway.start(cast, **given))


@pytest.mark.parametrize("target", ["condition", "record"])
def test_it_tells_whoever_does_a_lane_nothing_of_its_withheld_course(
    cast: Cast, target: str
) -> None:
    scene = started(cast, condition=CONDITION)
    course, chloe = scene.course, cast.chloe
    with cast.acting():
        staffing.take_in(underway.take(cast, course, chloe), now=NOW)
        lane = underway.lane(course, "massage_therapy")
        ids = {str(course.id), *map(str, Goal.objects.values_list("id", flat=True))}
        doing = Activity.objects.filter(lane=lane).values_list("id", flat=True)
        activity = str(doing[0])
    assert {*leaks(asked(scene, chloe), ids)} >= {
        f"{API}/care-plans/{course.care_plan_id}",
        f"{API}/courses/{course.id}",
    }
    scene.lock(target=target, target_id=course.id, **whom(chloe))

    def told() -> list[Any]:
        plan = get(chloe, f"/care-plans/{course.care_plan_id}")
        ((one,),) = (part["lanes"] for part in plan["disciplines"])
        assert (one["id"], one["needed"]) == (str(lane.id), "needed"), "what she does stays hers"
        assert len(one["activities"]) == len(doing)
        alone = get(chloe, f"/lanes/{lane.id}")
        single = get(chloe, f"/activities/{activity}")
        assert all(one[name] is None for name in ("course", "condition", "course_status", "stage"))
        assert alone["course"] is single["course"] is single["goal"] is None
        return [one, alone, single]

    before = told()
    answers = asked(scene, chloe)
    assert leaks(answers, ids) == {}
    assert CONDITION not in text(answers)
    with cast.acting():
        Course.objects.filter(pk=course.pk).update(note="Something moved.")
        underway.move(cast, course, "pause", now=NOW, reason="Away.")
    assert told() == before
    plan = get(cast.asha, f"/care-plans/{course.care_plan_id}")
    lanes = [one for part in plan["disciplines"] for one in part["lanes"]]
    assert {(one["course"], one["condition"], one["course_status"]) for one in lanes} == {
        (str(course.id), CONDITION, "paused")
    }


def test_it_names_no_condition_in_the_doses_of_whoever_does_a_lane(cast: Cast) -> None:
    scene = started(cast)
    course, asha = scene.course, cast.asha
    with cast.acting():
        activity = Activity.objects.get(course=course, is_loading=True)
        higher = course.pathway_version.definition.dose_levels[1].id
        dosing.change_dose(
            activity.pk, version=activity.version, to_level=higher, actor=asha.actor(), now=NOW
        )
    at = f"/activities/{activity.pk}"
    [open_to_her] = get(asha, f"{at}/dose-changes")
    assert (open_to_her["pathway"], bool(open_to_her["cites"])) == ("hamstring-tendinopathy", True)
    scene.lock(target="condition", target_id=course.id, **whom(asha))
    assert get(asha, at)["course"] is None
    [kept] = get(asha, f"{at}/dose-changes")
    assert kept["to_level"] == higher, "what she did stays hers"
    assert [kept[name] for name in ("pathway", "version", "cites")] == [None, None, None]


@pytest.mark.parametrize("lead", [True, False])
def test_it_leaves_a_referral_to_whoever_asked_until_it_is_acknowledged(
    cast: Cast, lead: bool
) -> None:
    written.join(cast, cast.ben, cast.dmitri)
    who, other = (cast.asha, cast.ben) if lead else (cast.ben, cast.dmitri)
    scene = lockbox.Scene(cast, Course())
    body = {"patient": str(cast.patient.id), "discipline": "massage_therapy", "reason_code": "pain"}
    at = f"/referrals/{post(who, '/referrals', body)['id']}"
    post(cast.sam, f"{at}/claim")
    chosen = str(cast.chloe.practitioner_role.id)
    post(cast.sam, f"{at}/assign", {"practitioner_role": chosen})
    post(cast.chloe, f"{at}/accept")
    post(cast.chloe, f"{at}/start")
    scene.lock(target="discipline", target_discipline="massage_therapy", audience="everyone")
    report = {"text": "Looser now.", "outcome": "goals_met"}
    post(cast.chloe, f"{at}/complete", report)
    assert other.client.get(f"{API}{at}").status_code == 404
    assert at not in text({"": get(other, "/referrals")})
    seen = get(who, at)
    assert seen["clinical"]["reports"][0]["text"] == report["text"]
    assert seen["id"] in {row["id"] for row in get(who, "/referrals")["results"]}
    assert seen["id"] in {row["subject_id"] for row in get(who, "/events?limit=200")["results"]}
    delivery.deliver_due("in_app", clock=lambda: NOW + timedelta(days=999))
    kinds = {row["kind"] for row in get(who, "/messages")["results"]}
    assert "referral.reported" in kinds
    assert post(who, f"{at}/acknowledge")["status"] == "completed"


def test_it_withholds_with_a_discipline_what_that_asks_of_others(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.dmitri)
    scene = lockbox.Scene(cast, Course())
    body = {"patient": str(cast.patient.id), "discipline": "nutrition", "reason_code": "pain"}
    first, second = (post(who, "/referrals", body)["id"] for who in (cast.asha, cast.dmitri))
    everything = {first, second}

    def met(who: Person) -> set[str]:
        said = json.dumps([get(who, "/referrals"), get(who, "/events?limit=200")])
        found = {one for one in everything if one in said}
        return found | {
            one for one in everything if who.client.get(f"{API}/referrals/{one}").status_code != 404
        }

    assert met(cast.ben) == everything
    scene.lock(target="discipline", target_discipline="physiotherapy")
    assert met(cast.ben) == {second}
    assert met(cast.asha) == met(cast.dmitri) == met(cast.sam) == everything


@pytest.mark.parametrize("target", ["practitioner", "discipline"])
def test_it_leaves_out_of_what_changed_the_severity_that_somebody_withheld_judged(
    cast: Cast, target: str
) -> None:
    written.join(cast, cast.ben)
    scene = started(cast)
    with cast.acting():
        course = Course.objects.get(pk=scene.course.pk)
        courses.change_severity(
            course.pk,
            version=course.version,
            severity="moderate",
            reason="Worse at night.",
            actor=cast.asha.actor(),
            now=NOW,
        )

    def changed(who: Person) -> set[str]:
        sections = get(who, f"/patients/{cast.patient.id}/brief")["sections"]
        (lines,) = (one["lines"] for one in sections if one["name"] == "changes")
        return {line["about"] for line in lines}

    assert "SeverityChange" in changed(cast.ben)
    names: dict[str, dict[str, Any]] = {
        "practitioner": {
            "target_practitioner_id": cast.asha.practitioner_role.practitioner_id,
        },
        "discipline": {"target_discipline": "physiotherapy"},
    }
    scene.lock(target=target, **names[target])
    assert "SeverityChange" not in changed(cast.ben)
    assert "SeverityChange" in changed(cast.asha)


@pytest.mark.parametrize("target", ["practitioner", "discipline"])
def test_it_names_nobody_withheld_who_cleared_a_flag_of_somebody_else(
    cast: Cast, target: str
) -> None:
    scene = lockbox.stage(cast)
    (found,) = get(cast.ben, "/red-flags")["results"]
    asha = str(cast.asha.practitioner_role.id)
    assert (found["cleared_by"], found["reason"]) == (asha, "Seen by a physician.")
    names: dict[str, dict[str, Any]] = {
        "practitioner": {
            "target_practitioner_id": cast.asha.practitioner_role.practitioner_id,
        },
        "discipline": {"target_discipline": "physiotherapy"},
    }
    scene.lock(target=target, **names[target])
    for row in (
        get(cast.ben, f"/red-flags/{found['id']}"),
        *get(cast.ben, "/red-flags")["results"],
    ):
        assert asha not in json.dumps(row)
        assert (row["cleared_by"], row["reason"]) == (None, "What was said of it is withheld.")
        assert (row["status"], row["outcome"]) == ("cleared", "ruled_out")
    assert get(cast.asha, f"/red-flags/{found['id']}") == found


def test_it_leaves_open_of_everything_who_they_are_and_who_acts_for_them(cast: Cast) -> None:
    scene = lockbox.stage(cast)
    with cast.acting():
        beside(cast)
    scene.lock(target="everything")
    assert len(get(cast.ben, f"/related-persons?patient={cast.patient.id}")["results"]) == 1
    about = {row["subject"] for row in get(cast.ben, "/events?limit=200")["results"]}
    assert about <= {"Patient", "RelatedPerson", "CareTeamMember", "SafetyAlert"}, about
    said = cast.ben.client.get("/api/schema?format=json").json()
    words = said["paths"]["/api/v1/directives"]["post"]["description"]
    for left_open in ("who the patient is", "who acts for them", "safety alert"):
        assert left_open in words


@pytest.mark.feature("PV-06")
def test_it_audits_as_oversight_whom_only_oversight_shows(cast: Cast) -> None:
    with cast.acting():
        Membership.objects.create(
            organization=cast.riverside,
            user=cast.asha.user,
            role="privacy_officer",
            since=LONG_AGO,
        )
    other = make_patient(cast.gus, family_name="Elsewhere")
    assert len(get(cast.asha, "/patients")["results"]) == 2
    for patient in (cast.patient, other):
        get(cast.asha, f"/patients/{patient.id}")
    with cast.acting():
        rows = AuditEvent.objects.filter(resource="Patient", user_id=cast.asha.user.id)
        found = {
            (row.event, tuple(sorted(row.bases)), row.purpose)
            for row in rows.filter(action__in=["read", "search"])
        }
    assert found == {
        ("Patient.search", ("membership", "oversight"), "privacy_review"),
        ("Patient.read", ("membership",), "care"),
        ("Patient.read", ("oversight",), "privacy_review"),
    }
