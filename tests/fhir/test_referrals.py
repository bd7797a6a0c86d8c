"""A referral in FHIR R4's words, checked against the resource definitions in every state."""

from datetime import UTC, datetime

import pytest

from coordination.models import WorkItem
from fhir.referrals import service_request, task
from referrals.models import ReferralTransition
from tests.cast import NOW, Cast
from tests.fhir.r4 import checked
from tests.referrals.walk import WAYS, at, do, opened, work_of

#: the value sets request-status and task-status of R4, which the definitions only describe
REQUEST_STATUS = {
    *("draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown")
}
TASK_STATUS = {
    *("draft", "requested", "received", "accepted", "rejected", "ready", "cancelled"),
    *("in-progress", "on-hold", "failed", "completed", "entered-in-error"),
}


@pytest.mark.feature("RF-01")
@pytest.mark.parametrize("state", [("draft", ""), *WAYS])
def test_it_says_each_state_of_request_and_work_in_valid_r4(
    cast: Cast, state: tuple[str, str]
) -> None:
    with cast.acting():
        referral = at(cast, *state)
        request = checked(service_request(referral, clinical=True))
        assert request["status"] == state[0].replace("_", "-")
        assert request["status"] in REQUEST_STATUS
        assert request["subject"]["reference"] == f"Patient/{cast.patient.id}"
        items = list(WorkItem.objects.filter(subject_id=referral.id))
        assert len(items) == (0 if state[0] == "draft" else 1)
        for item in items:
            done = checked(task(referral, item))
            assert done["status"] == item.status.replace("_", "-")
            assert done["status"] in TASK_STATUS
            assert done["focus"]["reference"] == f"ServiceRequest/{request['id']}"


def test_it_is_refused_when_it_is_no_valid_r4(cast: Cast) -> None:
    with cast.acting():
        request = service_request(opened(cast), clinical=True)
        for wrong in ({"status": None}, {"subject": "Noor"}, {"colour": "green"}):
            with pytest.raises(ValueError, match="validation error"):
                checked(request | wrong)


def test_it_keeps_the_request_active_beside_a_rejected_task(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "requested")
        declined = work_of(referral)
        do(referral, "decline", cast.chloe)
        declined.refresh_from_db()
        reason = ReferralTransition.objects.get(action="decline").reason_code
        ended = checked(task(referral, declined, reason_code=reason))
        assert ended["status"] == "rejected"
        assert ended["statusReason"]["coding"][0]["code"] == "no_capacity"
        assert checked(service_request(referral, clinical=True))["status"] == "active"


def test_it_carries_all_that_was_asked_for(cast: Cast) -> None:
    with cast.acting():
        referral = opened(
            cast,
            "psychotherapy",
            priority="urgent",
            needed_by=NOW,
            location_id=cast.uptown.id,
            sensitivity="mental-health",
        )
        request = checked(service_request(referral, clinical=True))
        assert request["priority"] == "urgent"
        assert moment(request["occurrencePeriod"]["end"]) == NOW
        assert request["locationReference"] == [{"reference": f"Location/{cast.uptown.id}"}]
        assert request["reasonCode"][0]["coding"][0]["code"] == "stage-need"
        assert request["meta"]["security"][0]["code"] == "mental-health"
        waiting = checked(task(referral, work_of(referral)))
        assert "owner" not in waiting
        assert moment(waiting["restriction"]["period"]["end"]) == NOW


def test_it_withholds_why_outside_the_clinical_view(cast: Cast) -> None:
    with cast.acting():
        referral = opened(cast, "psychotherapy", sensitivity="mental-health")
        shown = [service_request(referral, clinical=False), task(referral, work_of(referral))]
        assert [checked(resource)["resourceType"] for resource in shown] == [
            "ServiceRequest",
            "Task",
        ]
        assert "stage-need" not in str(shown)
        assert "mental-health" not in str(shown)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
