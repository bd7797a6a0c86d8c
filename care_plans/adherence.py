"""What was done at home, day by day: adherence of the last 14 days, and the pain with it.

Each entry leaves the scores that criteria ask for, of the measures that say so (`counted`): the
adherence of the fortnight that ends with its day, as soon as both of its weeks have an entry, and
the load response, which is the worse of the pain during and a day after. They are recorded by the
software, so that whoever entered a day needs no scope to take a measure. What is entered late or
corrected once a course has ended counts as an assessment does then: for what was before its end,
or was recorded already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import transaction

from care_plans import assessing, scope, sittings, standing
from care_plans.activities import activity_for
from care_plans.models import Activity, AdherenceEntry, Assessment, Course, Measure
from care_plans.recording import refuse
from care_plans.releasing import leads_days
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor, Role
from coordination.models import PractitionerRole
from coordination.own_access import own_record
from coordination.problems import FieldError, NotAllowed, NotFound
from coordination.withheld import must_be_shown

#: how many days count, the day itself among them
WINDOW = 14
WEEK = 7
MOST_SESSIONS = 50
WORST_PAIN = 10


class NoOwnActivity(NotFound):
    """The patient who asks has no such activity."""

    type = "activity-not-found"


class EnteredAlready(NotAllowed):
    """This day was entered for this activity; `entry` says where, and is what to correct."""

    type = "adherence-entered-already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done on one day; pain in whole numbers from 0 to 10, None: not said."""

    day: date
    prescribed: int
    completed: int
    pain_during: int | None = None
    pain_24h: int | None = None
    note: str = ""
    replaces: UUID | None = None


@transaction.atomic
def record_done(activity_id: UUID, done: Done, *, actor: Actor, now: datetime) -> AdherenceEntry:
    """Write down a day of an activity, as a practitioner of the circle or as the patient.

    One entry for each activity and day: another one corrects it and names it as `replaces`.
    Raises `ActivityNotFound`, `Denied`, `Invalid` that names each wrong value, `NotAllowed` where
    the activity was never begun, `EnteredAlready`, and `NotOpenToYou` where the entry of the day is
    withheld. All or nothing.
    """
    by_patient = Role.PATIENT in actor.roles
    activity = _own(activity_id, actor) if by_patient else activity_for(actor, activity_id, now=now)
    role = None if by_patient else scope.require("adherence.record", activity.course, actor=actor)
    course = standing.hold(activity.course_id)
    refuse(_flaws(done, course, now), "The entry is not valid")
    if activity.status == Activity.Status.NOT_STARTED:
        raise NotAllowed("This activity has not begun: nothing of it was to be done.")
    entry = _write(activity, done, role, by_patient=by_patient, actor=actor, now=now)
    _score(course, entry, actor=actor, now=now)
    return entry


