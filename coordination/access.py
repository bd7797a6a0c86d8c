"""The second fence: the circle of care.

Nothing that a patient owns is fetched any other way than through this module. A practitioner sees
the patients for whom an `AccessGrant` gives a reason now; a scheduler has the *directory view* of
every patient of the organization (identity, contacts, bookings, referral logistics), never
clinical content; a privacy officer has the *oversight view* (identity, to guard what is done with
it); an administrator sees no patient at all. What a patient had locked away, and what is closed by
default, is left out by `coordination.disclosure`, which `owned_by_patient` asks for every row.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    BooleanField,
    DateTimeField,
    F,
    Func,
    Model,
    Q,
    QuerySet,
    Value,
)

from coordination.actors import Actor, Role
from coordination.disclosure import View, disclosed_to, labels_of
from coordination.models import AccessGrant, Patient, current
from coordination.problems import NotAllowed, NotFound

__all__ = [
    "PatientMerged",
    "PatientNotFound",
    "View",
    "circle",
    "formerly",
    "must_go_on",
    "nameable_by",
    "owned_by_patient",
    "patient_for",
    "patients_visible_to",
    "readable_by",
    "within_reach",
]


class PatientNotFound(NotFound):
    """No such patient, or none that this actor has a reason to see."""

    type = "patient-not-found"


class PatientMerged(NotAllowed):
    """The record was merged into another one (`patient`), which goes on."""

    type = "patient-merged"


#: the hats that reach every patient of the organization in a view
_HATS: dict[View, frozenset[Role]] = {
    "directory": frozenset({Role.SCHEDULER}),
    "oversight": frozenset({Role.PRIVACY_OFFICER}),
}


class IsAnyOf(Func):
    """Whether a column is one of a list that the database draws up once, before it looks for rows.

    A circle of care is small and so drives the query; as a subquery, PostgreSQL may walk through
    the whole organization and ask of each row whether it is in the circle.
    """

    function = None
    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    arity = 2
    output_field = BooleanField()


class Both(Func):
    """Two lists as one."""

    function = "array_cat"
    arity = 2


def circle(actor: Actor, now: datetime) -> QuerySet[AccessGrant, UUID]:
    """Return the ids of the patients whom a practitioner has a reason to see now."""
    return (
        AccessGrant.objects.filter(
            current(now),
            organization_id=actor.organization_id,
            practitioner_role_id__in=actor.practitioner_role_ids,
        )
        .order_by()
        .values_list("patient_id", flat=True)
    )


def formerly(actor: Actor, now: datetime) -> QuerySet[AccessGrant, UUID]:
    """Return the ids of the patients whose team a practitioner left not long ago.

    Not long is `FORMER_MEMBER_DAYS`. What that opens is no more than `readable_by` says.
    """
    return (
        AccessGrant.objects.filter(
            organization_id=actor.organization_id,
            practitioner_role_id__in=actor.practitioner_role_ids,
            basis=AccessGrant.Basis.MEMBERSHIP,
            until__lte=now,
            # reckoned by the database, so that the statement is one and the same each day
            until__gt=Value(now, DateTimeField()) - timedelta(days=settings.FORMER_MEMBER_DAYS),
        )
        .order_by()
        .values_list("patient_id", flat=True)
    )


def within_reach(
    actor: Actor, now: datetime, *, view: View = "clinical", path: str = "patient_id"
) -> Q:
    """Select the rows whose patient (at `path`) the actor may see in this view.

    The software itself sees all of the organization whose transaction it is in.
    """
    mine = Q(organization_id=actor.organization_id)
    if actor.is_software or _HATS.get(view, frozenset()) & actor.roles:
        return mine
    if view == "oversight":
        return Q(pk__in=[])
    if not actor.practitioner_roles:
        return Q(pk__in=[])
    mine_to_see = ArraySubquery(circle(actor, now))
    return mine & Q(IsAnyOf(F(path), Both(mine_to_see, ArraySubquery(_merged(actor, now)))))


def _merged(actor: Actor, now: datetime) -> QuerySet[Patient, UUID]:
    """Return the records that are read with those of the circle, being of the same persons.

    What is locked away on either is locked away on both (`coordination.lockbox`).
    """
    return (
        Patient.objects.filter(
            organization_id=actor.organization_id,
            merged_into__isnull=False,
            merged_into_id__in=circle(actor, now),
        )
        .order_by()
        .values_list("pk", flat=True)
    )


def must_go_on(patient: Patient) -> None:
    """Raise `PatientMerged` for a record on which nothing new begins, because another goes on.

    Until the transaction ends nobody merges the record: the row is held as the foreign key of
    what begins on it would hold it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT merged_into_id FROM coordination_patient WHERE id = %s FOR KEY SHARE",
            [patient.pk],
        )
        ((goes_on,),) = cursor.fetchall()
    if goes_on is not None:
        raise PatientMerged(
            "This record was merged into another one of the same person; use that one.",
            patient=str(goes_on),
        )


