"""What somebody who has left a patient's team may still read, and for how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from care_plans.models import Assessment, ClinicalNote
from coordination import care_team
from coordination.models import AuditEvent, CareTeamMember
from referrals.lifecycle import perform
from referrals.models import Referral
from referrals.permission import Report
from tests import lockbox
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def left(cast: Cast) -> datetime:
    """Let Chloé finish her referral and leave the team; return when she left."""
    lockbox.stage(cast, hands_over=False)
    now = datetime.now(UTC)
    with cast.acting():
        referral = Referral.objects.get(discipline="massage_therapy")
        chloe = cast.chloe.actor(now)
        perform(referral.id, "start", actor=chloe, now=now)
        report = Report("Released; loads well.", "goals_met")
        perform(referral.id, "complete", report=report, actor=chloe, now=now)
        perform(referral.id, "acknowledge", actor=cast.asha.actor(now), now=now)
        member = CareTeamMember.objects.get(practitioner_role=cast.chloe.role, until=None)
        care_team.leave(
            cast.patient.id, member.id, because="done", actor=cast.sam.actor(now), now=now
        )
    return now


def ids(cast: Cast, path: str) -> list[Any]:
    answer = cast.chloe.client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.data["results"]]


def own(cast: Cast) -> dict[str, list[str]]:
    """Return the ids of what Chloé has written down, by the address where it is read."""
    with cast.acting():
        taken = Assessment.objects.filter(practitioner_role=cast.chloe.role)
        notes = ClinicalNote.objects.filter(author=cast.chloe.role)
        return {
            "assessments": sorted(str(one.pk) for one in taken),
            "clinical-notes": sorted(str(one.pk) for one in notes),
        }


@pytest.mark.feature("PT-08")
def test_it_leaves_them_their_own_entries_and_the_outcome(cast: Cast, left: datetime) -> None:
    for path, written in own(cast).items():
        assert written, path
        assert sorted(ids(cast, path)) == written, path
        for one in written:
            assert cast.chloe.client.get(f"/api/v1/{path}/{one}").status_code == 200
    (referral,) = ids(cast, "referrals")
    outcome = cast.chloe.client.get(f"/api/v1/referrals/{referral}").data
    assert outcome["clinical"]["outcome"] == "goals_met"
    for path in ("patients", "courses", "care-plans", "events", "messages"):
        assert ids(cast, path) == [], path


@pytest.mark.feature("PT-08")
def test_it_closes_them_when_the_time_is_over(cast: Cast, left: datetime, settings: Any) -> None:
    end = left + settings.FORMER_MEMBER_DAYS * DAY
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert sorted(ids(cast, "assessments")) == own(cast)["assessments"]
    with time_machine.travel(end, tick=False):
        for path in ("assessments", "clinical-notes", "encounters", "referrals"):
            assert ids(cast, path) == [], path


@pytest.mark.feature("PT-08")
def test_it_lets_them_change_nothing(cast: Cast, left: datetime) -> None:
    before = own(cast)
    assessment, note = before["assessments"][0], before["clinical-notes"][0]
    replaced = cast.chloe.client.post(
        f"/api/v1/assessments/{assessment}/replace",
        {"scores": [{"measure": "nprs", "value": "1"}], "reason": "Wrong."},
    )
    amended = cast.chloe.client.post(
        f"/api/v1/clinical-notes/{note}/amend", {"text": "Or not.", "because": "Wrong."}
    )
    assert {replaced.status_code, amended.status_code} <= {403, 404}
    assert own(cast) == before


@pytest.mark.feature("PT-08")
def test_it_says_in_the_trail_that_they_were_former_members(cast: Cast, left: datetime) -> None:
    with time_machine.travel(left + DAY, tick=False):
        ids(cast, "assessments")
    with cast.acting():
        row = AuditEvent.objects.filter(event="Assessment.search").latest("recorded_at")
        assert row.bases == ["former"]
    assert left > NOW - DAY