def adherence_of(course_id: UUID, day: date) -> Decimal | None:
    """Return the percentage of prescribed sessions done in the fortnight that ends with a day.

    What was done beyond what was prescribed makes up for no other day. None unless each of the two
    weeks has an entry: a few days do not speak for a fortnight.
    """
    entries = AdherenceEntry.objects.filter(
        course_id=course_id,
        day__gt=day - timedelta(days=WINDOW),
        day__lte=day,
        replaced_by=None,
    ).values_list("day", "prescribed", "completed")
    if {(day - entered).days // WEEK for entered, _, _ in entries} != {0, 1}:
        return None
    prescribed = sum(asked for _, asked, _ in entries)
    completed = sum(min(asked, done) for _, asked, done in entries)
    share = Decimal(completed) * 100 / Decimal(prescribed)
    return share.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _own(activity_id: UUID, actor: Actor) -> Activity:
    patient = own_record(actor)
    rows = Activity.objects.select_related("course__pathway_version", "lane", "goal").defer(
        "course__pathway_version__content"
    )
    found = rows.filter(pk=activity_id, course__patient=patient).first()
    if found is None:
        raise NoOwnActivity("You have no such activity.")
    return found


def _flaws(done: Done, course: Course, now: datetime) -> Iterator[FieldError]:
    today = leads_days(course).day(now)
    if done.day > today:
        yield FieldError("/day", f"This lies in the future: at the clinic it is {today} now.")
    if done.day < course.applied_at.date() - timedelta(days=1):
        yield FieldError("/day", "This lies before the course began.")
    if not 1 <= done.prescribed <= MOST_SESSIONS:
        yield FieldError("/prescribed", f"From 1 to {MOST_SESSIONS} sessions.")
    if not 0 <= done.completed <= MOST_SESSIONS:
        yield FieldError("/completed", f"From 0 to {MOST_SESSIONS} sessions.")
    for name, pain in (("pain_during", done.pain_during), ("pain_24h", done.pain_24h)):
        if pain is not None and not 0 <= pain <= WORST_PAIN:
            yield FieldError(f"/{name}", "From 0 to 10.")


def _write(
    activity: Activity,
    done: Done,
    role: PractitionerRole | None,
    *,
    by_patient: bool,
    actor: Actor,
    now: datetime,
) -> AdherenceEntry:
    known = AdherenceEntry.objects.filter(activity=activity, day=done.day, replaced_by=None).first()
    if known is not None and not by_patient:
        must_be_shown(known, actor=actor, now=now)
    if known is not None and known.pk != done.replaces:
        raise EnteredAlready(
            "This day was entered already: correct that entry instead.", entry=str(known.pk)
        )
    if known is None and done.replaces is not None:
        refuse([FieldError("/replaces", "There is no such entry of this day.")], "The entry")
    entry = AdherenceEntry.objects.create(
        organization_id=activity.organization_id,
        patient_id=activity.course.patient_id,
        course_id=activity.course_id,
        activity=activity,
        day=done.day,
        prescribed=done.prescribed,
        completed=done.completed,
        pain_during=done.pain_during,
        pain_24h=done.pain_24h,
        note=done.note,
        by_patient=by_patient,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
        replaces_id=done.replaces,
    )
    tell(
        "adherence.recorded",
        subject="AdherenceEntry",
        subject_id=entry.pk,
        patient_id=entry.patient_id,
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
    )
    return entry


def _score(course: Course, entry: AdherenceEntry, *, actor: Actor, now: datetime) -> None:
    """Record what the entries mean for the criteria: one sitting for each day that changes.

    The days of the fortnight after a day rest on it too.
    """
    end = entry.day + timedelta(days=WINDOW)
    later = AdherenceEntry.objects.filter(course=course, day__gte=entry.day, day__lt=end)
    software = Actor.system("care_plans.adherence", actor.organization_id)
    for day in later.order_by("day").values_list("day", flat=True).distinct():
        _score_day(course, day, entry, actor=software, now=now)


def _score_day(
    course: Course, day: date, entry: AdherenceEntry, *, actor: Actor, now: datetime
) -> None:
    counted = {"adherence": adherence_of(course.pk, day), "load_response": _worst_of(course, day)}
    scores = [
        sittings.NewScore(measure.slug, value)
        for measure in Measure.objects.order_by("slug")
        if (value := counted.get(measure.definition.counted or "")) is not None
    ]
    name = f"adherence-{course.pk}-{day}"
    known = Assessment.objects.filter(course=course, key__startswith=name, replaced_by=None).first()
    key = f"{name}-{entry.pk}"
    if known is not None:
        assessing.replace_assessment(
            known.pk,
            scores=scores,
            reason="Days at home were entered or corrected.",
            key=key,
            actor=actor,
            now=now,
        )
    elif scores and (at := _taken_at(course, day, now)) is not None:
        assessing.record_assessment(
            course.patient_id,
            scores=scores,
            course_id=course.pk,
            effective_at=at,
            key=key,
            actor=actor,
            now=now,
        )


def _taken_at(course: Course, day: date, now: datetime) -> datetime | None:
    """Return when a day was over, as far as its course went on; None: the course ended before."""
    days, ended = leads_days(course), course.discharged_at
    if ended is not None and days.day(ended) < day:
        return None
    return max(min(days.last_minute(day), now, ended or now), course.applied_at)


def _worst_of(course: Course, day: date) -> Decimal | None:
    """Return the worst pain of a day, during any activity or a day after it; None: nobody said."""
    entries = AdherenceEntry.objects.filter(course=course, day=day, replaced_by=None)
    pains = [
        pain
        for pair in entries.values_list("pain_during", "pain_24h")
        for pain in pair
        if pain is not None
    ]
    return Decimal(max(pains)) if pains else None
