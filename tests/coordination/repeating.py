"""Requests that come with a key, once and again, and how the answers to them are marked."""

from typing import Any

from django.apps import apps

from coordination.models import AuditEvent, OrganizationOwned, Patient
from tests.cast import Cast, Person

REPLAYED = "Idempotency-Replayed"
NOT_SHOWN = "urn:continuum:problem:answer-not-shown-again"


def counts(cast: Cast) -> dict[str, int]:
    """Return how many rows the organization has, but for who read what."""
    with cast.acting():
        return {
            model.__name__: model._default_manager.count()
            for model in apps.get_models()
            if issubclass(model, OrganizationOwned) and model is not AuditEvent
        }


def joining(cast: Cast, who: Person | None = None) -> dict[str, str]:
    return {"practitioner_role": str((who or cast.ben).practitioner_role.id)}


def registering(cast: Cast, **changes: str) -> dict[str, str]:
    """Return what registers a patient; nothing but the key would stop its repetition."""
    return {
        "family_name": "Gagnon",
        "given_name": "Luc",
        "lead": str(cast.asha.practitioner_role.id),
        **changes,
    }


def register(who: Person, key: str, body: Any, path: str = "/api/v1/patients", **more: Any) -> Any:
    return who.client.post(path, body, headers={"Idempotency-Key": key, **more})


def patients(cast: Cast) -> int:
    with cast.acting():
        return Patient.objects.count()
