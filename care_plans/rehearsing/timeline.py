"""What happens to a course, in order: read from its rows as they come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from care_plans.content.sourced import STAGES
from care_plans.models import (
    Activity,
    Course,
    Lane,
    Recommendation,
    StageStay,
    StageTransition,
)
from care_plans.rehearsing import bases
from care_plans.rehearsing.bases import Basis
from coordination.models import new_id
from notifications.kinds import headline
from notifications.models import Message
from referrals.models import Referral, ReferralTransition

type Kind = Literal["stage", "lane", "task", "referral", "recommendation", "message"]

ORDER: tuple[Kind, ...] = ("stage", "lane", "task", "referral", "recommendation", "message")


BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happens: on which day, of what kind, to or for whom, and what.

    `basis` is what it rests on in the pathway: none where people decide, or the software tells.
    """

    at: datetime
    kind: Kind
    who: str
    what: str
    detail: str = ""
    row: UUID | None = field(default=None, compare=False)
    lane_id: UUID | None = field(default=None, compare=False)
    basis: Basis | None = None

    @property
    def day(self) -> date:
        """Return its day in UTC."""
        return self.at.date()


@dataclass(slots=True)
class Timeline:
    """The entries of one course; `look` adds what came since it looked last.

    What comes is written by this process, whose ids grow: so only what has a greater id than those
    there were at the last look is asked for, and not all that is known already.
    """

    course: Course
    entries: list[Entry] = field(default_factory=list)
    _known: set[UUID] = field(default_factory=set)
    _lanes: dict[UUID, str] = field(default_factory=dict)
    _since: UUID = BEFORE_ALL

    def look(self, at: datetime) -> None:
        """Add what is new, as of a moment."""
        self._add(self._stages())
        self._add(self._changed_lanes(at))
        self._add(self._tasks(at))
        self._add(self._referrals())
        self._add(self._recommendations())
        self._since = new_id()

    def look_at_messages(self) -> None:
        """Add what was sent or held back; called once, at the end."""
        self._add(self._messages())

    def begin_here(self, at: datetime, *, others: Iterable[UUID]) -> None:
        """Leave out all that is there already; of the messages, `others` and what was sent."""
        self.look(at)
        self.entries.clear()
        done = Message.objects.filter(patient_id=self.course.patient_id)
        done = done.exclude(status=Message.Status.QUEUED)
        self._known |= {*done.values_list("pk", flat=True), *others}

    def in_order(self) -> list[Entry]:
        """Return the entries by time; at one time in the order of `ORDER`, then by their words."""
        return sorted(
            self.entries, key=lambda e: (e.at, ORDER.index(e.kind), e.who, e.what, e.detail)
        )

    def _add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry.row is not None:
                if entry.row in self._known:
                    continue
                self._known.add(entry.row)
            self.entries.append(entry)

    def _stages(self) -> Iterable[Entry]:
        moves = StageTransition.objects.filter(course=self.course.pk, pk__gt=self._since)
        for move in moves.order_by("recorded_at", "id"):
            to = move.to_stage if move.to_status == Course.Status.ACTIVE else move.to_status
            detail = "by override" if move.overridden else ""
            yield Entry(
                move.effective_at,
                "stage",
                "",
                f"{move.action}: {to}",
                detail,
                move.pk,
                basis=bases.of_move(self.course, move),
            )

    def _changed_lanes(self, at: datetime) -> Iterable[Entry]:
        for lane in Lane.objects.filter(course=self.course.pk).order_by("discipline"):
            before = self._lanes.get(lane.pk)
            self._lanes[lane.pk] = lane.needed
            quiet = before is None and lane.needed == Lane.Needed.NOT_NEEDED
            if lane.needed != before and not quiet:
                yield Entry(
                    at,
                    "lane",
                    lane.discipline,
                    lane.needed,
                    lane.reason,
                    None,
                    lane.pk,
                    self._lane_basis(lane),
                )

    def _lane_basis(self, lane: Lane) -> Basis | None:
        if lane.decided_by == Lane.DecidedBy.PERSON:
            return None
        last = StageStay.objects.filter(course=self.course.pk).order_by("sequence").last()
        if last is not None and last.left_at is not None:
            return None
        # during intake, lanes are decided for the first stage
        return bases.of_lane(self.course, last.stage if last else STAGES[0], lane.discipline)

    def _tasks(self, at: datetime) -> Iterable[Entry]:
        rows = Activity.objects.filter(course=self.course.pk, pk__gt=self._since)
        for task in rows.select_related("lane").order_by("lane__discipline", "key"):
            told = [task.dose_level and f"dose {task.dose_level}", task.cadence, task.caution]
            yield Entry(
                at,
                "task",
                task.lane.discipline,
                task.text,
                "; ".join(one for one in told if one),
                task.pk,
                task.lane_id,
                bases.of_task(self.course, task.stage, task.key),
            )

    def _referrals(self) -> Iterable[Entry]:
        lanes = Lane.objects.filter(course=self.course.pk, referral__isnull=False)
        by_referral = dict(lanes.values_list("referral_id", "id"))
        rows = Referral.objects.filter(pk__in=by_referral, pk__gt=self._since)
        for row in rows.order_by("order", "discipline"):
            yield Entry(
                row.requested_at,
                "referral",
                row.discipline,
                "requested",
                row.priority,
                row.pk,
                by_referral[row.pk],
                bases.of_lane(self.course, row.stage, row.discipline),
            )
        steps = ReferralTransition.objects.filter(referral__in=by_referral, pk__gt=self._since)
        for step in (
            steps.exclude(action__in=["open", "submit"]).select_related("referral").order_by("id")
        ):
            yield Entry(
                step.effective_at,
                "referral",
                step.referral.discipline,
                step.action,
                step.reason_code,
                step.pk,
                by_referral[step.referral_id],
            )

    def _recommendations(self) -> Iterable[Entry]:
        rows = Recommendation.objects.filter(course=self.course.pk, pk__gt=self._since)
        rows = rows.select_related("pathway_version__pathway").defer("pathway_version__content")
        for row in rows.order_by("made_at", "rule"):
            basis = bases.of_recommendation(row)
            yield Entry(
                row.made_at, "recommendation", row.lane, row.then, row.rule, row.pk, basis=basis
            )

    def _messages(self) -> Iterable[Entry]:
        rows = Message.objects.filter(patient_id=self.course.patient_id).select_related(
            "to_practitioner_role"
        )
        told: dict[tuple[datetime, str, str, str], list[str]] = {}
        for row in rows.exclude(pk__in=self._known).order_by("id"):
            at = row.sent_at or row.due_at
            how = {"sent": "", "queued": "still waits"}.get(
                row.status, f"{row.status}: {row.reason}"
            )
            if row.status == Message.Status.CANCELLED:
                continue  # taken back before it was due: nobody would have seen it
            told.setdefault((at, _reader(row), row.kind, how), []).append(row.channel)
        for (at, who, kind, how), channels in told.items():
            by = " and ".join(sorted(set(channels)))
            yield Entry(at, "message", who, headline(kind), f"{by}; {how}" if how else by)


def _reader(message: Message) -> str:
    if message.to_patient_id is not None:
        return "patient"
    if message.to_practitioner_role is not None:
        return message.to_practitioner_role.discipline
    return message.as_role or "staff"
