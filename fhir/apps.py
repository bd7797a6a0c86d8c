from django.apps import AppConfig


class FhirConfig(AppConfig):
    """The FHIR R4 facade."""

    name = "fhir"
