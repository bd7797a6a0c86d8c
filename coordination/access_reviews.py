"""Snooping review: each week some accesses are drawn, by rule and at random, for somebody to judge.

Numbers here are defaults of this software, not of a law; see docs/operation.md.
"""

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from coordination import audit, events
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.audit_rows import write_pending
from coordination.audit_verification import organizations
from coordination.models import AccessReview, AccessSample, User
from coordination.namesakes import share_a_family_name
from coordination.problems import Denied, Invalid, NotFound, Stale
from coordination.tenancy import acting_in

Rule = AccessReview.Rule
CAUGHT_UP = 12  # weeks; whoever was away for longer looks at the trail itself

# Each access of a person to a patient in the week; a list counts, once for each patient on it.
# What a proxy looked at is the patient's affair, unless that proxy ever worked here.
SEEN = """
    WITH seen AS (
        SELECT e.id, e.recorded_at, e.user_id, e.actor, e.event, e.resource, e.action,
            p.patient_id, e.bases[p.n] AS basis
        FROM coordination_auditevent e
        CROSS JOIN LATERAL unnest(e.patient_ids) WITH ORDINALITY AS p (patient_id, n)
        WHERE e.organization_id = %(organization)s AND e.user_id IS NOT NULL
          AND e.recorded_at >= %(since)s AND e.recorded_at < %(until)s
          AND e.action IN ('read', 'search') AND e.bases[p.n] NOT IN ('self', 'oversight')
          AND (e.bases[p.n] <> 'proxy' OR EXISTS (
            SELECT FROM coordination_membership m
            WHERE m.organization_id = e.organization_id AND m.user_id = e.user_id
              AND m.role NOT IN ('patient', 'proxy')))
    )
"""
# One access of each pair of reader and patient, the order of pairs decided by the seed.
DRAW = """
    SELECT * FROM (
        SELECT DISTINCT ON (s.user_id, s.patient_id) s.id, s.recorded_at, s.user_id, s.actor,
            s.event, s.resource, s.patient_id, s.basis
        FROM seen s JOIN coordination_patient t ON t.id = s.patient_id
        WHERE {rule}
        ORDER BY s.user_id, s.patient_id, md5(s.id::text || %(seed)s::text)
    ) AS pairs
    ORDER BY md5(pairs.user_id::text || pairs.patient_id::text || %(seed)s::text) LIMIT %(most)s
"""
RULES = {
    Rule.NO_RELATIONSHIP: "s.basis IN ('unresolved', 'override', 'proxy')",
    Rule.SAME_FAMILY_NAME: """(s.user_id, s.patient_id) IN (
        SELECT * FROM unnest(%(readers)s::uuid[], %(namesakes)s::uuid[])
    )""",
    Rule.COLLEAGUE: """EXISTS (
        SELECT FROM coordination_membership m JOIN coordination_user u ON u.id = m.user_id
        WHERE m.organization_id = %(organization)s AND m.role <> 'patient' AND u.id <> s.user_id
          AND (u.id = t.user_id OR u.email = lower(t.email))
    )""",
    Rule.MANY_PATIENTS: """s.action = 'read' AND (
        SELECT count(DISTINCT o.patient_id) FROM seen o
        WHERE o.user_id = s.user_id AND o.action = 'read'
          AND o.recorded_at::date = s.recorded_at::date
    ) > %(many)s""",
    Rule.NO_CURRENT_WORK: """s.action = 'read'
        AND s.basis IN ('membership', 'referral', 'hand_off') AND NOT EXISTS (
        SELECT FROM coordination_workitem w
        JOIN coordination_practitionerrole r ON r.id = w.owner_id
        JOIN coordination_practitioner h ON h.id = r.practitioner_id
        WHERE w.patient_id = s.patient_id AND h.user_id = s.user_id
          AND w.opened_at <= s.recorded_at
          AND (w.closed_at IS NULL OR w.closed_at >= s.recorded_at)
    )""",
    Rule.RANDOM: "true",
}
OF_WHOM = """
SELECT DISTINCT s.user_id, s.patient_id, t.family_name
FROM seen s JOIN coordination_patient t ON t.id = s.patient_id
"""


class ReviewNotFound(NotFound):
    """No such access review in this organization."""

    type = "access-review-not-found"


def draw_due(*, now: datetime) -> int:
    """Draw the samples that are due in each organization; return how many were drawn.

    That is last week's, and where one was drawn before, also that of each week since for which
    nothing ran, as far back as `CAUGHT_UP`.
    """
    today = now.astimezone(UTC).date()
    last = today - timedelta(days=today.weekday() + 7)
    drawn = 0
    for organization_id in organizations():
        with acting_in(organization_id):
            weeks = _weeks_due(last)
        for week in weeks:
            with acting_in(organization_id):
                seed = secrets.randbits(62)
                drawn += draw(organization_id, week, seed=seed, now=now) is not None
    return drawn


