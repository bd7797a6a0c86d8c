"""The chapters about who answers for a record: hand-offs, duplicates, requests, keeping, review."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from care_plans import lapses
from coordination import access_reviews, audit
from coordination.models import (
    AccessReview,
    Discipline,
    DuplicateReview,
    HandOff,
    Patient,
    PractitionerRole,
)
from tests.cast import NOW, Cast, make_patient, make_person

if TYPE_CHECKING:
    from tests.story import Teller

WEEK = date(2026, 11, 16)
TRULY = {"because": "Compared the cards at the desk."}


def guard_records(cast: Cast, tell: "Teller") -> None:
    """Tell everything that is about who answers for a record, and for how long."""
    hand_over(cast, tell)
    take_over_from_the_lapsed(cast, tell)
    compare(cast, tell)
    ask_of_the_record(cast, tell)
    keep(cast, tell)
    narrow(cast, tell)
    review(cast, tell)


def hand_over(cast: Cast, tell: "Teller") -> None:
    """Ben declines one patient and takes another; a third stays with Asha after all."""
    asha, ben = cast.asha, cast.ben
    for step, who, body in (
        ("decline", ben, {"reason_code": "no_capacity"}),
        ("withdraw", asha, None),
        ("accept", ben, {"evidence_reviewed": True}),
    ):
        patient = make_patient(asha, family_name="Fictive", given_name=step.capitalize())
        offered = {
            "practitioner_role": str(ben.practitioner_role.id),
            "because": "Moves away.",
            "note": "Prefers mornings.",
        }
        one = tell(asha, "post", "/patients/{id}/hand-over", offered, id=patient.id)["id"]
        tell(who, "post", f"/hand-offs/{{id}}/{step}", body, id=one)


def take_over_from_the_lapsed(cast: Cast, tell: "Teller") -> None:
    """Ilya's registration ends; Sam names who takes over."""
    with cast.acting():
        place = PractitionerRole.objects.get(pk=cast.asha.practitioner_role.pk).location
    ilya = make_person(cast.riverside, "Ilya", discipline=Discipline.PHYSIOTHERAPY, location=place)
    patient = make_patient(ilya, family_name="Fictive", given_name="Left")
    with cast.acting():
        ended = NOW.date() - timedelta(days=1)
        PractitionerRole.objects.filter(pk=ilya.practitioner_role.pk).update(registered_until=ended)
    lapses.check_lapses(now=NOW)
    with cast.acting():
        waiting = HandOff.objects.get(patient=patient).id
    asked = {"practitioner_role": str(cast.gus.practitioner_role.id)}
    tell(cast.sam, "post", "/hand-offs/{id}/assign", asked, id=waiting)


def compare(cast: Cast, tell: "Teller") -> None:
    """Two records look like one person: they are not, they are, and they are not after all."""
    sam = cast.sam
    first = make_patient(cast.asha, family_name="Double", given_name="Dana")
    with cast.acting():
        card = first.identifiers.get()
        shown = {"kind": card.kind, "system": card.system, "value": card.value}
    again = {
        "family_name": "Doubel",
        "given_name": "Dana",
        "lead": str(cast.asha.practitioner_role.id),
        "identifiers": [shown],
    }
    tell(sam, "post", "/patients", again)
    with cast.acting():
        pair = DuplicateReview.objects.get(candidate=first).id
    at = "/duplicate-reviews/{id}"
    tell(sam, "post", f"{at}/not-the-same", TRULY, id=pair)
    tell(sam, "post", f"{at}/reopen", TRULY, id=pair)
    tell(sam, "post", f"{at}/merge", {**TRULY, "survivor": str(first.id)}, id=pair)
    tell(sam, "post", f"{at}/unmerge", TRULY, id=pair)


def ask_of_the_record(cast: Cast, tell: "Teller") -> None:
    """The patient asks for access, twice, and for a correction, which is refused."""
    pia, patient = cast.pia, str(cast.patient.id)

    def ask(**more: Any) -> Any:
        asked = {"patient": patient, "kind": "access", "text": "All of my record.", **more}
        return tell(pia, "post", "/record-requests", asked)["id"]

    granted = ask()
    tell(pia, "post", "/record-requests/{id}/grant", {"answer": "Come on Friday."}, id=granted)
    tell(pia, "post", "/record-requests/{id}/fulfil", {}, id=granted)
    tell(pia, "post", "/record-requests/{id}/withdraw", {"answer": "As you wish."}, id=ask())
    draft = {"patient": patient, "text": "Left knee swollen.", "sign": True}
    note = tell(cast.asha, "post", "/clinical-notes", draft)["id"]
    wrong = ask(
        kind="correction", resource="ClinicalNote", resource_id=note, text="It was the right knee."
    )
    told = {"refusal": "professional_opinion", "answer": "It is what was found that day."}
    tell(pia, "post", "/record-requests/{id}/refuse", told, id=wrong)
    said = {"text": "I know which knee it was."}
    tell(cast.asha, "post", "/record-requests/{id}/disagree", said, id=wrong)


def keep(cast: Cast, tell: "Teller") -> None:
    """Pia holds everything of a patient for a while, and says how long notes are kept."""
    pia = cast.pia
    held = {"patient": str(cast.patient.id), "reason": "A claim.", "ordered_by": "A court."}
    one = tell(pia, "post", "/legal-holds", held)["id"]
    tell(pia, "post", "/legal-holds/{id}/release", {"reason": "Settled."}, id=one)
    policy = {
        "record_kind": "ClinicalNote",
        "years_after_last_contact": 20,
        "minor_until_age": 18,
        "years_after_minority": 10,
    }
    tell(pia, "post", "/retention-policies", policy)


def narrow(cast: Cast, tell: "Teller") -> None:
    """Ada takes something away from a discipline, and gives it back."""
    taken = {"entry": "plan.close", "discipline": "nutrition", "reason": "House rule."}
    one = tell(cast.ada, "post", "/scope-narrowings", taken)["id"]
    tell(cast.ada, "post", "/scope-narrowings/{id}/lift", id=one)


def review(cast: Cast, tell: "Teller") -> None:
    """Gus looked without a reason; it is drawn, and Pia judges it."""
    drawn = look_and_draw(cast, cast.patient)
    found = {"verdict": "appropriate", "reason": "Answered the phone for a colleague."}
    tell(cast.pia, "post", "/access-reviews/{id}/decide", found, id=drawn)


def look_and_draw(cast: Cast, patient: Patient) -> Any:
    """Let Gus read a patient out of his reach, and draw the week's sample."""
    then = NOW - timedelta(days=5)
    with cast.acting():
        audit.record(
            actor=cast.gus.actor(then),
            now=then,
            action=audit.Action.READ,
            event="Patient.read",
            resource="Patient",
            patient_ids=[patient.id],
        )
        access_reviews.draw(cast.riverside.id, WEEK, seed=1, now=NOW)
        return AccessReview.objects.get(patient=patient, actor=cast.gus.user.email).id
