"""What is sent to each address that writes, so that whoever may do it could.

The ids are those of one `Scene`: its patient, its records, its people.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from care_plans.complexity_factors import CATEGORIES
from tests.care_plans import underway
from tests.cast import NOW

if TYPE_CHECKING:
    from tests.matrix_scenes import Scene

SPOKEN = {"given_by": "patient", "means": "spoken", "evidence": "form 12"}
BECAUSE = {"because": "Entered for the wrong patient."}
WHY = {"reason": "Pain after every drive."}
SCORES = {"scores": [{"measure": "nprs", "value": "5"}]}
WANTED = {"kind": "goal", "text": "To kneel in the garden.", "language": "en-CA"}
SAID_ANEW = {"text": "To kneel and get up again.", "language": "en-CA"}
#: bodies that are the same for whomever they are about
PLAIN: Mapping[str, Any] = {
    "access-review.decide": {"verdict": "appropriate", "reason": "Was asked for help."},
    "activity.partial_update": {"note": "On the left only."},
    "activity.release": WHY,
    "activity.stop": BECAUSE,
    "assessment.replace": {**SCORES, "reason": "Misheard."},
    "care-plan.partial_update": {"summary": "Runs again by spring."},
    "care-team-member.leave": BECAUSE,
    "clinical-note.partial_update": {"text": "Walks without a limp."},
    "clinical-note.amend": {"text": "Walks upstairs too.", "because": "Asked again."},
    "clinical-note.mark_in_error": BECAUSE,
    "course.partial_update": {"note": "First episode."},
    "course.advance": {"override": True, "reason": "Meets all but one.", "leaving": "acute"},
    "course.change_severity": {"severity": "moderate", **WHY},
    "course.discharge": {"reason": "Moved away.", "outcome": "patient_left"},
    "course.pause": WHY,
    "course.resume": {},
    "course.regress": WHY,
    "course.start": {},
    "coverage.partial_update": {"sessions_allowed": 12},
    "directive.end": SPOKEN,
    "duplicate-review.reopen": BECAUSE,
    "duplicate-review.tell_apart": BECAUSE,
    "duplicate-review.unmerge": BECAUSE,
    "encounter.cancel": BECAUSE,
    "encounter.finish": {},
    "encounter.mark_in_error": BECAUSE,
    "goal.partial_update": {"note": "Wants to drive to work."},
    "hand-off.accept": {"evidence_reviewed": True},
    "hand-off.decline": {"reason_code": "no_capacity"},
    "lane.partial_update": {"note": "Sees him on Mondays."},
    "lane.decide": {"needed": False, "reason": "No joint findings."},
    "lane.sign_off": {"verdict": "ready"},
    "legal-hold.release": WHY,
    "location.create": {"name": "Midtown", "time_zone": "America/Toronto"},
    "location.partial_update": {"phone": "+1 416 555 0100"},
    "message-preference.create": {"purpose": "work", "channel": "email", "wanted": False},
    "own-statement.create": WANTED,
    "own-statement.partial_update": SAID_ANEW,
    "patient-changes.seen": {"state": "unread"},
    "patient-statement.partial_update": SAID_ANEW,
    "override.review": {"verdict": "appropriate", "note": "Was the nearest."},
    "patient.partial_update": {"preferred_name": "Lucky"},
    "practitioner.create": {"name": "Hana Sato", "languages": ["en-CA"]},
    "practitioner.partial_update": {"name": "Hana Sato"},
    "practitioner.login": {"login": "nobody@continuum.example"},
    "practitioner-role.partial_update": {"capacity": 40},
    "proxied-message.choose": {"purpose": "care", "channel": "email", "wanted": False},
    "proxied-patient.directives": {"target": "everything", "audience": "everyone"},
    "record-request.disagree": {"text": "I never said so."},
    "record-request.fulfil": {},
    "record-request.grant": {"answer": "Here it is."},
    "record-request.refuse": {"refusal": "risk_of_harm", "answer": "Not this part."},
    "record-request.withdraw": {"answer": "Asked by phone."},
    "referral.assign": {},
    "referral.complete": {"text": "Eats enough.", "outcome": "goals_met"},
    "referral.decline": {"reason_code": "no_capacity"},
    "referral.hold": {"reason_code": "patient_request"},
    "referral.requeue": {"reason_code": "no_answer"},
    "referral.revoke": {"reason_code": "no_longer_needed"},
    "referral.start": {},
    "related-person.login": {"email": "rana@continuum.example"},
    "retention-policy.create": {
        "record_kind": "clinical",
        "years_after_last_contact": 20,
        "minor_until_age": 18,
        "years_after_minority": 12,
    },
    "scope-narrowing.create": {"entry": "plan.open", "discipline": "nutrition", "reason": "x"},
    "/api/v1/session post": {"email": "nobody@continuum.example", "password": "x"},
    "/api/v1/session/second-factor post": {"code": "000000"},
    "/api/v1/me/second-factors/totp/confirm post": {"code": "000000"},
    "/api/v1/me/second-factors/passkey/confirm post": {"name": "key", "credential": {}},
    "/api/v1/me/tokens post": {"name": "script"},
    "/api/v1/me/password post": {"current": "wrong", "new": "a very long new password"},
    "/api/v1/tokens post": {"email": "nobody@continuum.example", "password": "x", "name": "x"},
}


def _day(scene: "Scene") -> Any:
    day = NOW.date().isoformat()
    return {"activity": scene.of("Activity"), "day": day, "prescribed": 1, "completed": 1}


def _about(**more: Any) -> Callable[["Scene"], dict[str, Any]]:
    return lambda scene: {"patient": str(scene.patient), **more}


def _about_course(**more: Any) -> Callable[["Scene"], dict[str, Any]]:
    return lambda scene: {"course": scene.of("Course"), **more}


#: bodies that name something of the scene
NAMING: Mapping[str, Callable[["Scene"], Any]] = {
    "assessment.create": _about(**SCORES),
    "questionnaire-response.create": lambda scene: {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "urn:continuum:questionnaire:nprs",
        "status": "completed",
        "subject": {"reference": f"Patient/{scene.patient}"},
        "item": [{"linkId": "total", "answer": [{"valueInteger": 5}]}],
    },
    "care-plan.create": _about(),
    "care-plan.apply": lambda scene: {
        "pathway_version": str(underway.version().id),
        "severity": "mild",
        "side": "right",
        "answers": underway.CALM,
    },
    "care-summary.create": _about(
        text="Sleeps through.", agreed_at=NOW.isoformat(), agreed_how="spoken"
    ),
    "clinical-note.create": _about(text="Walks without a limp."),
    "consent.create": _about(**SPOKEN, category="treatment", decision="permit"),
    "course-answer.create": _about_course(answers={"sitting_aggravates": True}),
    "coverage.create": _about(payer="Test Mutual (fictional)", starts_on="2026-11-23"),
    "directive.create": _about(
        **SPOKEN,
        target="discipline",
        target_discipline="nutrition",
        audience="discipline",
        audience_discipline="massage_therapy",
    ),
    "duplicate-review.merge": lambda scene: {"survivor": str(scene.patient), **BECAUSE},
    "encounter.create": _about(encounter_class="in_person", started_at=NOW.isoformat()),
    "hand-off.assign": lambda scene: {"practitioner_role": scene.colleague},
    "legal-hold.create": _about(reason="A claim.", ordered_by="A court."),
    "messaging-consent.create": _about(
        purpose="care",
        channel="email",
        basis="express",
        means="spoken",
        wording="1",
        evidence="form",
    ),
    "patient-statement.create": lambda scene: {"care_plan": scene.of("CarePlan"), **WANTED},
    "override.create": _about(reason_code="risk_of_harm", reason="Fainted.", minutes=30),
    "pathway-version.sign": lambda scene: scene.signature,
    "pathway-version.review": lambda scene: {**scene.signature, "next_review_due": "2027-11-23"},
    "patient.create": lambda scene: {
        "family_name": "Gagnon",
        "given_name": "Luc",
        "birth_date": "1984-03-09",
        "lead": scene.colleague,
    },
    "patient.intake": lambda scene: {"lead": scene.colleague},
    "patient.join": lambda scene: {"practitioner_role": scene.colleague},
    "patient-hand-over.hand_over": lambda scene: {
        "practitioner_role": scene.colleague,
        "because": "Moves away.",
    },
    "practitioner.register": lambda scene: {
        "discipline": "massage_therapy",
        "location": scene.of("Location"),
        "college": "Test college (fictional)",
        "registration_number": "TEST-9001",
        "registered_from": "2020-01-01",
    },
    "record-request.create": _about(kind="access", text="All of it."),
    "complexity-screen.create": _about_course(
        level="low",
        factors={name: dict.fromkeys(parts, "low") for name, parts in CATEGORIES.items()},
    ),
    "red-flag-screen.create": lambda scene: {
        "course": scene.of("Course"),
        "answers": dict.fromkeys(_flags(), "absent"),
    },
    "activity.change_dose": lambda scene: {"to_level": "isometric", "reason": "Less."},
    "adherence-entry.create": _day,
    "own-adherence-entry.create": _day,
    "plan-conflict.decide_conflict": lambda scene: {
        "conflict": scene.of("CarePlan"),
        "decision": "keep_both",
        **WHY,
    },
    "course-diagnosis.switch_diagnosis": lambda scene: {
        "pathway": "hamstring-strain",
        "severity": "mild",
        "side": "left",
        **WHY,
    },
    "course-version.adopt_version": lambda scene: {"pathway_version": scene.of("PathwayVersion")},
    "course-version.decline_version": lambda scene: {
        "pathway_version": scene.of("PathwayVersion"),
        "reason": "Well as it is.",
    },
    "safety-alert.close": lambda scene: {"outcome": "assessed", "reason": "Seen."},
    "own-assessment.create": lambda scene: {"scores": [{"measure": "nprs", "value": 3}]},
    "on-call-duty.create": lambda scene: {
        "practitioner_role": scene.colleague,
        "since": NOW.isoformat(),
    },
    "recommendation.decline": lambda scene: {"reason": "Not now."},
    "red-flag.clear": lambda scene: {"outcome": "ruled_out", "reason": "Seen by a physician."},
    "referral.create": _about(discipline="kinesiology", reason_code="slow-healing"),
    "related-person.create": _about(name="Rana", relationship="sibling"),
    "related-person.grant": lambda scene: {
        "right": "book",
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": NOW.isoformat(),
        "until": (timezone.now() + timedelta(days=90)).isoformat(),
    },
    "related-person.revoke": lambda scene: {"right": scene.of("RelatedPersonRight"), **BECAUSE},
}


def _flags() -> list[str]:
    return [flag.id for flag in underway.version().definition.screened_flags()]


def body_of(action: str, scene: "Scene") -> Any:
    """Return what to send; None where nothing is sent."""
    if action in NAMING:
        return NAMING[action](scene)
    return PLAIN.get(action)