def draw(organization_id: UUID, week: date, *, seed: int, now: datetime) -> AccessSample | None:
    """Put the week's accesses up for review, chosen by rule and by the seed; None: done before."""
    if AccessSample.objects.filter(week=week).exists():
        return None
    chosen = _chosen(organization_id, week, seed)
    sample = AccessSample(
        organization_id=organization_id, week=week, seed=seed, drawn_at=now, drawn=len(chosen)
    )
    try:
        with transaction.atomic():
            sample.save(force_insert=True)
    except IntegrityError:
        return None  # another beat was faster
    for one, rules in chosen.values():
        AccessReview.objects.create(
            organization_id=organization_id, sample=sample, rules=rules, **one
        )
    audit.record(
        actor=Actor.system("access_reviews", organization_id),
        now=now,
        action=audit.Action.CREATE,
        event="access-sample.drawn",
        resource="AccessSample",
        resource_id=sample.id,
        purpose=audit.Purpose.PRIVACY_REVIEW,
        detail={"week": week.isoformat(), "seed": seed, "drawn": len(chosen)},
    )
    return sample


def reviews_visible_to(actor: Actor, now: datetime) -> QuerySet[AccessReview, AccessReview]:
    """Return every review of the organization, for whoever guards privacy; else none."""
    rows = AccessReview.objects.select_related("patient", "sample")
    return owned_by_patient(rows, actor, now, view="oversight")


@transaction.atomic
def decide(
    review_id: UUID, *, verdict: str, reason: str, actor: Actor, now: datetime
) -> AccessReview:
    """Store what a privacy officer made of an access, once and for all.

    Raises `ReviewNotFound`, `Denied` for one's own access, `Invalid` without a reason, `Stale`.
    """
    review = reviews_visible_to(actor, now).filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound("There is no such access review within your reach.")
    if review.user_id == actor.user_id:
        raise Denied("Somebody else reviews what you looked at.", rule="access-review.own")
    if not reason.strip():
        raise Invalid.field("/reason", "Say what the verdict rests on.")
    decided = AccessReview.objects.filter(pk=review.pk, verdict="").update(
        verdict=verdict, reviewed_by=actor.user_id, reviewed_at=now, review_note=reason
    )
    if not decided:
        raise Stale("This access was judged already.")
    review.refresh_from_db()
    _tell(review, actor=actor, now=now)
    return review


def _weeks_due(last: date) -> list[date]:
    """Return the weeks up to the last one that have no sample, since there first was one."""
    done = set(AccessSample.objects.filter(week__lte=last).values_list("week", flat=True))
    weeks = [last - timedelta(days=7 * back) for back in reversed(range(CAUGHT_UP))]
    first = min(done, default=last)
    return [week for week in weeks if week >= first and week not in done]


def _namesakes(asked: dict[str, Any]) -> dict[str, list[UUID]]:
    """Return the pairs of reader and patient who may be of one family."""
    members = User.objects.filter(memberships__organization=asked["organization"])
    names = dict(members.values_list("id", "name"))
    pairs = []
    with connection.cursor() as cursor:
        cursor.execute(SEEN + OF_WHOM, asked)
        for user_id, patient_id, family_name in cursor.fetchall():
            if share_a_family_name(names.get(user_id, ""), family_name):
                pairs.append((user_id, patient_id))
    return {"readers": [one for one, _ in pairs], "namesakes": [other for _, other in pairs]}


def _chosen(
    organization_id: UUID, week: date, seed: int
) -> dict[tuple[UUID, UUID], tuple[dict[str, Any], list[str]]]:
    """Return what each rule draws, by access and patient, with every rule that drew it."""
    since = datetime.combine(week, time(), UTC)
    asked: dict[str, Any] = {
        "organization": organization_id,
        "since": since,
        "until": since + timedelta(days=7),
        "seed": seed,
        "many": settings.ACCESS_REVIEW_MANY_PATIENTS,
    }
    found: dict[tuple[UUID, UUID], tuple[dict[str, Any], list[str]]] = {}
    write_pending()
    asked |= _namesakes(asked)
    for rule, condition in RULES.items():
        is_random = rule == Rule.RANDOM
        most = settings.ACCESS_REVIEW_RANDOM if is_random else settings.ACCESS_REVIEW_PER_RULE
        with connection.cursor() as cursor:
            cursor.execute(SEEN + DRAW.format(rule=condition), {**asked, "most": most})
            for row in cursor.fetchall():
                one = dict(zip(_DRAWN, row, strict=True))
                key = (one["audit_event_id"], one["patient_id"])
                found.setdefault(key, (one, []))[1].append(rule.value)
    return found


_DRAWN = (
    "audit_event_id",
    "accessed_at",
    "user_id",
    "actor",
    "event",
    "resource",
    "patient_id",
    "basis",
)


def _tell(review: AccessReview, *, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event="access-review.decided",
        resource="AccessReview",
        resource_id=review.id,
        patient_ids=[review.patient_id],
        basis=audit.Basis.OVERSIGHT,
        purpose=audit.Purpose.PRIVACY_REVIEW,
        detail={"verdict": review.verdict, "rules": review.rules},
    )
    events.publish(
        actor=actor,
        now=now,
        type="access-review.decided",
        subject="AccessReview",
        subject_id=review.id,
        patient_id=review.patient_id,
    )
