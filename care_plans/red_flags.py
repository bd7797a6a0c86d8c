"""Screening for red flags: what was asked, what was found, and what then stops.

A flag that was found present stays open whatever a later screen says, until a clinician clears
it (`open_flags`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from care_plans import activities, open_flags, scope, standing
from care_plans.content import safety
from care_plans.content.citations import Evidence, Grade
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.safety import MOST_URGENT_FIRST, Redirect, Urgency
from care_plans.content.sourced import EXPERT_CONSENSUS, EXPERT_CONSENSUS_CITE
from care_plans.models import Course, PathwayVersion, RedFlag, RedFlagAnswer, RedFlagScreen
from care_plans.recording import (
    course_for,
    digest,
    moment,
    refuse,
)
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor
from coordination.idempotency import KeyReused, usable_key
from coordination.models import PractitionerRole
from coordination.near_names import no_such
from coordination.problems import FieldError, pointer
from coordination.withheld import must_be_shown

Answer = RedFlagAnswer.Answer

#: said where a screen was refused in which something was said to be present
NOT_HELD = (
    "What was sent says that a red flag is present. This request recorded nothing of it: nothing "
    "is held, and nobody was told. Act on it, and see that the screen is recorded."
)


def says_present(answers: Any) -> bool:
    """Say whether answers, as they were sent, call any red flag present, however it is written."""
    said = answers.values() if isinstance(answers, Mapping) else ()
    return any(
        one is True or str(one).strip().casefold() in ("present", "yes", "true") for one in said
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A flag found present: what to do at once, how soon, and on whose word.

    `evidence` is for the finding and for what to do; `grade` says how well the latter is known.
    `version` of `pathway` is the one whose words these are.
    """

    flag: safety.RedFlag
    evidence: tuple[Evidence, ...]
    grade: Grade
    pathway: str
    version: str

    @property
    def cites(self) -> tuple[str, ...]:
        """Return the citations in words, but none that belongs to another work."""
        return tuple(dict.fromkeys(one.cite for one in self.evidence))

    @property
    def towards(self) -> tuple[str, ...]:
        """Return the pathways that a redirect points to."""
        return self.flag.towards if isinstance(self.flag, Redirect) else ()

    @property
    def notice(self) -> str:
        """Say it when the action rests on opinion alone."""
        return EXPERT_CONSENSUS_CITE if self.is_consensus else ""

    @property
    def is_consensus(self) -> bool:
        """Say whether what to do rests on opinion alone, whatever the flag itself rests on."""
        return EXPERT_CONSENSUS in (self.flag.action_source or tuple(self.flag.source))


@transaction.atomic
def record_screen(
    course_id: UUID,
    *,
    answers: Mapping[str, str],
    effective_at: datetime | None = None,
    key: str = "",
    actor: Actor,
    now: datetime,
) -> tuple[RedFlagScreen, bool]:
    """Record a screen: by flag present, absent or unknown; a flag left out was not asked.

    A hard stop holds every loading activity of the patient before this returns. With a `key` that
    was used for the same content the earlier screen is returned; the flag says whether it is new.
    Raises `CourseNotFound`, `Invalid` with a pointer to each wrong answer, `Denied`,
    `CourseEnded`, `KeyReused`, and `NotOpenToYou` where what the key was used for is withheld.
    """
    course = course_for(actor, course_id, now=now)
    role = scope.require("screen.record", course, actor=actor)
    definition = course.pathway_version.definition
    refuse(_flaws(answers, definition), "The screen is not valid")
    sent = digest({"answers": answers, "effective_at": effective_at})
    # Locked before anything is written, in the order that everybody locks courses in.
    present = [flag for flag, answer in answers.items() if answer == Answer.PRESENT]
    stops = any(definition.red_flag(flag).stops_loading for flag in present)
    everywhere = any(definition.red_flag(flag).is_of_patient for flag in present)
    if everywhere:
        activities.lock_courses(course.patient_id)
    standing.hold(course.pk)
    if earlier := _earlier(course, usable_key(key), sent, actor, now):
        return earlier, False  # what it stopped may have been cleared and begun again since
    if stops:
        activities.stop_for_red_flag(course.patient_id, actor=actor, now=now)
    at = moment(effective_at, course.patient, course, now=now)
    screen = _create(course, answers, at, role, key=key, sent=sent, actor=actor, now=now)
    _tell(screen, answers, actor=actor, now=now)
    open_flags.open_found(screen, present, role, actor=actor, now=now)
    open_flags.reassess_patient(course, everywhere=everywhere, actor=actor, now=now)
    return screen, True


