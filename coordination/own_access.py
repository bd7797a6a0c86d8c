"""A patient's own access log: who looked at their record, when, at what, and why.

Ontario's PHIPA lets a patient ask who was given what of theirs; here they see it themselves. A row
says nothing of the other patients that the same list disclosed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from coordination import access_words, audit
from coordination.actors import Actor, Role
from coordination.languages import ENGLISH, Language, notice_of
from coordination.models import (
    AuditEvent,
    Discipline,
    Membership,
    Patient,
    PractitionerRole,
    User,
)
from coordination.persons import records_of_person
from coordination.phrases import ACCESS_LOG, in_access_log
from coordination.problems import NotFound, Problem
from coordination.staff import admit_member
from coordination.tenancy import acting_in


class NoOwnRecord(NotFound):
    """The login belongs to no patient of this organization."""

    type = "no-own-record"


class LoginTaken(Problem):
    """The patient has a login already, or the login another patient."""

    type = "patient-login-taken"
    title = "There is a login already"


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the log, in plain words."""

    id: UUID
    at: datetime
    who: str
    disciplines: list[str]
    works_as: list[str]
    done: str
    what: str
    why: str
    purpose: str
    translation_notice: str


def own_patient(actor: Actor) -> Patient:
    """Return the patient whose login acts. Raises `NoOwnRecord`."""
    found = Patient.objects.filter(user_id=actor.user_id).first() if actor.user_id else None
    if found is None or Role.PATIENT not in actor.roles:
        raise NoOwnRecord("This login belongs to no patient here.")
    return found


def own_record(actor: Actor) -> Patient:
    """Return the record that goes on of the patient whose login acts. Raises `NoOwnRecord`."""
    mine = own_patient(actor)
    return mine if mine.merged_into_id is None else Patient.objects.get(pk=mine.merged_into_id)


def own_accesses(actor: Actor) -> QuerySet[AuditEvent, AuditEvent]:
    """Return the audit rows that disclosed or changed something of the actor. Unordered."""
    return AuditEvent.objects.filter(patient_ids__overlap=records_of_person(own_patient(actor)))


def told_plainly(
    rows: Iterable[AuditEvent], *, language: Language = ENGLISH, actor: Actor, now: datetime
) -> list[Access]:
    """Return rows in plain words of a language, and record that the patient read them."""
    patient, found = own_patient(actor), list(rows)
    people = _people({row.user_id for row in found if row.user_id}, language)
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.READ,
        event="access-log.read",
        resource="AccessLog",
        resource_id=patient.id,
        patient_ids=[patient.id],
        basis=audit.Basis.SELF,
        purpose=audit.Purpose.PATIENT_REQUEST,
    )
    records = set(records_of_person(patient))
    return [
        _plainly(row, records, people, language) for row in found if records & set(row.patient_ids)
    ]


def bind_login(
    patient_id: UUID,
    *,
    organization_id: UUID,
    email: str,
    password: str | None,
    now: datetime,
) -> tuple[User, bool]:
    """Give a patient a login of their own, which sees their own access log and nothing else.

    Returns the login and whether it is new; one that exists keeps its name and password. Raises
    `NoOwnRecord` for an unknown patient, `LoginTaken`, and what `admit_member` raises.
    """
    with acting_in(organization_id):
        patient = Patient.objects.filter(pk=patient_id).first()
        if patient is None:
            raise NoOwnRecord("There is no such patient.")
        if patient.user_id:
            raise LoginTaken("This patient has a login already.")
        name = f"{patient.given_name} {patient.family_name}"
        user, is_new = admit_member(
            organization_id, email=email, name=name, role=Role.PATIENT, password=password, now=now
        )
        try:
            with transaction.atomic():
                Patient.objects.filter(pk=patient.pk, user=None).update(user=user)
        except IntegrityError as error:
            raise LoginTaken("This login belongs to another patient.") from error
        audit.record(
            actor=Actor.system("operator", organization_id),
            now=now,
            action=audit.Action.UPDATE,
            event="patient.login-bound",
            resource="Patient",
            resource_id=patient.id,
            patient_ids=[patient.id],
            purpose=audit.Purpose.OPERATIONS,
        )
    return user, is_new


@dataclass(slots=True)
class _Person:
    name: str
    disciplines: list[str]
    works_as: list[str]


def _people(ids: set[UUID], language: Language) -> dict[UUID, _Person]:
    users = {user.id: _Person(user.name, [], []) for user in User.objects.filter(pk__in=ids)}
    roles = PractitionerRole.objects.filter(practitioner__user__in=ids)
    for user_id, discipline in roles.values_list("practitioner__user", "discipline").distinct():
        users[user_id].disciplines.append(in_access_log(Discipline(discipline).label, language))
    hats = Membership.objects.filter(user__in=ids).values_list("user", "role").distinct()
    for user_id, role in hats.order_by("role"):
        users[user_id].works_as.append(in_access_log(Role(role).label, language))
    return users


def _plainly(
    row: AuditEvent, records: set[UUID], people: dict[UUID, _Person], language: Language
) -> Access:
    person = people.get(row.user_id) if row.user_id else None
    about = zip(row.patient_ids, row.bases, strict=True)
    bases = [basis for one, basis in about if one in records]
    done, what = access_words.told(row, language)
    return Access(
        id=row.id,
        at=row.recorded_at,
        who=access_words.name_of(row, person.name if person else None, language),
        disciplines=sorted(person.disciplines) if person else [],
        works_as=person.works_as if person else [],
        done=done,
        what=what,
        why=access_words.reason(row, bases[0], language),
        purpose=access_words.purpose(row, language),
        translation_notice=notice_of(ACCESS_LOG, language),
    )
