"""Which pathway is meant: a stored one by its name, with or without a version, or a file."""

from pathlib import Path

from care_plans.content.files import read_pathway, shared_for
from care_plans.content.pathways import PathwayDefinition
from care_plans.models import Measure, PathwayVersion
from coordination.problems import Invalid


def named(text: str) -> tuple[PathwayVersion | None, PathwayDefinition | None]:
    """Return the stored version (`hamstring-tendinopathy`, `…@1.2.0`) or the draft of a file.

    What a file includes is read from beside it, as the lint does, or of the shipped files where
    nothing is there. Raises `ContentInvalid` with the flaws of a file, and `Invalid` where nothing
    of the name is stored.
    """
    path = Path(text)
    if path.suffix == ".yaml":
        if not path.is_file():
            raise Invalid(f"There is no file {text}.")
        known = {m.slug: m.definition for m in Measure.objects.order_by("slug")}
        file = path.resolve()
        return None, read_pathway(file, measures=known, folder=shared_for(file)).definition
    slug, _, number = text.partition("@")
    try:
        if number:
            return PathwayVersion.objects.get(pathway__slug=slug, version=number), None
        return PathwayVersion.objects.newest(slug), None
    except PathwayVersion.DoesNotExist as error:
        raise Invalid(f"No version of {text} is stored here.") from error
