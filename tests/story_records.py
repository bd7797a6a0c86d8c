"""The chapters about records: notes, consents, hand-offs, duplicates, and who guards them."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from coordination import access_reviews, audit
from coordination.break_glass import break_glass
from coordination.models import AccessReview
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast

if TYPE_CHECKING:
    from tests.story import Teller

DAY = "2026-11-23"
SPOKEN = {"given_by": "patient", "means": "spoken", "evidence": "Note of 23 November"}
BECAUSE = {"because": "Entered for the wrong patient."}


def keep_records(cast: Cast, tell: "Teller") -> None:
    """Tell everything that is about records rather than about work."""
    write_notes(cast, tell)
    visit(cast, tell)
    cover(cast, tell)
    consent(cast, tell)
    break_the_glass(cast, tell)
    request_records(cast, tell)
    guard(cast, tell)
    hand_over(cast, tell)
    tell_apart(cast, tell)


def write_notes(cast: Cast, tell: "Teller") -> None:
    """Asha writes a note, mends and signs it; says more later; takes another one back."""
    asha, patient = cast.asha, str(cast.patient.id)
    draft = {"patient": patient, "text": "Walks without a limp."}
    one = tell(asha, "post", "/clinical-notes", draft)["id"]
    tell.edit(asha, "/clinical-notes/{id}", {"text": "Walks without a limp, slowly."}, id=one)
    tell(asha, "post", "/clinical-notes/{id}/sign", id=one)
    more = {"text": "Walks upstairs too.", "because": "Asked again."}
    tell(asha, "post", "/clinical-notes/{id}/amend", more, id=one)
    other = tell(asha, "post", "/clinical-notes", {**draft, "sign": True})["id"]
    tell(asha, "post", "/clinical-notes/{id}/mark-in-error", BECAUSE, id=other)
    told = {
        "patient": patient,
        "text": "Sleeps through the night again.",
        "agreed_at": NOW.isoformat(),
        "agreed_how": "spoken",
    }
    summary = tell(asha, "post", "/care-summaries", told)["id"]
    tell(asha, "post", "/care-summaries/{id}/withdraw", id=summary)


def visit(cast: Cast, tell: "Teller") -> None:
    """One visit ends, one does not take place, one was another patient's."""
    asha = cast.asha
    begun = {
        "patient": str(cast.patient.id),
        "encounter_class": "in_person",
        "started_at": NOW.isoformat(),
    }

    def begin() -> Any:
        return tell(asha, "post", "/encounters", begun)["id"]

    tell(asha, "post", "/encounters/{id}/finish", {}, id=begin())
    tell(asha, "post", "/encounters/{id}/cancel", {"because": "Felt faint."}, id=begin())
    tell(asha, "post", "/encounters/{id}/mark-in-error", BECAUSE, id=begin())


def cover(cast: Cast, tell: "Teller") -> None:
    """Sam writes down who pays, and what changed."""
    sam = cast.sam
    paid = {"patient": str(cast.patient.id), "payer": "Test Mutual (fictional)", "starts_on": DAY}
    one = tell(sam, "post", "/coverages", paid)["id"]
    tell.edit(sam, "/coverages/{id}", {"sessions_allowed": 12}, id=one)
    tag = sam.client.get(f"/api/v1/coverages/{one}")["ETag"]
    tell(sam, "delete", "/coverages/{id}", tag=tag, id=one)


def consent(cast: Cast, tell: "Teller") -> None:
    """The patient agrees to care and to mails, and locks something away for a while."""
    sam, patient = cast.sam, str(cast.patient.id)
    agreed = {**SPOKEN, "patient": patient, "category": "treatment", "decision": "permit"}
    tell(sam, "post", "/consents", agreed)
    mails = {
        "patient": patient,
        "purpose": "care",
        "channel": "email",
        "basis": "express",
        "means": "spoken",
        "wording": "1",
        "evidence": "Form of 23 November",
    }
    tell(sam, "post", "/messaging-consents", mails)
    locked = {
        **SPOKEN,
        "patient": patient,
        "target": "discipline",
        "target_discipline": "psychotherapy",
        "audience": "practitioner",
        "audience_practitioner": str(cast.gus.practitioner_role.practitioner_id),
    }
    one = tell(sam, "post", "/directives", locked)["id"]
    tell(cast.pia, "post", "/directives/{id}/end", SPOKEN, id=one)


def break_the_glass(cast: Cast, tell: "Teller") -> None:
    """Gus must see the record at once; Pia judges it afterwards."""
    why = {
        "patient": str(cast.patient.id),
        "reason_code": "risk_of_harm",
        "reason": "Fainted in the hall.",
        "minutes": 30,
    }
    one = tell(cast.gus, "post", "/overrides", why)["id"]
    tell(cast.gus, "post", "/overrides/{id}/end", id=broken_before(cast))
    found = {"verdict": "appropriate", "note": "He was the nearest."}
    tell(cast.pia, "post", "/overrides/{id}/review", found, id=one)


