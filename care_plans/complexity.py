"""Recording how complex a case is: five categories of factors, and the level of the whole.

How ACC makes one level of the factors was not read: whoever screens says it, and says why where it
lies below the highest factor (our rule).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from care_plans import scope, standing
from care_plans.complexity_factors import CATEGORIES, OPTIONAL, ORDER
from care_plans.models import ComplexityScreen
from care_plans.recording import course_for, digest, moment, refuse
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor
from coordination.idempotency import KeyReused, usable_key
from coordination.near_names import no_such
from coordination.problems import FieldError, pointer


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found: by category each factor's level, and the level of the whole."""

    factors: Mapping[str, Mapping[str, str]]
    level: str
    reason: str = ""


@transaction.atomic
def record_screen(
    course_id: UUID,
    screened: Screened,
    *,
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[ComplexityScreen, bool]:
    """Record how complex a course is; the latest screen holds. The flag says whether it is new.

    Referrals that open from then on are as pressing as the level asks for, and what it suggests is
    put before the lead. Raises `CourseNotFound`, `Denied`, `Invalid` with a pointer to each wrong
    value, `CourseEnded`, `KeyReused`. All or nothing.
    """
    course = course_for(actor, course_id, now=now)
    role = scope.require("answer.record", course, actor=actor)
    standing.hold(course.pk)
    sent = digest({"screened": repr(screened), "effective_at": effective_at})
    if earlier := _earlier(course.pk, usable_key(key), sent):
        return earlier, False
    refuse(_flaws(screened), "The screen is not valid")
    screen: ComplexityScreen = ComplexityScreen.objects.create(
        organization_id=actor.organization_id,
        patient_id=course.patient_id,
        course=course,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        effective_at=moment(effective_at, course.patient, course, now=now),
        recorded_at=now,
        level=screened.level,
        factors={name: dict(factors) for name, factors in screened.factors.items()},
        reason=screened.reason,
        key=usable_key(key),
        digest=sent,
    )
    tell(
        "complexity.screened",
        subject="ComplexityScreen",
        subject_id=screen.pk,
        patient_id=screen.patient_id,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
    )
    standing.reassess(course.pk, actor=actor, now=now)
    return screen, True


def _earlier(course_id: UUID, key: str, sent: str) -> ComplexityScreen | None:
    if not key:
        return None
    found: ComplexityScreen | None = ComplexityScreen.objects.filter(
        course_id=course_id, key=key
    ).first()
    if found is not None and found.digest != sent:
        raise KeyReused("This idempotency key was used for another screen.")
    return found


def _flaws(screened: Screened) -> Iterator[FieldError]:
    factors: Mapping[str, Any] = screened.factors
    for name in [*CATEGORIES, *(one for one in factors if one not in CATEGORIES)]:
        if name not in CATEGORIES:
            words = no_such("There is no such category", name, CATEGORIES)
            yield FieldError(pointer("factors", name), words)
        elif name in factors:
            yield from _flaws_of(name, factors[name])
        elif name not in OPTIONAL:
            yield FieldError(pointer("factors", name), "This category is missing.")
    if screened.level not in ORDER:
        yield FieldError("/level", f"One of: {', '.join(ORDER)}.")
        return
    levels = [
        level
        for found in factors.values()
        for level in (found.values() if isinstance(found, Mapping) else ())
        if level in ORDER
    ]
    above = any(ORDER[level] > ORDER[screened.level] for level in levels)
    if above and not screened.reason.strip():
        yield FieldError("/reason", "A factor is higher than this level: say why.")


def _flaws_of(category: str, found: Any) -> Iterator[FieldError]:
    given = found if isinstance(found, Mapping) else {}
    for factor in CATEGORIES[category]:
        if given.get(factor) not in ORDER:
            yield FieldError(pointer("factors", category, factor), f"One of: {', '.join(ORDER)}.")
    for factor in given:
        if factor not in CATEGORIES[category]:
            words = no_such("There is no such factor", factor, CATEGORIES[category])
            yield FieldError(pointer("factors", category, factor), words)
