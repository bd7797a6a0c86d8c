"""Whoever asks for what is there already, and withheld from them, is told no more than that."""

from typing import Any

import pytest

from care_plans import plans
from care_plans.models import CarePlan, Course
from coordination import care_team
from coordination.models import Directive
from referrals.models import Referral
from tests import lockbox
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person, make_patient

pytestmark = pytest.mark.django_db

NOTHING_MORE = {"type", "title", "status", "detail"}


def join(cast: Cast, *people: Person) -> None:
    for person in people:
        care_team.join(
            cast.patient.id,
            practitioner_role_id=person.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW,
        )


def says_no_more(answer: Any) -> None:
    assert (answer.status_code, answer.data["type"]) == (
        409,
        "urn:continuum:problem:not-open-to-you",
    )
    assert set(answer.data) - {"instance", "request_id"} == NOTHING_MORE
    assert "privacy officer" in answer.data["detail"]


@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-03")
def test_it_applies_no_pathway_over_a_withheld_course(cast: Cast) -> None:
    with cast.acting():
        join(cast, cast.gus)
        scene = lockbox.Scene(cast, underway.start(cast))
        version = underway.version()
    scene.lock(target="condition", target_id=scene.course.id, audience="everyone")
    address = f"/api/v1/care-plans/{scene.course.care_plan_id}/courses"

    def apply(severity: str, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        body = {"pathway_version": str(version.id), "severity": severity, "side": "left"}
        return cast.gus.client.post(address, {**body, "answers": {}}, headers=headers)

    told = [apply("severe"), apply("mild"), apply("moderate", "k1")]
    for answer in told:
        says_no_more(answer)
    assert len({answer.data["detail"] for answer in told}) == 1
    with cast.acting():
        assert scene.course.care_plan.courses.count() == 1


@pytest.mark.feature("PV-02")
def test_it_opens_no_plan_beside_a_withheld_one(cast: Cast) -> None:
    with cast.acting():
        join(cast, cast.ben)
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(NOW), now=NOW)
        CarePlan.objects.filter(pk=plan.pk).update(summary="Unmistakable words.")
    body = {"patient": str(cast.patient.id)}
    assert cast.ben.client.post("/api/v1/care-plans", body).status_code == 200
    locked = {"target": "everything", "audience": "discipline"}
    answer = cast.pia.client.post(
        "/api/v1/directives",
        {
            **body,
            **locked,
            "audience_discipline": "chiropractic",
            "given_by": "patient",
            "means": "spoken",
        },
    )
    assert answer.status_code == 201, answer.data
    says_no_more(cast.ben.client.post("/api/v1/care-plans", body))
    assert cast.asha.client.post("/api/v1/care-plans", body).status_code == 200


@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-03")
@pytest.mark.parametrize("is_running", [True, False])
def test_it_closes_no_plan_for_whom_something_is_withheld_and_tells_no_course(
    cast: Cast, is_running: bool
) -> None:
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
        if not is_running:
            underway.move(
                cast, scene.course, "discharge", now=NOW, reason="x", outcome="not_achieved"
            )
    at = f"/api/v1/care-plans/{scene.course.care_plan_id}/close"
    if is_running:
        assert cast.asha.client.post(at).data["type"].endswith(":courses-underway")
    scene.lock(
        target="condition",
        target_id=scene.course.id,
        audience="practitioner",
        audience_practitioner_id=cast.asha.practitioner_role.practitioner_id,
    )
    says_no_more(cast.asha.client.post(at))
    with cast.acting():
        assert CarePlan.objects.get().status == "open"


@pytest.mark.feature("PV-02")
@pytest.mark.parametrize("is_led", [True, False])
def test_it_opens_no_intake_for_whom_something_is_withheld(cast: Cast, is_led: bool) -> None:
    with cast.acting():
        join(cast, cast.ben)
        lead = care_team.lead_of(cast.patient)
        assert lead is not None
        if not is_led:
            lead.until = NOW
            lead.save(update_fields=["until"])
        scene = lockbox.Scene(cast, Course())
    at = f"/api/v1/patients/{cast.patient.id}/intake"
    body = {"lead": str(cast.ben.practitioner_role.id)}
    if is_led:
        assert cast.ben.client.post(at, body).data["type"].endswith("already-in-team")
    scene.lock(target="practitioner", target_practitioner_id=lead.practitioner_role.practitioner_id)
    says_no_more(cast.ben.client.post(at, body))
    with cast.acting():
        assert (care_team.lead_of(cast.patient) is not None) == is_led


@pytest.mark.feature("PV-02")
def test_it_hands_out_no_withheld_referral_for_its_key(cast: Cast) -> None:
    with cast.acting():
        join(cast, cast.ben)
        scene = lockbox.Scene(cast, underway.start(cast))
    body = {"patient": str(cast.patient.id), "reason_code": "weight_loss", "key": "diet"}
    asked = {**body, "discipline": "nutrition"}
    first = cast.asha.client.post("/api/v1/referrals", asked)
    assert first.status_code == 201, first.data
    assert cast.ben.client.post("/api/v1/referrals", asked).status_code == 200
    scene.lock(target=Directive.Target.DISCIPLINE, target_discipline="nutrition")
    says_no_more(cast.ben.client.post("/api/v1/referrals", asked))
    says_no_more(cast.ben.client.post("/api/v1/referrals", {**body, "discipline": "physiotherapy"}))
    assert cast.asha.client.post("/api/v1/referrals", asked).status_code == 200


@pytest.mark.feature("PV-02")
def test_it_tells_no_key_of_a_patient_outside_the_circle(cast: Cast) -> None:
    mine = make_patient(cast.gus, family_name="Own")
    body = {"discipline": "nutrition", "reason_code": "weight_loss", "key": "diet"}
    used = cast.asha.client.post("/api/v1/referrals", {**body, "patient": str(cast.patient.id)})
    theirs = cast.gus.client.post("/api/v1/referrals", {**body, "patient": str(mine.id)})
    again = cast.gus.client.post("/api/v1/referrals", {**body, "patient": str(mine.id)})
    assert [used.status_code, theirs.status_code, again.status_code] == [201, 201, 200]
    with cast.acting():
        assert Referral.objects.filter(key="by-hand:diet").count() == 2


@pytest.mark.feature("PV-02")
@pytest.mark.parametrize("kind", ["assessments", "red-flag-screens"])
def test_it_hands_out_no_withheld_finding_for_its_key(cast: Cast, kind: str) -> None:
    with cast.acting():
        join(cast, cast.gus)
        scene = lockbox.Scene(cast, underway.start(cast))
    course = {"course": str(scene.course.id)}
    bodies: dict[str, Any] = {
        "assessments": {
            **course,
            "patient": str(cast.patient.id),
            "scores": [{"measure": "nprs", "value": "4"}],
        },
        "red-flag-screens": {**course, "answers": {"cancer": "absent"}},
    }

    def record(who: Person, **changes: Any) -> Any:
        body, headers = {**bodies[kind], **changes}, {"Idempotency-Key": "k1"}
        return who.client.post(f"/api/v1/{kind}", body, headers=headers)

    first = record(cast.asha)
    assert first.status_code == 201, first.data
    scene.lock(
        target=Directive.Target.RECORD,
        target_id=first.data["id"],
        audience_practitioner_id=cast.gus.practitioner_role.practitioner_id,
        audience="practitioner",
    )
    says_no_more(record(cast.gus))
    says_no_more(record(cast.gus, effective_at=NOW.isoformat()))
    assert record(cast.asha).json() == first.json()
