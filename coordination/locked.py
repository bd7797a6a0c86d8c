"""What a directive says: what is withheld, and from whom."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from coordination.access import nameable_by
from coordination.actors import Actor
from coordination.disclosure import labelled, labels_of
from coordination.models import Directive, Patient, Practitioner
from coordination.persons import records_of_person
from coordination.problems import Invalid

Target = Directive.Target
Audience = Directive.Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What is withheld from whom; ids and disciplines only where the kind has them."""

    target: str
    audience: str
    target_discipline: str = ""
    target_practitioner_id: UUID | None = None
    target_id: UUID | None = None
    audience_discipline: str = ""
    audience_practitioner_id: UUID | None = None

    @classmethod
    def of(cls, directive: Directive) -> "Locked":
        """Return what a directive says."""
        return cls(**{field.name: getattr(directive, field.name) for field in fields(cls)})


def alike_to(locked: Locked, records: Iterable[UUID]) -> QuerySet[Any, Any]:
    """Return what says the same of a person and was not ended, the oldest first.

    Whatever a clock said, and without what repeats it on another record.
    """
    rows = Directive.objects.filter(
        until=None, original=None, patient_id__in=list(records), **asdict(locked)
    )
    return rows.order_by("since", "id")


def must_say_something(locked: Locked) -> None:
    """Raise `Invalid` where what it names does not go with its kinds, or is not there."""
    _same(locked.target == Target.DISCIPLINE, bool(locked.target_discipline), "target_discipline")
    _same(
        locked.target == Target.PRACTITIONER,
        locked.target_practitioner_id is not None,
        "target_practitioner",
    )
    _same(
        locked.target in {Target.CONDITION, Target.RECORD},
        locked.target_id is not None,
        "target_id",
    )
    _same(
        locked.audience == Audience.DISCIPLINE,
        bool(locked.audience_discipline),
        "audience_discipline",
    )
    _same(
        locked.audience == Audience.PRACTITIONER,
        locked.audience_practitioner_id is not None,
        "audience_practitioner",
    )
    for name in ("target_practitioner", "audience_practitioner"):
        chosen = getattr(locked, f"{name}_id")
        if chosen is not None and not Practitioner.objects.filter(pk=chosen).exists():
            raise Invalid.field(f"/{name}", "There is no such practitioner.")


def _same(wanted: bool, given: bool, field: str) -> None:
    if wanted and not given:
        raise Invalid.field(f"/{field}", "This kind needs it.")
    if given and not wanted:
        raise Invalid.field(f"/{field}", "It does not go with this kind.")


def holder_of(
    target_id: UUID, locked: Locked, patient: Patient, actor: Actor, now: datetime
) -> UUID:
    """Return in which of the patient's records it lies, as far as the actor knows.

    Raises `Invalid`.
    """
    for model in labelled().values():
        labels = labels_of(model)
        if locked.target == Target.CONDITION and labels.condition != "pk":
            continue
        rows: QuerySet[Any, Any] = QuerySet(model)
        records = records_of_person(patient)
        mine = rows.filter(pk=target_id, **{f"{labels.patient}__in": records})
        found: UUID | None = (
            nameable_by(mine, actor, now).values_list(labels.patient, flat=True).first()
        )
        if found is not None:
            return found
    raise Invalid.field("/target_id", "This patient has no such record.")
