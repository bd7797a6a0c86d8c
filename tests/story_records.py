"""The chapters about records: notes, consents, hand-offs, duplicates, and who guards them."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from coordination.break_glass import break_glass
from coordination.moments import as_text
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
        "agreed_at": as_text(NOW),
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
        "started_at": as_text(NOW),
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
