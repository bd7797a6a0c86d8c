"""An answer is repeated only to whoever may still hear it, and audited as what they read."""

import pytest
from django.utils import timezone

from coordination.break_glass import break_glass, end_override
from coordination.consent import Locked, set_directive
from coordination.models import AccessGrant, AuditEvent, Patient
from tests.cast import Cast, Person
from tests.coordination.repeating import NOT_SHOWN, REPLAYED, counts, joining, register, registering
from tests.coordination.test_proxies import grant, proxy
from tests.lockbox import SAID


@pytest.mark.feature("AP-10")
def test_it_repeats_nothing_to_whoever_may_no_longer_hear_it(cast: Cast) -> None:
    body, path = {"patient": str(cast.patient.id)}, "/api/v1/care-plans"
    first = register(cast.asha, "k", body, path)
    assert first.status_code == 201
    with cast.acting():
        AccessGrant.objects.update(until=timezone.now())
    gone = register(cast.asha, "k", body, path)
    assert gone.status_code == 404
    assert gone.json() == register(cast.asha, "new", body, path).json()
    with cast.acting():
        cast.asha.user.memberships.update(until=timezone.now())
    assert register(cast.asha, "k", body, path).status_code == 403


@pytest.mark.feature("PV-04")
def test_it_repeats_nothing_that_was_locked_away_meanwhile(cast: Cast) -> None:
    body, path = {"patient": str(cast.patient.id)}, "/api/v1/care-plans"
    first = register(cast.asha, "k", body, path)
    assert register(cast.asha, "k", body, path).content == first.content
    lock_everything(cast, cast.asha)
    before = counts(cast)
    gone = register(cast.asha, "k", body, path)
    assert (gone.status_code, gone.json()["type"]) == (409, NOT_SHOWN)
    assert first.json()["id"] not in gone.content.decode()
    assert REPLAYED not in gone
    assert counts(cast) == before


def test_it_repeats_what_was_said_over_broken_glass_only_while_it_is_broken(cast: Cast) -> None:
    body, path = {"patient": str(cast.patient.id)}, "/api/v1/care-plans"
    with cast.acting():
        glass = break_glass(
            cast.patient.id,
            practitioner_role_id=cast.asha.practitioner_role.id,
            reason_code="risk_of_harm",
            reason="Found on the floor.",
            minutes=30,
            opens_withheld=True,
            actor=cast.asha.actor(timezone.now()),
            now=timezone.now(),
        )
    first = register(cast.asha, "k", body, path)
    assert register(cast.asha, "k", body, path).content == first.content
    with cast.acting():
        end_override(glass.id, actor=cast.asha.actor(timezone.now()), now=timezone.now())
    assert register(cast.asha, "k", body, path).json()["type"] == NOT_SHOWN


def test_it_repeats_to_a_desk_what_holds_nothing_clinical(cast: Cast) -> None:
    first = register(cast.sam, "k", registering(cast))
    with cast.acting():
        kept_from = Patient.objects.get(pk=first.json()["id"])
    lock_everything(cast, None, patient=kept_from)
    assert register(cast.sam, "k", registering(cast)).content == first.content


def lock_everything(cast: Cast, who: Person | None, *, patient: Patient | None = None) -> None:
    """Let the patient lock everything away: from one practitioner, or from everyone."""
    named = who.practitioner_role.practitioner_id if who else None
    locked = Locked(
        target="everything",
        audience="practitioner" if who else "everyone",
        audience_practitioner_id=named,
    )
    with cast.acting():
        set_directive(
            (patient or cast.patient).id,
            locked,
            decided=SAID,
            actor=cast.sam.actor(timezone.now()),
            now=timezone.now(),
        )


def test_it_repeats_to_who_let_go_of_a_patient_by_that_very_request(cast: Cast) -> None:
    member = register(
        cast.asha, "a", joining(cast), f"/api/v1/patients/{cast.patient.id}/care-team"
    ).data["id"]
    path = f"/api/v1/care-team-members/{member}/leave"
    first = register(cast.ben, "b", {"because": "x"}, path)
    assert first.status_code == 200
    assert register(cast.ben, "b", {"because": "x"}, path).content == first.content


@pytest.mark.feature("PV-06")
def test_it_audits_what_is_repeated_as_a_disclosure(cast: Cast) -> None:
    body, path = {"patient": str(cast.patient.id)}, "/api/v1/care-plans"
    plan = register(cast.asha, "k", body, path).data["id"]
    register(cast.asha, "k", body, path)
    with cast.acting():
        (row,) = AuditEvent.objects.filter(event="CarePlan.read")
        assert (str(row.resource_id), row.patient_ids) == (plan, [cast.patient.id])
        assert (row.actor, row.basis) == (cast.asha.user.email, "membership")


@pytest.mark.feature("PV-06")
def test_it_audits_what_is_repeated_to_a_proxy_as_read_by_a_proxy(cast: Cast) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        for right in ("consent", "message"):
            grant(cast, person, right)
    lock = {
        "target": "discipline",
        "target_discipline": "nutrition",
        "audience": "discipline",
        "audience_discipline": "chiropractic",
    }
    choice = {"purpose": "care", "channel": "email", "wanted": False}
    for path, body, event in (
        ("directives", lock, "Directive.read"),
        ("message-preferences", choice, "Preference.read"),
    ):
        address = f"/api/v1/me/patients/{cast.patient.id}/{path}"
        first = register(rana, path, body, address)
        assert first.status_code < 300, first.content
        assert register(rana, path, body, address)[REPLAYED] == "true"
        with cast.acting():
            (row,) = AuditEvent.objects.filter(user_id=rana.user.id, event=event)
            assert row.patient_ids == [cast.patient.id]
            assert (row.bases, row.purpose) == (["proxy"], "care")
            assert row.detail == {"repeated": True}


@pytest.mark.feature("PV-06")
def test_it_audits_a_repeated_answer_that_no_record_stands_for(cast: Cast) -> None:
    choice = {"purpose": "care", "channel": "email", "wanted": False}
    for key, whose in (("theirs", {"patient": str(cast.patient.id)}), ("mine", {})):
        for _ in range(2):
            body = choice | whose
            answer = register(cast.sam, key, body, "/api/v1/message-preferences")
            assert answer.status_code == 200
        assert answer[REPLAYED] == "true"
    with cast.acting():
        (row,) = AuditEvent.objects.filter(event="Preference.read")
        assert row.patient_ids == [cast.patient.id]
