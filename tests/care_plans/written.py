"""Visits and notes of the cast's patient, so that a test can begin where it matters."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from care_plans import (
    adherence,
    assessing,
    complexity,
    encounters,
    notes,
    open_flags,
    plans,
    red_flags,
    sittings,
    statements,
    summaries,
)
from care_plans.complexity_factors import CATEGORIES
from care_plans.models import (
    Activity,
    AdherenceEntry,
    CareSummary,
    ClinicalNote,
    ComplexityScreen,
    Course,
    Encounter,
    PatientStatement,
    RedFlag,
    SafetyAlert,
)
from coordination import care_team, corrections
from coordination.actors import Role
from coordination.coverage import record_coverage
from coordination.models import Coverage, LegalHold, OnCallDuty, RecordRequest
from coordination.retention import place_hold
from notifications.consents import record_consent
from notifications.models import MessagingConsent
from tests.cast import NOW, Cast, Person


def join(cast: Cast, *people: Person) -> None:
    """Add colleagues to the patient's team."""
    with cast.acting():
        for who in people:
            care_team.join(
                cast.patient.id,
                practitioner_role_id=who.practitioner_role.id,
                actor=cast.sam.actor(),
                now=NOW - timedelta(days=30),
            )


def visit(cast: Cast, who: Person, **given: Any) -> Encounter:
    """Record a finished visit."""
    asked: dict[str, Any] = {
        "encounter_class": "in_person",
        "started_at": NOW - timedelta(hours=1),
        "ended_at": NOW,
        **given,
    }
    with cast.acting():
        return encounters.record_encounter(cast.patient.id, **asked, actor=who.actor(), now=NOW)


def note(cast: Cast, who: Person, text: str = "As expected.", **given: Any) -> ClinicalNote:
    """Write and sign a note."""
    asked: dict[str, Any] = {"patient_id": cast.patient.id, "sign": True, **given}
    with cast.acting():
        return notes.write_note(text=text, **asked, actor=who.actor(), now=NOW)


def summary(cast: Cast, who: Person, text: str = "Sleeps better.", **given: Any) -> CareSummary:
    """Tell the team something."""
    asked: dict[str, Any] = {
        "kind": "summary",
        "agreed_at": NOW - timedelta(hours=1),
        "agreed_how": "spoken",
        **given,
    }
    with cast.acting():
        return summaries.write_summary(
            cast.patient.id, text=text, **asked, actor=who.actor(), now=NOW
        )


def coverage(cast: Cast, who: Person, **given: Any) -> Coverage:
    """Record who pays."""
    fields = {"payer": "Test Mutual (fictional)", "starts_on": NOW.date(), **given}
    with cast.acting():
        return record_coverage(cast.patient.id, fields=fields, actor=who.actor(), now=NOW)


def request(cast: Cast, who: Person, **given: Any) -> RecordRequest:
    """Take down that the patient wants to see the record."""
    asked: dict[str, Any] = {"kind": "access", "text": "All of it.", **given}
    with cast.acting():
        return corrections.receive_request(cast.patient.id, **asked, actor=who.actor(), now=NOW)


def agreement(cast: Cast, who: Person) -> MessagingConsent:
    """Record that the patient agreed to mails about their care."""
    with cast.acting():
        return record_consent(
            cast.patient.id,
            purpose="care",
            channel="email",
            basis="express",
            means="spoken",
            wording="1",
            evidence_at="form",
            actor=who.actor(),
            now=NOW,
        )


def hold(cast: Cast, who: Person) -> LegalHold:
    """Hold the patient's records, as somebody's colleague who guards privacy."""
    with cast.acting():
        guard = replace(who.actor(), roles=frozenset({Role.PRIVACY_OFFICER}))
        return place_hold(
            cast.patient.id, reason="A claim.", ordered_by="A court.", actor=guard, now=NOW
        )


def statement(
    cast: Cast, who: Person, text: str = "To kneel in the garden.", **given: Any
) -> PatientStatement:
    """Write down what the patient wants, on the plan that is open."""
    asked: dict[str, Any] = {"kind": "goal", "language": "en-CA", **given}
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=who.actor(), now=NOW)
        return statements.state(plan.id, text=text, **asked, actor=who.actor(), now=NOW)


def everything(cast: Cast, who: Person) -> dict[str, Any]:
    """Write one record of each kind, by the address where it is read."""
    return {
        "encounters": visit(cast, who),
        "clinical-notes": note(cast, who),
        "care-summaries": summary(cast, who),
        "coverages": coverage(cast, who),
        "patient-statements": statement(cast, who),
        "record-requests": request(cast, who),
        "messaging-consents": agreement(cast, who),
        "legal-holds": hold(cast, who),
    }


def red_flag(cast: Cast, who: Person, course: Course, *, flag: str = "cancer") -> RedFlag:
    """Let somebody's screen find a flag present; it only blocks progress."""
    red_flags.record_screen(course.id, answers={flag: "present"}, actor=who.actor(), now=NOW)
    found: RedFlag = RedFlag.objects.get(course=course, flag=flag, status="open")
    return found


def complexity_screen(who: Person, course: Course, level: str = "low") -> ComplexityScreen:
    """Let somebody find every factor at one level."""
    factors = {name: dict.fromkeys(parts, level) for name, parts in CATEGORIES.items()}
    screened = complexity.Screened(factors, level)
    row, _ = complexity.record_screen(course.id, screened, actor=who.actor(), now=NOW)
    return row


def done_at_home(activity: Activity, who: Person, **given: Any) -> AdherenceEntry:
    """Let somebody write down a day of an activity, which has begun."""
    asked: dict[str, Any] = {"day": NOW.date(), "prescribed": 1, "completed": 1, **given}
    return adherence.record_done(activity.pk, adherence.Done(**asked), actor=who.actor(), now=NOW)


def safety_alert(cast: Cast, who: Person) -> SafetyAlert:
    """Let somebody record an answer on which somebody must act at once."""
    row, _ = assessing.record_assessment(
        cast.patient.id,
        scores=[sittings.NewScore("phq9", Decimal(1), item=9)],
        actor=who.actor(),
        now=NOW,
    )
    found: SafetyAlert = SafetyAlert.objects.get(assessment=row)
    return found


def on_call_duty(cast: Cast, who: Person) -> OnCallDuty:
    """Put somebody on call later on, so that no alert of now gives them access."""
    duty: OnCallDuty = OnCallDuty.objects.create(
        organization_id=who.organization.id,
        practitioner_role=who.practitioner_role,
        since=NOW + timedelta(hours=1),
        recorded_by="somebody",
        recorded_at=NOW,
    )
    return duty


def clear(found: RedFlag, who: Person) -> None:
    """Let somebody who may diagnose conclude that there is nothing."""
    open_flags.clear(
        found.id, outcome="ruled_out", reason="Seen by a physician.", actor=who.actor(), now=NOW
    )
