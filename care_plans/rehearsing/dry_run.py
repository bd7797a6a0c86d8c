"""A dry run: one made-up patient sent through a pathway, and everything that this brings about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, SeverityName
from care_plans.content.stored import reading_as
from care_plans.content_review import ReviewStatus, review_due, review_status
from care_plans.models import Course, Measure, PathwayVersion, Severity, Side, StageStay
from care_plans.rehearsing import meeting
from care_plans.rehearsing.bases import Basis, of_stays
from care_plans.rehearsing.expected import Expected
from care_plans.rehearsing.playing import DAY, NobodyDiagnoses, Player, begin
from care_plans.rehearsing.scene import scratch_scene
from care_plans.rehearsing.timeline import Entry, Timeline
from coordination.problems import Denied, FieldError, Invalid, NotFound


class NoVersionStored(NotFound):
    """Nothing is published here yet, so that no course can be rehearsed."""

    type = "no-version-stored"


@dataclass(frozen=True, slots=True)
class Stayed:
    """One stay of a rehearsed course: which stage, from when to when, and for how long expected.

    `basis` says what the expectation rests on, in the version by which it was expected.
    """

    stage: str
    entered_at: datetime
    left_at: datetime | None
    expected_until: datetime
    basis: Basis


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal showed.

    `unmet` is what stood in the way and was overridden by the lead; `stopped` is why it could not
    go on to the end, or nothing. `review_due` is until when the version counts as reviewed, and
    `review_status` how it stands with that when the rehearsal begins.
    """

    pathway: str
    version: str
    severity: str
    side: str
    began_at: datetime
    ended_at: datetime | None
    stays: tuple[Stayed, ...]
    entries: tuple[Entry, ...]
    unmet: tuple[str, ...]
    stopped: str = ""
    review_due: date | None = None
    review_status: ReviewStatus = ReviewStatus.UNKNOWN


def dry_run(
    version: PathwayVersion | None,
    *,
    severity: str,
    side: str = "",
    answers: Mapping[str, Any] | None = None,
    draft: PathwayDefinition | None = None,
    organization_id: UUID | None = None,
    at: datetime,
) -> Rehearsed:
    """Send a made-up patient through a version, or a draft that nobody published; nothing is kept.

    The patient meets each stage's exit on its last expected day; whatever is asked of them and
    not answered in `answers` is answered in the plainest way (`meeting.circumstances`). One whose
    review is overdue is rehearsed all the same, and said to be so, by the reviews of the
    organization that asks, if there is one. Raises
    `Invalid` for a wrong severity, side or answer, `NoVersionStored`, and what applying raises.
    """
    row = version or stand_in(draft)
    _check(draft or row.definition, severity, side)
    due = _review_due(row, draft, organization_id)
    try:
        found = _rehearsed(row, draft, severity=severity, side=side, answers=answers or {}, at=at)
    except (ArithmeticError, RecursionError) as error:
        raise Invalid("The pathway names figures that cannot be reckoned with.") from error
    except NobodyDiagnoses as error:
        if draft is None:
            raise
        place = FieldError("/draft/diagnosis/may_diagnose", error.detail)
        raise NobodyDiagnoses(error.detail, errors=[place]) from error
    except (Denied, NotFound) as error:  # of made-up people: nobody who asks was denied anything
        raise Invalid(f"The made-up people cannot follow this pathway. {error.detail}") from error
    return replace(found, review_due=due, review_status=review_status(due, today=at.date()))


def _review_due(
    row: PathwayVersion, draft: PathwayDefinition | None, organization_id: UUID | None
) -> date | None:
    if draft is not None or organization_id is None:
        return (draft or row.definition).governance.next_review_due
    return review_due(row, organization_id)


def _rehearsed(
    row: PathwayVersion,
    draft: PathwayDefinition | None,
    *,
    severity: str,
    side: str,
    answers: Mapping[str, Any],
    at: datetime,
) -> Rehearsed:
    definition = draft or row.definition
    reading = reading_as(row.sha256, draft) if draft is not None else nullcontext()
    with reading, scratch_scene(now=at) as scene:
        player = begin(
            scene,
            row,
            severity=severity,
            side=side or _side(definition),
            answers={**meeting.circumstances(definition), **answers},
            number=1,
            at=at,
        )
        with watched(player) as timeline:
            played = Expected(player, scores_of(definition, severity, player.course.side))
            played.play()
            player.pass_time(player.at + DAY)  # so that what is said of its end is sent
        return told_of(player, timeline, played.unmet)


def scores_of(definition: PathwayDefinition, severity: Any, side: str) -> meeting.Scores:
    """Return the scores of a made-up patient with whom a course begins."""
    name: SeverityName = severity
    known = {m.slug: m.definition for m in Measure.objects.order_by("slug")}
    scores = meeting.Scores(known, side)
    meeting.beginning(definition, name, scores)
    return scores


@contextmanager
def watched(player: Player, *, from_here: bool = False) -> Iterator[Timeline]:
    """Keep a timeline of what happens to a course within this block, or of all that is there."""
    timeline = Timeline(player.course)
    player.watch = timeline.look
    if from_here:
        timeline.begin_here(player.at, others=player.others)
    else:
        timeline.look(player.at)
    yield timeline
    timeline.look_at_messages()


def told_of(
    player: Player, timeline: Timeline, unmet: list[str], *, stopped: str = ""
) -> Rehearsed:
    """Return what a rehearsed course has come to."""
    course: Course = player.course
    definition = course.pathway_version.definition
    stays = list(StageStay.objects.filter(course=course).order_by("sequence"))
    bases = of_stays(course, stays)
    return Rehearsed(
        pathway=definition.pathway,
        version=definition.version,
        severity=course.severity,
        side=course.side,
        began_at=course.started_at or course.applied_at,
        ended_at=course.discharged_at,
        stays=tuple(
            Stayed(
                stay.stage,
                stay.entered_at,
                stay.left_at,
                stay.expected_until,
                bases[stay.pk],
            )
            for stay in stays
        ),
        entries=tuple(timeline.in_order()),
        unmet=tuple(dict.fromkeys(unmet)),
        stopped=stopped,
    )


def stand_in(draft: PathwayDefinition | None) -> PathwayVersion:
    """Return a stored version in whose place a draft is read: of the same pathway, if there is."""
    versions = PathwayVersion.objects.select_related("pathway").defer("content")
    own = versions.filter(pathway__slug=draft.pathway) if draft is not None else versions.none()
    found: PathwayVersion | None = (own.last() if own else None) or versions.order_by("id").first()
    if found is None:
        raise NoVersionStored("Load the pathways first: no version is stored here.")
    return found


def _side(definition: PathwayDefinition) -> str:
    return Side.LEFT.value if definition.condition.side_required else ""


def _check(definition: PathwayDefinition, severity: str, side: str) -> None:
    wrong = []
    if severity not in Severity.values:
        wrong.append(FieldError("/severity", f"One of: {', '.join(Severity.values)}."))
    if side not in ["", *Side.values]:
        wrong.append(FieldError("/side", f"One of: {', '.join(Side.values)}."))
    if wrong:
        raise Invalid(wrong[0].detail, errors=wrong)
    assert all(stage in definition.stages for stage in STAGES), "the format demands every stage"
