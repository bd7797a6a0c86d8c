"""Another diagnosis than was thought: the course ends as such, and the other pathway begins.

A pathway names its look-alikes (`differentials`) and where a finding points elsewhere
(`redirects`). Only what it names is switched to; anything else is applied beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from care_plans import deciding, progress, scope, standing
from care_plans.courses import AlreadyUnderway, StubOnly, apply_pathway
from care_plans.models import Course, Outcome, Pathway, PathwayVersion
from care_plans.plans import plan_for
from care_plans.recording import course_for
from coordination.actors import Actor
from coordination.problems import FieldError, Invalid, NotAllowed


@dataclass(frozen=True, slots=True)
class Alternative:
    """What the condition may be instead, and the pathway for it, where there is one.

    `version` is the newest one; None for a stub, and where no pathway is named.
    """

    id: str
    name: str
    clue: str
    source: tuple[str, ...]
    pathway: str | None
    is_stub: bool
    version: PathwayVersion | None


def alternatives(course: Course) -> list[Alternative]:
    """Return what the course's version of its pathway is mistaken for, in the order of its list."""
    definition = course.pathway_version.definition
    named = [
        (one.id, one.name, one.clue, one.source, one.pathway) for one in definition.differentials
    ]
    listed = {slug for *_, slug in named}
    named += [
        (one.id, one.text, one.text, one.source, slug)
        for one in definition.redirects
        for slug in one.towards
        if slug not in listed and slug != definition.pathway
    ]
    slugs = {slug for *_, slug in named if slug}
    stubs = set(
        Pathway.objects.filter(slug__in=slugs, stub__isnull=False).values_list("slug", flat=True)
    )
    newest = {slug: PathwayVersion.objects.newest(slug) for slug in sorted(slugs - stubs)}
    return [
        Alternative(
            id=name,
            name=title,
            clue=clue,
            source=tuple(source),
            pathway=slug,
            is_stub=slug in stubs,
            version=newest.get(slug) if slug else None,
        )
        for name, title, clue, source, slug in named
    ]


@transaction.atomic
def switch(
    course_id: UUID,
    *,
    pathway: str,
    reason: str,
    severity: str,
    side: str = "",
    answers: Mapping[str, Any] | None = None,
    condition: str = "",
    key: str = "",
    actor: Actor,
    now: datetime,
) -> Course:
    """End a course as another diagnosis, and begin intake on that one's pathway; return it.

    The new course names the old one as its previous. Everything of the old one stays as it was:
    moves, scores, completed activities, and red flags, which stop the new one as well while they
    are open. All or nothing. Raises what `apply_pathway` and `progress.perform` raise, `Invalid`
    for a pathway that the course's own does not name, `StubOnly` for one without a protocol.
    """
    course = course_for(actor, course_id, now=now)
    # the plan before its courses, as whoever applies a pathway takes them
    plan_for(actor, course.care_plan_id, now=now, lock=True)
    course = course_for(actor, course_id, now=now)
    if course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say what points to the other diagnosis.")
    version = _version(course, pathway)
    role = scope.require("course.discharge", course, actor=actor)
    deciding.follow_redirects(
        standing.hold(course.pk), pathway, role, reason=reason, actor=actor, now=now
    )
    ending = progress.Request(action="discharge", reason=reason, outcome=Outcome.NEW_DIAGNOSIS)
    progress.perform(course.pk, ending, actor=actor, now=now)
    begun, is_new = apply_pathway(
        course.care_plan_id,
        pathway_version_id=version.pk,
        severity=severity,
        side=side,
        answers=answers,
        condition=condition,
        previous_id=course.pk,
        key=key,
        actor=actor,
        now=now,
    )
    if not is_new:
        raise AlreadyUnderway("A course on that pathway is under way: discharge this one.")
    return begun


def _version(course: Course, pathway: str) -> PathwayVersion:
    found = {one.pathway: one for one in alternatives(course) if one.pathway}
    if pathway not in found:
        words = f"The pathway of this course names: {', '.join(sorted(found)) or 'none'}."
        raise Invalid.field("/pathway", words)
    version = found[pathway].version
    if version is None:
        detail = f"{pathway} is a stub: no protocol for it is published. Refer the patient on."
        raise StubOnly(detail, errors=[FieldError("/pathway", detail)])
    return version
