"""The answer to whoever asks for something that is there already, and that is withheld from them.

It says that this cannot be done now and whom to ask: no id, nothing of the record, and not that a
directive is why.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Model, QuerySet

from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.disclosure import View, something_withheld
from coordination.problems import NotAllowed


class NotOpenToYou(NotAllowed):
    """This actor cannot begin or end this for this patient now."""

    type = "not-open-to-you"

    def __init__(self) -> None:
        super().__init__(
            "This cannot be done by you now. Ask whoever leads this patient's care, or a privacy "
            "officer of your organization."
        )


def must_be_shown(row: Model, *, actor: Actor, now: datetime) -> None:
    """Raise `NotOpenToYou` for a record that lies outside what the actor reads."""
    rows: QuerySet[Model, Model] = QuerySet(type(row))
    if not owned_by_patient(rows, actor, now).filter(pk=row.pk).exists():
        raise NotOpenToYou


def must_be_told_all(
    patient_id: UUID, *, actor: Actor, now: datetime, view: View = "clinical"
) -> None:
    """Raise `NotOpenToYou` for whom anything of this patient is withheld in this view.

    For what rests on all that there is: whether the withheld part stands in the way is not
    weighed, so that the answer says no more than the header of every answer does.
    """
    if something_withheld(actor, now, [patient_id], view=view):
        raise NotOpenToYou
