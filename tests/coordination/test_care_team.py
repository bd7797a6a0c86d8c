"""The care team: dated joins and leaves, one lead, and access that follows."""

import pytest
from django.db import IntegrityError, transaction

from coordination.models import CareTeamMember, Patient
from referrals.models import Referral
from tests.cast import NOW, Cast
from tests.referrals import walk

URL = "/api/v1/patients"


def join(cast: Cast, who: str, by: str = "asha") -> object:
    role = cast.everybody[who].practitioner_role
    return cast.everybody[by].client.post(
        f"{URL}/{cast.patient.id}/care-team", {"practitioner_role": str(role.id)}
    )


def test_it_dates_joins_and_leaves_and_access_follows(cast: Cast) -> None:
    patient = f"{URL}/{cast.patient.id}"
    member = join(cast, "ben")
    assert member.status_code == 201  # type: ignore[attr-defined] # the client's answer is typed as Django's
    assert cast.ben.client.get(patient).status_code == 200
    left = cast.asha.client.post(
        f"/api/v1/care-team-members/{member.data['id']}/leave",  # type: ignore[attr-defined] # the client's answer is typed as Django's
        {"because": "Goals reached"},
    )
    assert left.status_code == 200
    assert left.data["since"] < left.data["until"]
    assert cast.ben.client.get(patient).status_code == 404
    again = join(cast, "ben")
    assert again.status_code == 201  # type: ignore[attr-defined] # the client's answer is typed as Django's
    periods = [m for m in cast.asha.client.get(f"{patient}/care-team").data if m["name"] == "Ben"]
    assert [bool(m["until"]) for m in periods] == [True, False]


def test_it_refuses_to_leave_a_patient_without_a_lead(cast: Cast) -> None:
    with cast.acting():
        lead = CareTeamMember.objects.get(patient=cast.patient)
    answer = cast.asha.client.post(
        f"/api/v1/care-team-members/{lead.id}/leave", {"because": "Holiday"}
    )
    assert answer.status_code == 409
    assert answer.data["type"] == "urn:continuum:problem:lead-cannot-leave"
    with cast.acting():
        lead.refresh_from_db()
    assert lead.until is None


def test_it_refuses_someone_whose_registration_has_lapsed(cast: Cast) -> None:
    role = cast.ben.practitioner_role
    with cast.acting():
        role.registered_until = NOW.date().replace(year=2025)
        role.save(update_fields=["registered_until"])
    answer = join(cast, "ben")
    assert answer.status_code == 400  # type: ignore[attr-defined] # the client's answer is typed as Django's
    assert "registration" in answer.data["errors"][0]["detail"]  # type: ignore[attr-defined] # the client's answer is typed as Django's


def test_it_takes_a_lapsed_practitioner_s_view_away_at_once(cast: Cast) -> None:
    url = f"{URL}/{cast.patient.id}"
    assert cast.asha.client.get(url).status_code == 200
    with cast.acting():
        role = cast.asha.practitioner_role
        role.registered_until = NOW.date().replace(year=2025)
        role.save(update_fields=["registered_until"])
    assert cast.asha.client.get(url).status_code == 404


def test_it_keeps_two_leads_out_of_the_database(cast: Cast) -> None:
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        CareTeamMember.objects.create(
            organization=cast.riverside,
            patient=cast.patient,
            practitioner_role=cast.ben.practitioner_role,
            role="lead",
            since=NOW,
        )


def asked(cast: Cast) -> Referral:
    """Return a referral of the patient that is assigned to Chloe, who has not answered yet."""
    with cast.acting():
        return walk.at(cast, "active", "requested")


def team_of(cast: Cast) -> list[str]:
    team = cast.asha.client.get(f"{URL}/{cast.patient.id}/care-team").data
    return sorted(member["name"] for member in team if member["until"] is None)


def test_it_lets_nobody_in_who_was_merely_asked(cast: Cast) -> None:
    referral = asked(cast)
    refused = join(cast, "chloe", by="chloe")
    assert (refused.status_code, refused.data["rule"]) == (403, "team.join")  # type: ignore[attr-defined] # the client's answer is typed as Django's
    assert team_of(cast) == ["Asha"]
    at = f"/api/v1/referrals/{referral.id}/decline"
    assert cast.chloe.client.post(at, {"reason_code": "no_capacity"}).status_code == 200
    assert cast.chloe.client.get(f"{URL}/{cast.patient.id}").status_code == 404


def test_it_lets_nobody_expel_others_who_was_merely_asked(cast: Cast) -> None:
    ben = join(cast, "ben").data["id"]  # type: ignore[attr-defined] # the client's answer is typed as Django's
    asked(cast)
    leave = f"/api/v1/care-team-members/{ben}/leave"
    refused = cast.chloe.client.post(leave, {"because": "x"})
    assert (refused.status_code, refused.data["rule"]) == (403, "team.leave")
    assert team_of(cast) == ["Asha", "Ben"]
    assert cast.ben.client.post(leave, {"because": "On leave"}).status_code == 200


def test_it_lets_nobody_leave_with_a_referral_still_to_do(cast: Cast) -> None:
    referral = asked(cast)
    at = f"/api/v1/referrals/{referral.id}"
    assert cast.chloe.client.post(f"{at}/accept").status_code == 200
    team = cast.asha.client.get(f"{URL}/{cast.patient.id}/care-team").data
    chloe = next(member["id"] for member in team if member["name"] == "Chloe")
    leave = f"/api/v1/care-team-members/{chloe}/leave"
    for who in (cast.sam, cast.asha, cast.chloe):
        refused = who.client.post(leave, {"because": "Left the clinic"})
        assert refused.status_code == 409
        assert refused.data["type"] == "urn:continuum:problem:owes-work"
    assert team_of(cast) == ["Asha", "Chloe"]
    back = cast.sam.client.post(f"{at}/requeue", {"reason_code": "absent"})
    assert back.status_code == 200, back.data
    assert cast.sam.client.post(leave, {"because": "Left the clinic"}).status_code == 200
    assert cast.chloe.client.get(f"{URL}/{cast.patient.id}").status_code == 404


def test_it_lets_nobody_register_whose_own_registration_has_lapsed(cast: Cast) -> None:
    role = cast.gus.practitioner_role
    with cast.acting():
        role.registered_until = NOW.date().replace(year=2025)
        role.save(update_fields=["registered_until"])
        before = Patient.objects.count()
    body = {"family_name": "X", "given_name": "Y", "birth_date": "1990-01-01"}
    lead = str(cast.asha.practitioner_role.id)
    refused = cast.gus.client.post(URL, {**body, "lead": lead})
    assert (refused.status_code, refused.data["rule"]) == (403, "patient.register")
    with cast.acting():
        assert Patient.objects.count() == before
