"""What people are told about a red flag, and when it is no longer worth telling."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from care_plans import leading
from care_plans.content.safety import STOPS_LOADING, Urgency
from care_plans.models import Course, Lane, RedFlag, RedFlagAnswer
from coordination.actors import Actor
from coordination.disclosure import disclosed_to
from coordination.models import CareTeamMember, PractitionerRole, WorkItem
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue

STOP = "red-flag.stop"
REVIEW = "red-flag.review"
OVERDUE = "red-flag.overdue"
#: urgencies that ask for a review before a course goes on: nothing of it is due when it has ended
OF_COURSE = (Urgency.REVIEW_BEFORE_PROGRESS.value, Urgency.ROUTINE.value)

_ENDED = Verdict(holds=False, reason="the course has ended")


def _while_open(red_flag_id: UUID, now: datetime) -> Verdict:
    found = RedFlag.objects.filter(pk=red_flag_id).exclude(status=RedFlag.Status.CLEARED)
    urgency = found.values_list("urgency", "course__status").first()
    if urgency is None:
        return Verdict(holds=False, reason="it was cleared")
    if urgency[0] in OF_COURSE and urgency[1] == Course.Status.DISCHARGED:
        return _ENDED
    return Verdict(holds=True)


def _of_team(red_flag_id: UUID, to: Recipient, now: datetime) -> bool:
    own = PractitionerRole.objects.filter(practitioner__roles=to.practitioner_role_id)
    patient_id = RedFlag.objects.filter(pk=red_flag_id).values("patient_id")
    finders = RedFlag.objects.filter(pk=red_flag_id, screen__practitioner_role__in=own)
    team = CareTeamMember.objects.filter(
        patient_id__in=patient_id, practitioner_role__in=own, until=None
    )
    if team.exists() or finders.exists():
        return True
    # whoever stands in for a lead who has lapsed is in no team yet
    asked = set(own.values_list("pk", flat=True))
    return any(leading.leads(row["patient_id"], asked, now=now) for row in patient_id)


def _red_flags(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return RedFlag.objects.filter(disclosed_to(RedFlag, actor, now))


def _every_red_flag(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """No directive hides that something stops: the words are neutral, and lead to no finding."""
    return RedFlag.objects.all()


def register_kinds() -> None:
    """Tell the outbox what may be said about red flags."""
    for kind in (
        MessageKind(
            name=STOP,
            purpose="work",
            audience="the lead, whoever found it, and each needed lane's practitioner",
            subject_line="A safety finding needs you now",
            text="A patient's loading activities are stopped; look at the finding now.",
            still_holds=_while_open,
            concerns=_of_team,
            disclosed=_every_red_flag,
            safety=True,
        ),
        MessageKind(
            name=REVIEW,
            purpose="work",
            audience="the lead",
            subject_line="A finding must be reviewed",
            text="A finding must be reviewed before a course of care goes on.",
            still_holds=_while_open,
            concerns=_of_team,
            disclosed=_red_flags,
        ),
        MessageKind(
            name=OVERDUE,
            purpose="work",
            audience="the lead and whoever found it",
            subject_line="A safety finding is overdue",
            text="A safety finding has not been dealt with in its time.",
            still_holds=_while_open,
            concerns=_of_team,
            disclosed=_red_flags,
            safety=True,
        ),
    ):
        register(kind)


def found(
    red_flag: RedFlag,
    owner: PractitionerRole | None,
    *,
    anew: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Tell whoever must act, at once; and again when the time that it gives has gone by.

    Everybody hears of it once, and an owner each time that it becomes their work. `owner` is None
    for one who looks into it already, or is gone; then `anew` is the work that it was, and
    everybody hears of it once more.
    """
    answering = [*leading.told_as_lead(red_flag.patient_id, now=now)]
    answering = [to for to in answering if to.practitioner_role_id is not None]
    finder_id = red_flag.screen.practitioner_role_id
    if finder_id is not None:
        answering.append(Recipient(practitioner_role_id=finder_id))
    owing = [] if owner is None else [Recipient(practitioner_role_id=owner.pk)]
    stops = Urgency(red_flag.urgency) in STOPS_LOADING
    kind, told = (STOP, [*answering, *_lanes(red_flag)]) if stops else (REVIEW, answering)
    others = [to for to in told if to not in owing]
    _say(kind, red_flag, owing, now, work=_again(red_flag), actor=actor, now=now)
    _say(kind, red_flag, others, now, work=anew, actor=actor, now=now)
    if red_flag.due_at is not None:
        due_at = max(red_flag.due_at, now)
        _say(OVERDUE, red_flag, [*answering, *owing], due_at, actor=actor, now=now)


def whoever_came(patient_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Tell whoever works in a lane now of each hard stop that is open; nobody hears it twice."""
    stops = RedFlag.objects.filter(
        patient_id=patient_id, urgency__in=[urgency.value for urgency in STOPS_LOADING]
    ).exclude(status=RedFlag.Status.CLEARED)
    for red_flag in stops.order_by("found_at", "id"):
        _say(STOP, red_flag, _lanes(red_flag), now, actor=actor, now=now)


def _again(red_flag: RedFlag) -> UUID | None:
    """Return the work that a flag is now, if it was somebody's before."""
    work = red_flag.work_item_id
    if work is None:
        return None
    before = WorkItem.objects.filter(subject_id=red_flag.pk).exclude(pk=work)
    return work if before.exists() else None


def _lifted(red_flag: RedFlag) -> str:
    """Return the urgency that a version gave a flag since it was found, if it is another.

    The first one has no name: what was said of it before urgencies could change is the same.
    """
    first = RedFlagAnswer.objects.filter(screen_id=red_flag.screen_id, flag=red_flag.flag)
    return "" if first.filter(urgency=red_flag.urgency).exists() else red_flag.urgency


def take_back(red_flag: RedFlag, *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about a flag; return how many messages."""
    return cancel(subject_ids=[red_flag.pk], reason=because, actor=actor, now=now)


def course_ended(red_flag_ids: Iterable[UUID], *, actor: Actor, now: datetime) -> int:
    """Cancel what still waits to be said about flags that only their course had to wait for."""
    return cancel(subject_ids=red_flag_ids, reason=_ENDED.reason, actor=actor, now=now)


def _lanes(red_flag: RedFlag) -> list[Recipient]:
    """Return who works in a lane of any of the patient's courses: all loading is stopped.

    Whoever took one up works on in it while nobody knows whether the stage needs it.
    """
    works = Q(practitioner_role__isnull=False) & ~Q(needed=Lane.Needed.NOT_NEEDED)
    lanes = Lane.objects.filter(works, course__patient_id=red_flag.patient_id)
    lanes = lanes.exclude(course__status="discharged")
    ids = lanes.order_by("order", "discipline").values_list("practitioner_role_id", flat=True)
    return [Recipient(practitioner_role_id=role_id) for role_id in ids]


def _say(
    kind: str,
    red_flag: RedFlag,
    recipients: list[Recipient],
    due_at: datetime,
    *,
    work: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    enqueue(
        kind=kind,
        subject_id=red_flag.pk,
        occurrence=":".join(str(part) for part in (red_flag.pk, _lifted(red_flag), work) if part),
        recipients=recipients,
        due_at=due_at,
        patient_id=red_flag.patient_id,
        path=f"/patients/{red_flag.patient_id}",
        actor=actor,
        now=now,
    )
