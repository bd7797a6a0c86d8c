"""Making FHIR files for a test, importing them, and reading what became of them."""

import gzip
import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import CommandError, call_command
from django.db.models import Model

from care_plans.models import Assessment, Condition, Score, SourceDocument
from coordination.models import (
    AuditEvent,
    DirectoryEntry,
    Event,
    Organization,
    Patient,
    PatientIdentifier,
)
from coordination.tenancy import acting_in

MRN = "http://clinic.example/mrn"
NPRS = "72514-3"
PAIN = {"coding": [{"system": "http://loinc.org", "code": NPRS}]}


def patient(id: Any = "p1", **fields: Any) -> dict[str, Any]:
    """Return a Patient with a name, a birth date and one number."""
    return {
        "resourceType": "Patient",
        "id": id,
        "identifier": [{"system": MRN, "value": f"MRN-{id}"}],
        "name": [{"use": "official", "family": "Example", "given": ["Ellen"]}],
        "birthDate": "1980-02-29",
        **fields,
    }


def condition(id: str = "c1", subject: str = "Patient/p1", **fields: Any) -> dict[str, Any]:
    """Return a Condition."""
    return {
        "resourceType": "Condition",
        "id": id,
        "subject": {"reference": subject},
        "code": {"text": "Sprain of ankle"},
        **fields,
    }


def observation(
    id: str = "o1", value: Any = 4, subject: str = "Patient/p1", **fields: Any
) -> dict[str, Any]:
    """Return an Observation of pain."""
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": PAIN,
        "subject": {"reference": subject},
        "effectiveDateTime": "2020-05-01T10:00:00-04:00",
        "valueQuantity": {"value": value},
        **fields,
    }


def document(kind: str = "CarePlan", id: str = "d1", **fields: Any) -> dict[str, Any]:
    """Return a CarePlan or CareTeam."""
    return {
        "resourceType": kind,
        "id": id,
        "status": "active",
        "subject": {"reference": "Patient/p1"},
        **fields,
    }


def bundle(*resources: dict[str, Any], type: str = "collection", **more: Any) -> dict[str, Any]:
    """Return a Bundle of these."""
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": type, "entry": entries, **more}


def write(path: Path, content: Any, *, zipped: bool = False) -> Path:
    """Write JSON, or a list of resources as NDJSON, or bytes as they are."""
    if isinstance(content, list):
        data = "".join(json.dumps(part) + "\n" for part in content).encode()
    else:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    return path


@dataclass(frozen=True)
class Imported:
    """What one run said."""

    report: dict[str, Any]
    printed: str
    refusal: str

    @property
    def counts(self) -> dict[str, int]:
        """Return the outcomes in all."""
        counts: dict[str, int] = self.report["counts"]
        return counts

    def reasons(self, outcome: str) -> list[str]:
        """Return the reasons of an outcome, in the order of the files."""
        return [item["reason"] for item in self.report["items"] if item["outcome"] == outcome]


def run(organization: Organization, *paths: Path, **options: Any) -> Imported:
    """Import files, and read the report."""
    out, report = StringIO(), paths[0].parent / "report.out"
    refusal = ""
    try:
        call_command(
            "import_fhir",
            *map(str, paths),
            organization=organization.slug,
            report=str(report),
            stdout=out,
            **options,
        )
    except CommandError as error:
        refusal = str(error)
    return Imported(json.loads(report.read_text()), out.getvalue(), refusal)


def rows(organization_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return everything that an import can write."""
    models: tuple[type[Model], ...] = (
        Patient,
        PatientIdentifier,
        DirectoryEntry,
        Condition,
        SourceDocument,
        Assessment,
        Score,
        AuditEvent,
        Event,
    )
    with acting_in(organization_id):
        return {
            model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
        }
