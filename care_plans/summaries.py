"""What crosses lanes: a summary or a goal that its author wrote for the team, by agreement."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from care_plans.authorship import about, author_of
from care_plans.models import CareSummary
from care_plans.recording import moment
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.corrections import close_requests_about, with_statements
from coordination.models import Patient
from coordination.problems import Denied, Invalid, NotAllowed, NotFound


class SummaryNotFound(NotFound):
    """No such summary, or none that this actor may read."""

    type = "care-summary-not-found"


class AgreementTakenBack(NotAllowed):
    """The patient has taken the agreement back already."""

    type = "agreement-taken-back"


def summaries_visible_to(
    actor: Actor, now: datetime, *, narrow: Any = owned_by_patient
) -> QuerySet[CareSummary, CareSummary]:
    """Return the summaries that the actor may read."""
    rows = CareSummary.objects.select_related("author__practitioner")
    return with_statements(narrow(rows, actor, now), actor, now)


@transaction.atomic
def write_summary(
    patient_id: UUID,
    *,
    kind: str,
    text: str,
    agreed_at: datetime,
    agreed_how: str,
    written_at: datetime | None = None,
    course_id: UUID | None = None,
    author_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> CareSummary:
    """Tell the team something in words that the patient agreed to, and how they agreed.

    The words are the author's: nothing is copied from a note. Raises `PatientNotFound`, `Denied`,
    `Invalid`.
    """
    patient = patient_for(actor, patient_id, now=now)
    must_go_on(patient)
    role = author_of("summary.write", patient, author_id, actor=actor, now=now)
    if not text.strip():
        raise Invalid.field("/text", "A summary says something.")
    if agreed_at > now:
        raise Invalid.field("/agreed_at", "This lies in the future.")
    summary = CareSummary.objects.create(
        **about(patient, course_id, actor=actor, now=now),
        author=role,
        discipline=role.discipline,
        kind=kind,
        text=text,
        agreed_at=agreed_at,
        agreed_how=agreed_how,
        written_at=_written(written_at, patient, now),
    )
    _tell("care-summary.written", summary, actor=actor, now=now, action=audit.Action.CREATE)
    return summary


@transaction.atomic
def withdraw_summary(summary_id: UUID, *, actor: Actor, now: datetime) -> CareSummary:
    """Close a summary to the team because the patient took the agreement back.

    What was asked about it is closed with it. Its author does it, or another of the author's
    discipline in the circle. Raises `SummaryNotFound`, `Denied`, `AgreementTakenBack`.
    """
    summary = summaries_visible_to(actor, now).filter(pk=summary_id).first()
    if summary is None:
        raise SummaryNotFound("There is no such summary within your reach.")
    if summary.discipline not in actor.disciplines:
        raise Denied("Only the author's discipline closes a summary.", rule="summary.withdraw")
    closed = CareSummary.objects.filter(pk=summary.pk, withdrawn_at=None).update(
        sensitivity=CareSummary.Sensitivity.WITHDRAWN, withdrawn_at=now
    )
    if not closed:
        raise AgreementTakenBack("The agreement to this summary was taken back already.")
    summary.refresh_from_db(fields=["sensitivity", "withdrawn_at"])
    close_requests_about("CareSummary", summary.pk, sensitivity=summary.sensitivity)
    _tell("care-summary.withdrawn", summary, actor=actor, now=now)
    return summary


def _written(at: datetime | None, patient: Patient, now: datetime) -> datetime:
    try:
        return moment(at, patient, None, now=now)
    except Invalid as error:
        raise Invalid.field("/written_at", error.detail) from error


def _tell(
    event: str,
    summary: CareSummary,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
) -> None:
    tell(
        event,
        subject="CareSummary",
        subject_id=summary.pk,
        patient_id=summary.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"kind": summary.kind, "agreed_how": summary.agreed_how},
    )
