"""Clinical content: measures, pathways and their published versions, and who signed them.

The first three belong to nobody in particular: every organization reads the same rows, and only
the owner of the database writes them (`load_measures`, `load_pathways`).
"""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models.fields.json import KT

from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.stored import known_pathway, measure_of, pathway_of
from coordination.models import APPEND_ONLY, OrganizationOwned, PractitionerRole, new_id


class Measure(models.Model):
    """An outcome measure. Its slug, range, direction and side never change; see `definition`."""

    class Better(models.TextChoices):
        HIGHER = "higher"
        LOWER = "lower"
        DEPENDS = "depends"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=60, unique=True)
    version = models.PositiveIntegerField()
    name = models.TextField()
    minimum = models.DecimalField(max_digits=10, decimal_places=4)
    maximum = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    step = models.DecimalField(
        max_digits=10, decimal_places=4, null=True, help_text="None: unknown; any value counts."
    )
    better = models.CharField(max_length=7, choices=Better)
    side_required = models.BooleanField()
    loinc = models.CharField(max_length=10, blank=True, help_text="Blank when unknown.")
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(maximum=None) | models.Q(maximum__gt=models.F("minimum")),
                name="care_plans_measure_range",
            ),
            models.UniqueConstraint(
                fields=["loinc"], condition=~models.Q(loinc=""), name="care_plans_measure_loinc"
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="measure_meaning",
                fields=["slug", "minimum", "maximum", "step", "better", "side_required"],
            ),
            pgtrigger.Protect(name="measure_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def definition(self) -> MeasureDefinition:
        """Return what the measure is, with its sources (kept in memory per content)."""
        return measure_of(self.sha256, self.content)


class MeasureVersion(models.Model):
    """What a measure was in one version: immutable, and what its scores name."""

    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="versions")
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "version"], name="care_plans_measure_version_once"
            ),
        ]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.measure} {self.version}"

    @property
    def definition(self) -> MeasureDefinition:
        """Return what the measure was (kept in memory per content)."""
        return measure_of(self.sha256, self.content)


class Pathway(models.Model):
    """One condition's protocol through all its versions, or a stub, which has none to apply."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=60, unique=True)
    title = models.TextField()
    stub = models.JSONField(
        null=True, blank=True, help_text="What is known of a condition without a protocol."
    )

    class Meta:
        triggers: ClassVar = [
            pgtrigger.ReadOnly(name="pathway_identity", fields=["slug"]),
            pgtrigger.Protect(name="pathway_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_stub(self) -> bool:
        """Say whether it cannot be applied: one recognizes the condition and refers on."""
        return self.stub is not None


class PathwayVersionQuerySet(models.QuerySet["PathwayVersion"]):
    """Reads over versions."""

    def with_stated_due(self) -> Self:
        """Add, as `stated_due`, the day on which the content itself says its review is due.

        So a list tells it without reading the content of each row.
        """
        return self.annotate(stated_due=KT("content__governance__next_review_due"))

    def newest(self, slug: str) -> "PathwayVersion":
        """Return the newest published version of a pathway; raises DoesNotExist without one.

        Newest by number, not by the moment of loading: an older line may be loaded later.
        """
        versions = list(self.filter(pathway__slug=slug).select_related("pathway"))
        if not versions:
            raise PathwayVersion.DoesNotExist(slug)
        return max(versions, key=PathwayVersion.by_number)


class PathwayVersion(models.Model):
    """One published version: immutable, complete in itself, and what a course is pinned to."""

    class Status(models.TextChoices):
        PUBLISHED = "published"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    pathway = models.ForeignKey(Pathway, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=20)
    title = models.TextField()
    language = models.CharField(max_length=5)
    status = models.CharField(max_length=9, choices=Status, default=Status.PUBLISHED)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64, help_text="Of the canonical content.")
    published_at = models.DateTimeField()

    stated_due: str | None  # only where `with_stated_due` was asked

    objects: ClassVar = models.Manager.from_queryset(PathwayVersionQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pathway", "version"], name="care_plans_pathway_version_once"
            ),
        ]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.pathway} {self.version}"

    def by_number(self) -> list[int]:
        """Return what the versions of one pathway are sorted by, the oldest first."""
        return [int(part) for part in self.version.split(".")]

    @property
    def definition(self) -> PathwayDefinition:
        """Return the pathway as typed, frozen data (kept in memory per content).

        Raises ContentTampered when the stored content no longer matches its hash. Content that is
        deferred is fetched only where this process has not met it yet.
        """
        return known_pathway(self.sha256) or pathway_of(self.sha256, self.content)


class PathwaySignature(OrganizationOwned):
    """A practitioner's word that their organization may use a version for real patients.

    Name, college and registration number are kept as they were given when it was signed.
    """

    pathway_version = models.ForeignKey(
        PathwayVersion, on_delete=models.PROTECT, related_name="signatures"
    )
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    name = models.TextField()
    college = models.TextField()
    registration_number = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "pathway_version", "practitioner_role"],
                name="care_plans_signed_once_each",
            ),
            models.CheckConstraint(
                condition=~models.Q(name="")
                & ~models.Q(college="")
                & ~models.Q(registration_number=""),
                name="care_plans_signature_complete",
            ),
        ]
        triggers = APPEND_ONLY


class PathwayReview(OrganizationOwned):
    """A practitioner's word that a version which their organization signed still holds.

    `next_review_due` is the last day on which it counts. The newest review is the one in force.
    """

    pathway_version = models.ForeignKey(
        PathwayVersion, on_delete=models.PROTECT, related_name="reviews"
    )
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    name = models.TextField()
    college = models.TextField()
    registration_number = models.TextField()
    reviewed_at = models.DateTimeField()
    next_review_due = models.DateField()
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name="")
                & ~models.Q(college="")
                & ~models.Q(registration_number=""),
                name="care_plans_review_complete",
            ),
        ]
        indexes = [
            # the review in force of each version
            models.Index(
                fields=["organization", "pathway_version", "-reviewed_at", "-id"],
                name="care_plans_review_in_force",
            ),
        ]
        triggers = APPEND_ONLY
