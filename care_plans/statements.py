"""What patients want, in their own words: kept as said, by themselves or by whoever heard it.

Nothing of the words is changed on the way in: no trimming, no normalizing, no other line breaks.
Each wording stays; a later one stands beside it.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from care_plans import scope
from care_plans.models import CarePlan, PatientStatement, PatientStatementVersion
from care_plans.plans import PlanClosed, plan_for
from care_plans.telling import tell
from coordination import audit
from coordination.access import owned_by_patient
from coordination.actors import Actor, Role
from coordination.models import PractitionerRole
from coordination.own_access import own_record
from coordination.persons import records_of_person
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, VersionMismatch
from coordination.refusals import Words, actions_from

Status = PatientStatement.Status
MOST_CHARACTERS = 5000

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], PatientStatement.Status] = {
    (Status.ACTIVE, "achieve"): Status.ACHIEVED,
    (Status.ACTIVE, "withdraw"): Status.WITHDRAWN,
    (Status.ACHIEVED, "take-up-again"): Status.ACTIVE,
    (Status.WITHDRAWN, "take-up-again"): Status.ACTIVE,
}
WORDS = Words(
    subject="This statement",
    states={
        Status.ACTIVE: "is what the patient wants",
        Status.ACHIEVED: "was reached",
        Status.WITHDRAWN: "is not wanted any more",
    },
    actions={"achieve": "reached", "withdraw": "withdrawn", "take-up-again": "taken up again"},
)
#: the form of a BCP 47 tag; which tags there are, nobody asks here
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class StatementNotFound(NotFound):
    """No such statement, or none within reach."""

    type = "patient-statement-not-found"


class NoOpenPlan(NotAllowed):
    """The patient has no plan under way on which this could stand."""

    type = "no-open-plan"


def statements_of(actor: Actor) -> QuerySet[PatientStatement, PatientStatement]:
    """Return the statements of the patient whose login acts. Raises `NoOwnRecord`."""
    rows: QuerySet[PatientStatement, PatientStatement] = PatientStatement.objects.filter(
        patient__in=records_of_person(own_record(actor))
    )
    return rows


def statement_for(actor: Actor, statement_id: UUID, *, now: datetime) -> PatientStatement:
    """Return a statement within reach (one's own, as a patient), or raise `StatementNotFound`."""
    if Role.PATIENT in actor.roles:
        rows = statements_of(actor)
    else:
        rows = owned_by_patient(PatientStatement.objects.all(), actor, now)
    found = rows.select_related("care_plan").filter(pk=statement_id).first()
    if found is None:
        raise StatementNotFound("There is no such statement within your reach.")
    return found


@transaction.atomic
def state(
    plan_id: UUID | None, *, kind: str, text: str, language: str, actor: Actor, now: datetime
) -> PatientStatement:
    """Write down what the patient wants, character for character; return it.

    A practitioner names the plan and writes what the patient said; a patient writes on the plan
    that they have open. Raises `PlanNotFound`, `PlanClosed`, `NoOpenPlan`, `Denied`, `Invalid`.
    """
    by_patient = Role.PATIENT in actor.roles
    plan = _own_plan(actor) if by_patient else _plan(plan_id, actor, now)
    role = None if by_patient else scope.require("statement.write", plan, actor=actor)
    if kind not in PatientStatement.Kind.values:
        raise Invalid.field("/kind", f"One of: {', '.join(PatientStatement.Kind.values)}.")
    _check(text, language)
    statement: PatientStatement = PatientStatement.objects.create(
        organization_id=plan.organization_id,
        patient_id=plan.patient_id,
        care_plan=plan,
        kind=kind,
        text=text,
        language=language,
        by_patient=by_patient,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    _keep(statement)
    _tell("patient-statement.stated", statement, audit.Action.CREATE, actor, now)
    return statement


@transaction.atomic
def reword(
    statement_id: UUID,
    *,
    version: int,
    text: str | None = None,
    language: str | None = None,
    actor: Actor,
    now: datetime,
) -> PatientStatement:
    """Say it in other words; what was said before stays in its history, what is None stays.

    What the patient wrote only the patient rewords. Raises `StatementNotFound`, `Denied`,
    `Invalid`, `PlanClosed`, and `VersionMismatch` when somebody else was faster.
    """
    statement = statement_for(actor, statement_id, now=now)
    role = _may_write(statement, actor)
    if role is not None and statement.by_patient:
        raise Denied(
            "The patient wrote this: only they reword it. Write down beside it what they say now.",
            rule="statement.own-words",
        )
    text = statement.text if text is None else text
    language = statement.language if language is None else language
    _check(text, language)
    changes = {"text": text, "language": language}
    return _write(statement, version, changes, role, "reworded", actor=actor, now=now)


@transaction.atomic
def move_statement(
    statement_id: UUID, action: str, *, actor: Actor, now: datetime
) -> PatientStatement:
    """Say that the patient got there, does not want it any more, or wants it again.

    Raises `StatementNotFound`, `Denied`, `NotAllowed` for a move that is not there, `PlanClosed`,
    and `VersionMismatch` when somebody else was faster.
    """
    statement = statement_for(actor, statement_id, now=now)
    role = _may_write(statement, actor)
    target = MOVES.get((statement.status, action))
    if target is None:
        instead = actions_from(MOVES, statement.status)
        raise NotAllowed(WORDS.refuse(statement.status, action, instead))
    return _write(
        statement, statement.version, {"status": target}, role, action, actor=actor, now=now
    )


def _own_plan(actor: Actor) -> CarePlan:
    mine = CarePlan.objects.select_for_update(no_key=True).filter(
        patient=own_record(actor), status=CarePlan.Status.OPEN
    )
    plan: CarePlan | None = mine.first()
    if plan is None:
        raise NoOpenPlan("You have no care plan under way.")
    return plan


def _plan(plan_id: UUID | None, actor: Actor, now: datetime) -> CarePlan:
    if plan_id is None:
        raise Invalid.field("/care_plan", "Say on which plan.")
    plan = plan_for(actor, plan_id, now=now, lock=True)
    _must_be_open(plan)
    return plan


def _must_be_open(plan: CarePlan) -> None:
    if plan.status != CarePlan.Status.OPEN:
        raise PlanClosed("This plan is closed.")


def _may_write(statement: PatientStatement, actor: Actor) -> PractitionerRole | None:
    """Return the role in which a practitioner writes, None for the patient."""
    role = None
    if Role.PATIENT not in actor.roles:
        role = scope.require("statement.write", statement, actor=actor)
    _must_be_open(statement.care_plan)
    return role


def _check(text: str, language: str) -> None:
    if not text.strip():
        raise Invalid.field("/text", "This says nothing.")
    if len(text) > MOST_CHARACTERS:
        raise Invalid.field("/text", f"At most {MOST_CHARACTERS} characters.")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid.field("/text", "This holds a character that no text can hold.")
    if len(language) > 35 or not _TAG.fullmatch(language):
        raise Invalid.field("/language", "A BCP 47 tag such as en-CA.")


def _write(
    statement: PatientStatement,
    version: int,
    changes: Mapping[str, Any],
    role: PractitionerRole | None,
    happened: str,
    *,
    actor: Actor,
    now: datetime,
) -> PatientStatement:
    written = PatientStatement.objects.filter(pk=statement.pk, version=version).update(
        **changes,
        by_patient=role is None,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
        version=version + 1,
        updated_at=now,
    )
    if not written:
        raise VersionMismatch("Somebody else edited this meanwhile: read it again.")
    statement.refresh_from_db()
    _keep(statement)
    _tell(f"patient-statement.{happened}", statement, audit.Action.UPDATE, actor, now)
    return statement


def _keep(statement: PatientStatement) -> None:
    """Keep the wording as it stands now beside all that were before it."""
    said = ("text", "language", "status", "by_patient", "practitioner_role", "actor", "user_id")
    PatientStatementVersion.objects.create(
        organization_id=statement.organization_id,
        statement=statement,
        number=statement.version,
        recorded_at=statement.recorded_at,
        **{name: getattr(statement, name) for name in said},
    )


def _tell(
    event: str, statement: PatientStatement, action: audit.Action, actor: Actor, now: datetime
) -> None:
    tell(
        event,
        subject="PatientStatement",
        subject_id=statement.pk,
        patient_id=statement.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"kind": statement.kind, "version": statement.version},
    )