def broken_before(cast: Cast) -> Any:
    """Return an override of Gus's that is open since a while: time stands still in the story."""
    with cast.acting():
        return break_glass(
            cast.patient.id,
            practitioner_role_id=None,
            reason_code="risk_of_harm",
            reason="Fainted on the stairs.",
            minutes=60,
            opens_withheld=False,
            actor=cast.gus.actor(),
            now=NOW + timedelta(minutes=30),
        ).id


def request_records(cast: Cast, tell: "Teller") -> None:
    """The patient asks for the record, for corrections, and disagrees with a refusal."""
    pia = cast.pia
    asked = {"patient": str(cast.patient.id), "kind": "access", "text": "All of it."}

    def ask(**changes: Any) -> Any:
        return tell(pia, "post", "/record-requests", {**asked, **changes})["id"]

    one = ask()
    tell(pia, "post", "/record-requests/{id}/grant", {"answer": "Within a week."}, id=one)
    tell(pia, "post", "/record-requests/{id}/fulfil", {}, id=one)
    other = ask(kind="correction", text="I never smoked.")
    refused = {"refusal": "not_inaccurate", "answer": "The note says so already."}
    tell(pia, "post", "/record-requests/{id}/refuse", refused, id=other)
    tell(pia, "post", "/record-requests/{id}/disagree", {"text": "It does not."}, id=other)
    tell(pia, "post", "/record-requests/{id}/withdraw", {"answer": "By phone."}, id=ask())


def guard(cast: Cast, tell: "Teller") -> None:
    """Pia holds and keeps records and looks at who looked; Ada narrows what a discipline may do."""
    ada, pia, patient = cast.ada, cast.pia, str(cast.patient.id)
    held = {"patient": patient, "reason": "A claim.", "ordered_by": "Test court (fictional)"}
    one = tell(pia, "post", "/legal-holds", held)["id"]
    tell(pia, "post", "/legal-holds/{id}/release", {"reason": "Settled."}, id=one)
    policy = {
        "record_kind": "ClinicalNote",
        "years_after_last_contact": 12,
        "minor_until_age": 18,
        "years_after_minority": 10,
    }
    tell(pia, "post", "/retention-policies", policy)
    narrowed = {"entry": "plan.close", "discipline": "massage_therapy", "reason": "Leads close."}
    other = tell(ada, "post", "/scope-narrowings", narrowed)["id"]
    tell(ada, "post", "/scope-narrowings/{id}/lift", id=other)
    verdict = {"verdict": "appropriate", "reason": "Stood in for a colleague."}
    tell(pia, "post", "/access-reviews/{id}/decide", verdict, id=looked_at(cast).id)


def looked_at(cast: Cast) -> AccessReview:
    """Return a look without a reason that was drawn for review."""
    then = NOW - timedelta(days=5)
    with cast.acting():
        audit.record(
            actor=cast.gus.actor(then),
            now=then,
            action=audit.Action.READ,
            event="Patient.read",
            resource="Patient",
            patient_ids=[cast.patient.id],
        )
        access_reviews.draw(cast.riverside.id, date(2026, 11, 16), seed=1, now=NOW)
        return AccessReview.objects.filter(patient_id=cast.patient.id)[0]


def hand_over(cast: Cast, tell: "Teller") -> None:
    """Asha offers the lead; the desk assigns it; it is declined, withdrawn and accepted."""
    asha, ben, sam = cast.asha, cast.ben, cast.sam
    to_ben = {"practitioner_role": str(ben.practitioner_role.id)}

    def offer(patient: str) -> Any:
        over = {**to_ben, "because": "Moves to Uptown."}
        return tell(asha, "post", "/patients/{id}/hand-over", over, id=patient)["id"]

    patients = [newcomer(cast, tell) for _ in range(2)]
    one = offer(patients[0])
    tell(ben, "post", "/hand-offs/{id}/decline", {"reason_code": "no_capacity"}, id=one)
    tell(sam, "post", "/hand-offs/{id}/assign", to_ben, id=one)
    tell(ben, "post", "/hand-offs/{id}/accept", {"evidence_reviewed": True}, id=one)
    tell(asha, "post", "/hand-offs/{id}/withdraw", id=offer(patients[1]))


def newcomer(cast: Cast, tell: "Teller") -> str:
    """Return somebody else whom Asha leads."""
    lead = str(cast.asha.practitioner_role.id)
    names = {"family_name": "Côté", "given_name": "Rosalie", "birth_date": "1971-08-30"}
    return str(tell(cast.sam, "post", "/patients", {**names, "lead": lead})["id"])


def tell_apart(cast: Cast, tell: "Teller") -> None:
    """Sam finds that two records are two people, then that they are one, then two again."""
    sam, why = cast.sam, {"because": "Compared the cards."}
    with cast.acting():
        review = pair(cast)
    at = "/duplicate-reviews/{id}"
    tell(sam, "post", f"{at}/not-the-same", why, id=review.id)
    tell(sam, "post", f"{at}/reopen", why, id=review.id)
    tell(sam, "post", f"{at}/merge", {**why, "survivor": str(cast.patient.id)}, id=review.id)
    tell(sam, "post", f"{at}/unmerge", why, id=review.id)
