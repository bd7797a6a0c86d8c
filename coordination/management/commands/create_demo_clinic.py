"""`create_demo_clinic`: a fictional clinic chain, its people, patients and a neighbour."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from coordination.demo.cast import OrganizationPart, read_cast
from coordination.demo.clinic import create_people, open_intakes, register_patients


class Command(BaseCommand):
    """Safe to repeat: it creates what is missing and changes nothing else."""

    help = "Creates the demo clinic: organizations, logins, practitioners and synthetic patients."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create both organizations, import the bundles, name the leads."""
        cast, now = read_cast(), timezone.now()
        for part in cast.organizations:
            organization_id = create_people(cast, part, now=now)
            register_patients(part, organization_id, now=now)
            self._import(part, verbosity=options["verbosity"])
            missing = open_intakes(part, organization_id, now=now)
            if missing:
                raise CommandError(f"Not imported: {', '.join(missing)}.")
        if options["verbosity"] > 0:
            self.stdout.write("The demo clinic is there.")

    def _import(self, part: OrganizationPart, *, verbosity: int) -> None:
        paths = [str(patient.path) for patient in part.imported]
        if paths:
            call_command(
                "import_fhir",
                *paths,
                organization=part.slug,
                verbosity=max(verbosity - 1, 0),
            )