def patients_visible_to(
    actor: Actor, now: datetime, *, view: View = "clinical"
) -> QuerySet[Patient, Patient]:
    """Return the patients that the actor may see in this view."""
    return Patient.objects.filter(within_reach(actor, now, view=view, path="pk"))


def patient_for(
    actor: Actor,
    patient_id: UUID,
    *,
    now: datetime,
    view: View = "clinical",
    lock: bool = False,
) -> Patient:
    """Return one patient, or raise `PatientNotFound` alike for missing and for forbidden.

    `lock` holds the patient's row until the transaction ends, so that two callers who both want
    to open something for this patient run one after the other.
    """
    found = patients_visible_to(actor, now, view=view)
    if lock:
        found = found.select_for_update(of=("self",), no_key=True)
    patient = found.filter(pk=patient_id).first()
    if patient is None:
        raise PatientNotFound("There is no such patient within your reach.")
    return patient


def readable_by[M: Model](
    rows: QuerySet[M, M], actor: Actor, now: datetime, *, path: str = "patient_id"
) -> QuerySet[M, M]:
    """Narrow rows to those that the actor may read, also as a former member of the team.

    Whoever has left goes on reading what they wrote themselves, for `FORMER_MEMBER_DAYS`, and
    nothing else; they can change none of it. For reading only: whoever acts asks
    `owned_by_patient`.
    """
    own = Q(pk__in=[])
    if (author := labels_of(rows.model).author) and actor.practitioner_roles:
        own = Q(
            IsAnyOf(F(path), ArraySubquery(formerly(actor, now))),
            **{f"{author}__in": actor.practitioner_role_ids},
            organization_id=actor.organization_id,
        )
    mine = within_reach(actor, now, path=path) & disclosed_to(rows.model, actor, now)
    return rows.filter(mine | own)


def owned_by_patient[M: Model](
    rows: QuerySet[M, M],
    actor: Actor,
    now: datetime,
    *,
    view: View = "clinical",
    path: str = "patient_id",
) -> QuerySet[M, M]:
    """Narrow any patient-owned rows to those that the actor may see in this view.

    Both fences are asked: the circle of care, and what is withheld (`coordination.disclosure`).
    """
    return rows.filter(
        within_reach(actor, now, view=view, path=path),
        disclosed_to(rows.model, actor, now, view=view),
    )


def nameable_by[M: Model](rows: QuerySet[M, M], actor: Actor, now: datetime) -> QuerySet[M, M]:
    """Narrow a patient's rows to those that the actor may name in what somebody decided.

    Oversight may name every record, whose ids the audit trail tells them; the desk what the desk
    reads, and everybody else what they read. All others are answered for as missing.
    """
    labels = labels_of(rows.model)
    view: View = "directory" if labels.is_logistic else "clinical"
    if Role.PRIVACY_OFFICER in actor.roles:
        view = "oversight"
    return owned_by_patient(rows, actor, now, view=view, path=labels.patient)
