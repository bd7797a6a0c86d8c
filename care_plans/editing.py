"""Editing a row that others edit at the same time: whoever read an older version is told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Manager, Model

from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor
from coordination.models import Editable
from coordination.problems import Invalid, VersionMismatch


def save_edit[R: Editable](
    row: R,
    *,
    version: int,
    fields: Mapping[str, Any],
    patient_id: UUID,
    actor: Actor,
    now: datetime,
) -> R:
    """Write `fields` if `version` is still the newest, and return the row as it now stands.

    Raises `VersionMismatch` when somebody else wrote meanwhile, and `Invalid` for a field that
    is not `editable`; then nothing is written.
    """
    assert isinstance(row, Model)
    forbidden = sorted(set(fields) - set(row.editable))
    if forbidden:
        raise Invalid.field(f"/{forbidden[0]}", "This is not edited directly.")
    # The protocol cannot name it: every model has `objects`.
    rows: Manager[Any] = type(row).objects  # type: ignore[attr-defined] # `Model` alone declares none
    written = rows.filter(pk=row.pk, version=version)
    if not written.update(**fields, version=version + 1, updated_at=now):
        raise VersionMismatch(
            "Somebody else edited this meanwhile: read it again and edit what it is now."
        )
    row.refresh_from_db()
    name = type(row).__name__
    tell(
        f"{name.lower().replace('careplan', 'care-plan')}.edited",
        subject=name,
        subject_id=row.pk,
        patient_id=patient_id,
        actor=actor,
        now=now,
        action=audit.Action.UPDATE,
        detail={"fields": sorted(fields), "version": version + 1},
    )
    return row