def with_words(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Fetch with rows of courses what `found_by` and `found_flag` read, however many they are."""
    versions = PathwayVersion.objects.defer("content")
    found: QuerySet[Any, Any] = rows.prefetch_related(
        "course__pathway_version", Prefetch("course__pathway__versions", versions)
    )
    return found


def found_by(screen: RedFlagScreen) -> list[Found]:
    """Return what a screen found present, the most urgent first.

    As urgent as each was then, or has become since: never calmer than it is held. Its answers and
    the flags of its course should have been fetched with it.
    """
    course = screen.course
    held = {
        flag.flag: Urgency(flag.urgency)
        for flag in course.red_flags.all()
        if screen.pk in flag.found_in
    }
    present = [row for row in screen.answers.all() if row.answer == Answer.PRESENT]
    found = [_told(course, row.flag, _at_least(course, row, held)) for row in present]
    return sorted(found, key=lambda one: (MOST_URGENT_FIRST.index(one.flag.urgency), one.flag.id))


def found_flag(red_flag: RedFlag) -> Found:
    """Return what the pathway says of a flag that was found, as urgent as it is held.

    A version that the course follows since may not have the flag, or call it less urgent: then the
    newest one before it that says it so tells.
    """
    return _told(red_flag.course, red_flag.flag, Urgency(red_flag.urgency))


def not_known(screen: RedFlagScreen) -> list[str]:
    """Return the flags of the pathway that a screen left out, or could get no answer to."""
    said = {row.flag for row in screen.answers.all() if row.answer != Answer.UNKNOWN}
    flags = screen.course.pathway_version.definition.screened_flags()
    return [flag.id for flag in flags if flag.id not in said]


def _flaws(answers: Mapping[str, str], definition: PathwayDefinition) -> Iterator[FieldError]:
    known = {flag.id for flag in definition.screened_flags()}
    if not answers:
        yield FieldError("/answers", "A screen has at least one answer.")
    for flag, answer in answers.items():
        if flag not in known:
            words = no_such("This pathway has no such red flag", flag, known)
            yield FieldError(pointer("answers", flag), words)
        elif answer not in Answer.values:
            yield FieldError(pointer("answers", flag), "Say present, absent or unknown.")


def _earlier(
    course: Course, key: str, sent: str, actor: Actor, now: datetime
) -> RedFlagScreen | None:
    if not key:
        return None
    found = RedFlagScreen.objects.filter(course=course, key=key).first()
    if found is not None:
        must_be_shown(found, actor=actor, now=now)
    if found is not None and found.digest != sent:
        raise KeyReused("This idempotency key was used for another screen.")
    return found


def _create(
    course: Course,
    answers: Mapping[str, str],
    at: datetime,
    role: PractitionerRole,
    *,
    key: str,
    sent: str,
    actor: Actor,
    now: datetime,
) -> RedFlagScreen:
    screen = RedFlagScreen.objects.create(
        organization_id=actor.organization_id,
        patient_id=course.patient_id,
        course=course,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        effective_at=at,
        recorded_at=now,
        key=key,
        digest=sent,
    )
    definition = course.pathway_version.definition
    RedFlagAnswer.objects.bulk_create(
        RedFlagAnswer(
            organization_id=actor.organization_id,
            screen=screen,
            patient_id=course.patient_id,
            flag=flag,
            answer=answer,
            urgency=definition.red_flag(flag).urgency.value,
        )
        for flag, answer in answers.items()
    )
    return screen


def _at_least(course: Course, answer: RedFlagAnswer, held: Mapping[str, Urgency]) -> Urgency:
    """Return how urgent a flag was when it was screened for, or has become since if that is more.

    A version in between may have called it more urgent than the present one does.
    """
    definition, was = course.pathway_version.definition, Urgency(answer.urgency)
    known = [was, held.get(answer.flag, was)]
    if answer.flag in definition.flag_ids:
        known.append(definition.red_flag(answer.flag).urgency)
    return min(known, key=MOST_URGENT_FIRST.index)


def _told(course: Course, name: str, urgency: Urgency) -> Found:
    own = course.pathway_version.definition
    if name in own.flag_ids and own.red_flag(name).urgency is urgency:
        return _found(own.red_flag(name), own)
    definition = _telling(course, name, urgency)
    flag = definition.red_flag(name).model_copy(update={"urgency": urgency})
    return _found(flag, definition)


def _telling(course: Course, name: str, urgency: Urgency) -> PathwayDefinition:
    """Return the version whose words tell of a flag that the course's own does not have so.

    One before it, which the course may have followed: the newest that calls the flag as urgent, or
    has it at all. A later one, which nobody may have signed, tells only of what none of these has.
    """
    own = course.pathway_version.by_number()
    versions = sorted(course.pathway.versions.all(), key=PathwayVersion.by_number)
    before = [one for one in reversed(versions) if one.by_number() <= own]
    for some in (before, [one for one in versions if one.by_number() > own]):
        other: PathwayDefinition | None = None
        for definition in (one.definition for one in some):  # built one by one, as far as needed
            if name in definition.flag_ids:
                if definition.red_flag(name).urgency is urgency:
                    return definition
                other = other or definition
        if other is not None:
            return other
    raise LookupError(f"No version of {course.pathway} has the red flag {name}.")


def _found(flag: safety.RedFlag, definition: PathwayDefinition) -> Found:
    asked = tuple(flag.action_source or flag.source)
    shown = definition.evidence((*flag.source, *asked))
    grade = definition.grade(asked, flag.verified)
    return Found(flag, shown, grade, definition.pathway, definition.version)


def _tell(
    screen: RedFlagScreen, answers: Mapping[str, str], *, actor: Actor, now: datetime
) -> None:
    tell(
        "red-flag-screen.recorded",
        subject="RedFlagScreen",
        subject_id=screen.pk,
        patient_id=screen.patient_id,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        detail={"present": sorted(f for f, said in answers.items() if said == Answer.PRESENT)},
    )
