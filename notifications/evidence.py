"""The history of consent to messages: what was said last, and writing down what is said now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from coordination.persons import records_of_persons
from notifications.models import MessagingConsent


def stands(patient_id: UUID, *, purpose: str, channel: str, now: datetime) -> bool:
    """Say whether the person's latest word is a consent that has not run out.

    It counts on whichever of their records it was written down. What counts is when they said it,
    not when it was written down. After an opt-out only an express consent counts: that they came
    as a patient again asks for no offers.
    """
    history = MessagingConsent.objects.filter(
        patient_id__in=records_of_persons([patient_id]), purpose=purpose, channel=channel
    ).order_by("obtained_at", "recorded_at", "id")
    latest, was_withdrawn = None, False
    for step in history:
        if step.decision == MessagingConsent.Decision.WITHDRAWN:
            latest, was_withdrawn = None, True
        elif not was_withdrawn or step.basis == MessagingConsent.Basis.EXPRESS:
            latest = step
    return latest is not None and (latest.expires_at is None or latest.expires_at > now)


def append(**fields: Any) -> MessagingConsent:
    """Add one step to the history."""
    return MessagingConsent.objects.create(**fields)
