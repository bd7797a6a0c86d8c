"""What a directive says: what is withheld, and from whom."""

from collections.abc import Iterable, Iterator, Mapping
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
from coordination.problems import FieldError, Invalid

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

    def said(self) -> dict[str, Any]:
        """Return it by the names that people give it."""
        return {
            name.removesuffix("_id") if "practitioner" in name else name: value
            for name, value in asdict(self).items()
        }


def alike_to(locked: Locked, records: Iterable[UUID]) -> QuerySet[Any, Any]:
    """Return what says the same of a person and was not ended, the oldest first.

    Whatever a clock said, and without what repeats it on another record.
    """
    rows = Directive.objects.filter(
        until=None, original=None, patient_id__in=list(records), **asdict(locked)
    )
    return rows.order_by("since", "id")


def flaws_of(said: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what is lacking or too much in what a directive says, by the names of `Directive`.

    Each kind (`target`, `audience`) names one thing or none; what is lacking is named, so that it
    can be put right at once. What is no kind at all is left to whoever knows the kinds.
    """
    for part, needs in _NEEDS.items():
        kind = said.get(part)
        if not isinstance(kind, str) or kind not in {*Target.values, *Audience.values}:
            continue
        wanted = needs.get(kind, ("", ""))
        if wanted[0] and not said.get(wanted[0]):
            yield FieldError(f"/{wanted[0]}", wanted[1])
        for name in sorted({one for one, _ in needs.values()} - {wanted[0]}):
            if said.get(name):
                yield FieldError(f"/{name}", f"The {part} `{kind}` has none: leave it out.")


#: what each kind names, by its field, and the words for whoever left it out
_NEEDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "target": {
        Target.DISCIPLINE: ("target_discipline", "Say which discipline is locked away."),
        Target.PRACTITIONER: ("target_practitioner", "Say which practitioner is locked away."),
        Target.CONDITION: ("target_id", "Say which condition is locked away: the course's id."),
        Target.RECORD: ("target_id", "Say which record is locked away: its id."),
    },
    "audience": {
        Audience.DISCIPLINE: (
            "audience_discipline",
            "Say from which discipline it is locked away.",
        ),
        Audience.PRACTITIONER: (
            "audience_practitioner",
            "Say from which practitioner it is locked away.",
        ),
    },
}


def flaws_of_people(locked: Locked) -> Iterator[FieldError]:
    """Yield where a directive names a practitioner who is not there."""
    for name in ("target_practitioner", "audience_practitioner"):
        chosen = getattr(locked, f"{name}_id")
        if chosen is not None and not Practitioner.objects.filter(pk=chosen).exists():
            yield FieldError(f"/{name}", "There is no such practitioner.")


def holder_of(locked: Locked, patient: Patient, actor: Actor, now: datetime) -> UUID:
    """Return in which of the patient's records lies what a directive names.

    The patient's own, where it names no record. What the actor may not name is answered like what
    is not there. Raises `Invalid`.
    """
    if locked.target not in {Target.CONDITION, Target.RECORD} or locked.target_id is None:
        return patient.pk
    for model in labelled().values():
        labels = labels_of(model)
        if locked.target == Target.CONDITION and labels.condition != "pk":
            continue
        rows: QuerySet[Any, Any] = QuerySet(model)
        records = records_of_person(patient)
        mine = rows.filter(pk=locked.target_id, **{f"{labels.patient}__in": records})
        found: UUID | None = (
            nameable_by(mine, actor, now).values_list(labels.patient, flat=True).first()
        )
        if found is not None and labels.record != "pk":
            raise Invalid.field(
                "/target_id", "This is told with another record: lock that one away instead."
            )
        if found is not None:
            return found
    raise Invalid.field("/target_id", "You may name no record of this patient that has this id.")
