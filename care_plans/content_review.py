"""Content grows old: until when a version counts as reviewed, and who says that it still holds."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import models, transaction

from care_plans.models.content import PathwayReview, PathwaySignature, PathwayVersion
from care_plans.signing import as_signed, is_signed_for, role_with_scope
from coordination import audit
from coordination.actors import Actor
from coordination.problems import Invalid, NotAllowed


class ReviewStatus(models.TextChoices):
    """How a version stands with its review."""

    CURRENT = "current"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"  # courses still begin on it, until the time of grace is over
    EXPIRED = "expired"  # none does
    UNKNOWN = "unknown"  # nobody has signed it, nor said when a review is due


class NotSignedHere(NotAllowed):
    """The organization has not signed the version: there is nothing to renew."""

    type = "pathway-not-signed"


def review_status(due: date | None, *, today: date) -> ReviewStatus:
    """Return how a version stands whose review is due on a day, which still counts."""
    if due is None:
        return ReviewStatus.UNKNOWN
    # from the smaller side, because a due day may be the last that there is
    if today > due:
        late = today - due > timedelta(days=settings.CONTENT_REVIEW_GRACE_DAYS)
        return ReviewStatus.EXPIRED if late else ReviewStatus.OVERDUE
    soon = due - today <= timedelta(days=settings.CONTENT_REVIEW_WARNING_DAYS)
    return ReviewStatus.DUE_SOON if soon else ReviewStatus.CURRENT


def review_due(version: PathwayVersion, organization_id: UUID) -> date | None:
    """Return when an organization has to review a version; see `due_by`."""
    newest = PathwayReview.objects.filter(pathway_version=version, organization_id=organization_id)
    renewed = newest.order_by("-reviewed_at", "-id").values_list("next_review_due", flat=True)
    signed = PathwaySignature.objects.filter(
        pathway_version=version, organization_id=organization_id
    ).aggregate(last=models.Max("signed_at"))
    return due_by(
        renewed=renewed.first(),
        stated=version.definition.governance.next_review_due,
        signed_at=signed["last"],
    )


def due_by(*, renewed: date | None, stated: date | None, signed_at: datetime | None) -> date | None:
    """Return the last day on which a version counts as reviewed.

    As the organization said last, or else as the content states. Where neither names a day its
    own signature holds as long as any review may; None: nobody has signed it.
    """
    if renewed is not None or stated is not None:
        return renewed or stated
    longest = timedelta(days=settings.CONTENT_REVIEW_LONGEST_DAYS)
    return signed_at.date() + longest if signed_at is not None else None


@transaction.atomic
def review(
    version: PathwayVersion,
    *,
    actor: Actor,
    name: str,
    college: str,
    registration_number: str,
    next_review_due: date,
    note: str = "",
    now: datetime,
) -> PathwayReview:
    """Record that a version still holds for the actor's organization, until a new day.

    Raises Denied when the actor practises none of the disciplines that the version lets sign;
    Invalid when name, college or number is not that of the actor's own registration, or the day
    is not after today or further off than CONTENT_REVIEW_LONGEST_DAYS; NotSignedHere.
    """
    role = role_with_scope(version, actor, entry="pathway.review")
    given = as_signed(role, name=name, college=college, registration_number=registration_number)
    _must_be_ahead(next_review_due, now.date())
    if not is_signed_for(version, actor.organization_id):
        raise NotSignedHere(
            f"{version} is not signed for your organization: sign it, before its review is renewed."
        )
    renewed = PathwayReview.objects.create(
        organization_id=actor.organization_id,
        pathway_version=version,
        practitioner_role=role,
        reviewed_at=now,
        next_review_due=next_review_due,
        note=note,
        **given,
    )
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event="pathway.review",
        resource="pathway_version",
        resource_id=version.id,
        detail={
            "review": str(renewed.id),
            "next_review_due": next_review_due.isoformat(),
            "sha256": version.sha256,
        },
    )
    return renewed


def _must_be_ahead(due: date, today: date) -> None:
    longest = settings.CONTENT_REVIEW_LONGEST_DAYS
    if due <= today:
        raise Invalid.field("/next_review_due", f"must be after today, {today}")
    if due - today > timedelta(days=longest):
        raise Invalid.field("/next_review_due", f"must be at most {longest} days from today")
