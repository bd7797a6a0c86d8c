"""The resource definitions of FHIR R4B, whose package has the same name as our own app."""

import sysconfig
from pathlib import Path
from typing import Any

import fhir

fhir.__path__.append(str(Path(sysconfig.get_path("purelib"), "fhir")))


def checked(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource as the definitions read it; raises ValueError when it is not valid."""
    from fhir.resources.R4B import get_fhir_model_class

    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    found: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    return found
