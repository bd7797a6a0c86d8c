"""What people are told about a course, and when it is no longer worth telling.

What belongs to a stage is about the stay in it: when the stay ends, whatever still waits to be
said about it is cancelled, and what slipped through is dropped at the moment of sending.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from care_plans import flag_reminders, leading
from care_plans.facts import StayRow
from care_plans.models import Course, Lane, StageStay
from coordination.actors import Actor
from coordination.disclosure import disclosed_to
from coordination.models import PractitionerRole
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue, people_told, schedulers
from notifications.recipients import by_person

ENTERED = "course.stage-entered"
REVIEW_DUE = "course.review-due"
READY = "course.ready"
BLOCKED = "course.blocked"
OVERDUE = "course.overdue"
DISCHARGED = "course.discharged"
OF_STAY = (ENTERED, REVIEW_DUE, READY, BLOCKED, OVERDUE)
PLANNED = (REVIEW_DUE, OVERDUE)
_ABOUT = {READY: StageStay.Standing.READY, BLOCKED: StageStay.Standing.BLOCKED}

_OVER = Verdict(holds=False, reason="the stage has ended")
_PAUSED = Verdict(holds=False, reason="the course is paused")


def _stay(stay_id: UUID) -> StageStay | None:
    return StageStay.objects.select_related("course").filter(pk=stay_id).first()


def _while_it_lasts(stay_id: UUID, now: datetime) -> Verdict:
    stay = _stay(stay_id)
    if stay is None or stay.left_at is not None:
        return _OVER
    return Verdict(holds=True) if stay.course.status == Course.Status.ACTIVE else _PAUSED


def _from(column: str) -> Callable[[UUID, datetime], Verdict]:
    """Hold from the moment in `column` on, which a pause may have moved since it was planned."""

    def still_holds(stay_id: UUID, now: datetime) -> Verdict:
        verdict = _while_it_lasts(stay_id, now)
        stay = _stay(stay_id) if verdict.holds else None
        due: datetime | None = getattr(stay, column) if stay else None
        if due is not None and due > now:
            return Verdict(holds=False, reason="it is due later", not_before=due)
        return verdict

    return still_holds


def _while_standing(standing: StageStay.Standing) -> Callable[[UUID, datetime], Verdict]:
    def still_holds(stay_id: UUID, now: datetime) -> Verdict:
        verdict = _while_it_lasts(stay_id, now)
        stay = _stay(stay_id) if verdict.holds else None
        if stay is not None and stay.standing != standing:
            return Verdict(holds=False, reason="this has changed since")
        return verdict

    return still_holds


def _once_discharged(course_id: UUID, now: datetime) -> Verdict:
    gone = Course.objects.filter(pk=course_id, status=Course.Status.DISCHARGED).exists()
    return Verdict(holds=gone, reason="" if gone else "the course goes on")


def _works(course_id: UUID, to: Recipient, disciplines: Iterable[str] | None = None) -> bool:
    lanes = Lane.objects.filter(
        course=course_id, needed=Lane.Needed.NEEDED, practitioner_role__in=_roles(to)
    )
    if disciplines is not None:
        lanes = lanes.filter(discipline__in=list(disciplines))
    return lanes.exists()


def _roles(to: Recipient) -> set[UUID]:
    """Return every role of whoever is written to in one: a person is told once, under one."""
    own = PractitionerRole.objects.filter(practitioner__roles=to.practitioner_role_id)
    return set(own.values_list("id", flat=True)) if to.practitioner_role_id else set()


def _concerns(
    *, lanes: bool = False, holding: bool = False
) -> Callable[[UUID, Recipient, datetime], bool]:
    """Ask whether a practitioner still leads, or works in a lane (that holds the course up).

    Patients and schedulers are asked about elsewhere: who they are does not depend on the stay.
    """

    def concerns(stay_id: UUID, to: Recipient, now: datetime) -> bool:
        stay = _stay(stay_id)
        if stay is None or to.practitioner_role_id is None:
            return stay is not None
        if leading.leads(stay.course.patient_id, _roles(to), now=now):
            return True
        return (lanes or holding) and _works(
            stay.course_id, to, stay.blocked_by if holding else None
        )

    return concerns


def _stays(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return StageStay.objects.filter(disclosed_to(StageStay, actor, now))


def _courses(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return Course.objects.filter(disclosed_to(Course, actor, now))


def register_kinds() -> None:
    """Tell the outbox what this app may say."""
    for kind in (
        MessageKind(
            name=ENTERED,
            purpose="care",
            audience="the patient, each needed lane's practitioner, the lead, the schedulers",
            subject_line="A new stage of care has begun",
            text="A new stage of care has begun; what it asks of you is in Continuum.",
            disclosed=_stays,
            still_holds=_while_it_lasts,
            concerns=_concerns(lanes=True),
        ),
        MessageKind(
            name=REVIEW_DUE,
            purpose="work",
            audience="each needed lane's practitioner and the lead",
            subject_line="A review is due",
            text="A course of care is due for review.",
            disclosed=_stays,
            still_holds=_from("review_at"),
            concerns=_concerns(lanes=True),
        ),
        MessageKind(
            name=READY,
            purpose="work",
            audience="the lead",
            subject_line="A course is ready for its next step",
            text="Everything that a course of care needs for its next step is there.",
            disclosed=_stays,
            still_holds=_while_standing(StageStay.Standing.READY),
            concerns=_concerns(),
        ),
        MessageKind(
            name=BLOCKED,
            purpose="work",
            audience="the practitioner of the lane that holds it up, and the lead",
            subject_line="A course waits for an answer",
            text="A course of care cannot take its next step before a lane has said it is ready.",
            disclosed=_stays,
            still_holds=_while_standing(StageStay.Standing.BLOCKED),
            concerns=_concerns(holding=True),
        ),
        MessageKind(
            name=OVERDUE,
            purpose="work",
            audience="the lead and the schedulers",
            subject_line="A course takes longer than expected",
            text="A course of care has been in its present stage for longer than expected.",
            disclosed=_stays,
            still_holds=_from("expected_until"),
            concerns=_concerns(),
        ),
        MessageKind(
            name=DISCHARGED,
            purpose="care",
            audience="the patient, each needed lane's practitioner, the lead, the schedulers",
            subject_line="A course of care has ended",
            text="A course of care has ended; how it ended is in Continuum.",
            disclosed=_courses,
            still_holds=_once_discharged,
        ),
    ):
        register(kind)


def stage_entered(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    """Tell everybody that a stage has begun, and plan its review and its overdue alert.

    Repeating it tells only those who were not told before, such as who joined a lane since; they
    hear of each hard stop that is open, too.
    """
    staff = [*_lanes(course), *_lead(course, now)]
    everybody = [Recipient(patient_id=course.patient_id), *staff, *schedulers(now=now)]
    _say(ENTERED, course, stay.id, f"{stay.id}", everybody, now, actor=actor, now=now)
    plan_ahead(course, stay, actor=actor, now=now)
    flag_reminders.whoever_came(course.patient_id, actor=actor, now=now)


def plan_ahead(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    """Plan the review and the overdue alert of a stay, once for each timing of it.

    A review whose time has gone by is not asked for any more. That a stay is overdue remains so:
    whoever is to know it hears it at once, if it turns out late.
    """
    for news in planned(stay, _lanes(course), _lead(course, now), schedulers(now=now), now=now):
        _tell(course, stay, news, actor=actor, now=now)


@dataclass(frozen=True, slots=True)
class News:
    """One thing to be said about a stay, to whom and when; said once for each occurrence."""

    kind: str
    occurrence: str
    recipients: tuple[Recipient, ...]
    due_at: datetime


def planned(
    stay: StageStay | StayRow,
    working: Sequence[Recipient],
    lead: Sequence[Recipient],
    desk: Sequence[Recipient],
    *,
    now: datetime,
) -> Iterator[News]:
    """Return what is planned to be said about a stay to whoever works on it, leads and schedules.

    A review that was due before `now` is left out.
    """
    occurrence = f"{stay.id}:{stay.plan}"
    if stay.review_at is not None and stay.review_at >= now:
        yield News(REVIEW_DUE, occurrence, (*working, *lead), stay.review_at)
    yield News(OVERDUE, occurrence, (*lead, *desk), max(stay.expected_until, now))


def of_standing(
    stay: StageStay | StayRow,
    holding: Sequence[Recipient],
    lead: Sequence[Recipient],
    *,
    now: datetime,
) -> Iterator[News]:
    """Return what is to be said now about where a stay stands; `holding` are who hold it up."""
    since = f"{stay.id}:{stay.standing_since.isoformat()}"
    if stay.standing == StageStay.Standing.READY:
        yield News(READY, since, tuple(lead), now)
    elif stay.standing == StageStay.Standing.BLOCKED:
        occurrence = f"{since}:{','.join(sorted(stay.blocked_by))}"
        yield News(BLOCKED, occurrence, (*holding, *lead), now)


def plan_anew(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    """Replace the alerts of a stay that was timed anew; what else waits to be said still holds."""
    cancel(
        subject_ids=[stay.id],
        kinds=PLANNED,
        reason="it is expected at another time",
        actor=actor,
        now=now,
    )
    plan_ahead(course, stay, actor=actor, now=now)


def standing_changed(
    course: Course, stay: StageStay, holding: Sequence[str], *, actor: Actor, now: datetime
) -> None:
    """Tell the lead that a course is ready, or the lanes in `holding` that they hold it up.

    What was said before and is not so any more is taken back.
    """
    outdated = [kind for kind, standing in _ABOUT.items() if standing != stay.standing]
    cancel(
        subject_ids=[stay.id],
        kinds=outdated,
        reason="this has changed since",
        actor=actor,
        now=now,
    )
    since = f"{stay.id}:{stay.standing_since.isoformat()}"
    if stay.standing == StageStay.Standing.READY:
        _say(
            READY,
            course,
            stay.id,
            since,
            _lead(course, now),
            now,
            actor=actor,
            now=now,
        )
    elif stay.standing == StageStay.Standing.BLOCKED:
        occurrence = f"{since}:{','.join(sorted(holding))}"
        waited_for = [*_lanes(course, holding), *_lead(course, now)]
        _say(BLOCKED, course, stay.id, occurrence, waited_for, now, actor=actor, now=now)


def say_anew(course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    """Tell who leads or works on a course only since lately what the others were told.

    Repeating it says nothing to whoever was told, or is about to be.
    """
    plan_ahead(course, stay, actor=actor, now=now)
    holding = _lanes(course, stay.blocked_by)
    for news in of_standing(stay, holding, _lead(course, now), now=now):
        if news.kind == BLOCKED:
            told = people_told(kind=BLOCKED, subject_id=stay.id)
            waited_for = by_person(news.recipients)
            fresh = tuple(to for person, to in waited_for.items() if person not in told)
            news = replace(news, recipients=fresh)  # noqa: PLW2901 - narrowed
        _tell(course, stay, news, actor=actor, now=now)


def discharged(course: Course, *, is_alive: bool = True, actor: Actor, now: datetime) -> None:
    """Tell everybody that a course has ended; nobody writes to a patient who has died."""
    staff = [*_lanes(course), *_lead(course, now)]
    patient = [Recipient(patient_id=course.patient_id)] if is_alive else []
    everybody = [*patient, *staff, *schedulers(now=now)]
    _say(DISCHARGED, course, course.id, f"{course.id}", everybody, now, actor=actor, now=now)


def take_back(stay_id: UUID, *, because: str, actor: Actor, now: datetime) -> int:
    """Cancel whatever still waits to be said about a stay; return how many messages."""
    return cancel(subject_ids=[stay_id], reason=because, actor=actor, now=now)


def _lanes(course: Course, disciplines: Iterable[str] | None = None) -> list[Recipient]:
    lanes = Lane.objects.filter(
        course=course, needed=Lane.Needed.NEEDED, practitioner_role__isnull=False
    )
    if disciplines is not None:
        lanes = lanes.filter(discipline__in=list(disciplines))
    ids = lanes.order_by("order", "discipline").values_list("practitioner_role_id", flat=True)
    return [Recipient(practitioner_role_id=role_id) for role_id in ids]


def _lead(course: Course, now: datetime) -> list[Recipient]:
    return leading.told_as_lead(course.patient_id, now=now)


def _tell(course: Course, stay: StageStay, news: News, *, actor: Actor, now: datetime) -> None:
    _say(
        news.kind,
        course,
        stay.id,
        news.occurrence,
        news.recipients,
        news.due_at,
        actor=actor,
        now=now,
    )


def _say(
    kind: str,
    course: Course,
    subject_id: UUID,
    occurrence: str,
    recipients: Iterable[Recipient],
    due_at: datetime,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    by_path: dict[str, list[Recipient]] = {}
    for to in dict.fromkeys(recipients):
        by_path.setdefault(_path(course, to), []).append(to)
    for path, readers in by_path.items():
        enqueue(
            kind=kind,
            subject_id=subject_id,
            occurrence=occurrence,
            recipients=readers,
            due_at=due_at,
            patient_id=course.patient_id,
            path=path,
            actor=actor,
            now=now,
        )


def _path(course: Course, to: Recipient) -> str:
    """Lead everybody to what they may see: schedulers see no course, and patients log in first."""
    if to.patient_id is not None:
        return "/"
    if to.user_id is not None:
        return f"/patients/{course.patient_id}"
    return f"/courses/{course.id}"
