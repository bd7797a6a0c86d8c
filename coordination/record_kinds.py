"""The kinds of record that patients may ask about, and that are kept for so long.

The app that owns a kind registers it when it starts; nothing here names another app.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model

from coordination.disclosure import labelled, labels_of
from coordination.models import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """One kind of record.

    `name` is that of its labelled model. `moment` is the field that says when it was: the last
    contact is read from it. `replaces` is the field by which a correction names the original, ""
    where any later record of the kind may correct one. `is_disposable` says that its table lets
    lawful disposal through (`DISPOSABLE`), `rank` in which order: what refers to others first.
    """

    name: str
    moment: str
    replaces: str = ""
    is_disposable: bool = False
    rank: int = 0

    @property
    def model(self) -> type[Model]:
        """Return the model of this kind."""
        return labelled()[self.name]

    @property
    def labels(self) -> Labels:
        """Return where its rows say whose they are."""
        return labels_of(self.model)

    @property
    def rows(self) -> Any:
        """Return all rows of the acting organization, whoever may read them."""
        return self.model._default_manager.all()  # noqa: SLF001 - any model's manager


_registered: dict[str, RecordKind] = {}


def register_record(kind: RecordKind) -> None:
    """Let patients ask about records of this kind; the same name again replaces it."""
    _registered[kind.name] = kind


def record_kinds() -> Iterator[RecordKind]:
    """Return every kind, in the order in which their records may be disposed of."""
    return iter(sorted(_registered.values(), key=lambda kind: (kind.rank, kind.name)))


def kind_of(name: str) -> RecordKind | None:
    """Return the kind of this name, None if nobody registered one."""
    return _registered.get(name)


def record_of(kind: RecordKind, record_id: UUID, patient_id: UUID) -> Model | None:
    """Return one record of a patient, whoever may read it; callers disclose nothing of it."""
    mine = {kind.labels.patient: patient_id}
    found: Model | None = kind.rows.filter(pk=record_id, **mine).first()
    return found
