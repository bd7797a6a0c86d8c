"""What people do to a course in a rehearsal, and what time does to it in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from care_plans import (
    assessing,
    circumstances,
    consuming,
    courses,
    goals,
    plans,
    progress,
    red_flags,
    scope,
    sittings,
    standing,
)
from care_plans.content.pathways import PathwayDefinition
from care_plans.content_review import ReviewStatus, review_due, review_status
from care_plans.looking_again import Glance, glance
from care_plans.models import Course, Goal, Lane, PathwayReview, PathwayVersion, StageStay
from care_plans.rehearsing import referring, turns
from care_plans.rehearsing.scene import Scene, practising, register
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Denied, Invalid
from coordination.scope_table import TABLE
from notifications.models import Message
from notifications.unsent import settle
from referrals.models import Referral, ReferralTransition

#: how often the engine is asked whether time alone has changed something
DAY = timedelta(days=1)
#: no rehearsal goes further, however long a draft expects its stages to last
FURTHEST = timedelta(weeks=6 * 52)


class TooFar(Invalid):
    """A pathway expects a course to last longer than is rehearsed."""

    type = "rehearsal-too-long"


class NobodyDiagnoses(Invalid):
    """The scope of practice lets no discipline diagnose that a pathway lets diagnose."""

    type = "nobody-diagnoses"


@dataclass(slots=True)
class Player:
    """One course under rehearsal: everything that is done to it goes through here.

    `watch`, if given, is called after whatever may have changed something, with the moment.
    `others` are waiting messages that are no matter of this course.
    """

    scene: Scene
    course_id: UUID
    lead: Actor
    at: datetime
    watch: Callable[[datetime], None] | None = None
    others: frozenset[UUID] = frozenset()
    _seen: Glance | None = field(default=None, repr=False)
    _began: datetime = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep when it began: it goes only so far, and sends nothing before."""
        self._began = self.at

    @property
    def course(self) -> Course:
        """Return the course as it is now."""
        found: Course = (
            Course.objects.select_related("pathway_version")
            .defer("pathway_version__content")
            .get(pk=self.course_id)
        )
        return found

    @property
    def definition(self) -> PathwayDefinition:
        """Return what its version says."""
        return self.course.pathway_version.definition

    @property
    def stay(self) -> StageStay | None:
        """Return the stay that it is in."""
        return StageStay.objects.filter(course=self.course_id, left_at=None).first()

    def changed(self) -> None:
        """Forget what was read before, and let whoever watches see what has changed."""
        turns.must_be_in_time()
        self._take_in_steps()
        self._seen = None
        if self.watch is not None:
            self.watch(self.at)

    def screen(self, present: Sequence[str] = ()) -> None:
        """Screen for every flag of the pathway; those in `present` are found."""
        flags = self.definition.screened_flags()
        red_flags.record_screen(
            self.course_id,
            answers={flag.id: "present" if flag.id in present else "absent" for flag in flags},
            actor=self.lead,
            now=self.at,
        )
        self.changed()

    def sit(self, scores: Sequence[sittings.NewScore]) -> None:
        """Take scores in one sitting."""
        if not scores:
            return
        assessing.record_assessment(
            self.course.patient_id,
            scores=scores,
            course_id=self.course_id,
            actor=self.scene.software,
            now=self.at,
        )
        self.changed()

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Answer questions about the person's circumstances."""
        if answers:
            circumstances.record_answers(
                self.course_id, answers=answers, actor=self.lead, now=self.at
            )
            self.changed()

    def reach_goals(self) -> None:
        """Say, as the lead, that what is being worked on was reached."""
        begun = Goal.objects.filter(course=self.course_id, status=Goal.Status.IN_PROGRESS)
        for goal_id in begun.order_by("id").values_list("id", flat=True):
            goals.move_goal(goal_id, "achieve", actor=self.lead, now=self.at)
        self.changed()

    def move(self, action: str, **asked: Any) -> None:
        """Move the course, as its lead."""
        progress.perform(
            self.course_id, progress.Request(action=action, **asked), actor=self.lead, now=self.at
        )
        self.changed()

    def decide_lanes(self) -> None:
        """Let the lead say that no lane is needed of which nothing known says that it is."""
        undecided = Lane.objects.filter(course=self.course_id, needed=Lane.Needed.UNDECIDED)
        for lane in undecided.order_by("discipline"):
            standing.decide_lane(
                lane.pk,
                version=lane.version,
                needed=False,
                reason="Nothing that is known calls for it.",
                actor=self.lead,
                now=self.at,
            )
            self.changed()

    def take_up_referrals(self) -> None:
        """Take each referral on from where it stands, until somebody does or has done the work."""
        rows = Referral.objects.filter(pk__in=self._referrals(), status__in=["active", "on_hold"])
        ids = rows.order_by("order", "discipline").values_list("pk", flat=True)
        for referral_id in list(ids):
            if referring.take_up(referral_id, scene=self.scene, lead=self.lead, now=self.at):
                self.changed()

    def sign_off(self) -> None:
        """Let every needed lane that has somebody say that it is ready."""
        needed = Lane.objects.filter(course=self.course_id, needed=Lane.Needed.NEEDED)
        found = needed.select_related("practitioner_role__practitioner")
        for lane in found.order_by("order", "discipline"):
            role = lane.practitioner_role
            if role is not None:
                standing.sign_off(lane.pk, verdict="ready", actor=practising(role), now=self.at)
                self.changed()

    def pass_time(self, until: datetime) -> None:
        """Let days go by, up to but not including `until`: sweeps look, messages go out.

        Raises `TooFar`.
        """
        if until > self._began + FURTHEST:
            weeks = FURTHEST.days // 7
            raise TooFar(f"A course is rehearsed for {weeks} weeks at most; this one goes on.")
        while self.at < until:
            turns.must_be_in_time()
            self.at = min(self.at + DAY, until)
            self._send_due()
            if self.at < until and not self._is_settled():
                self._look_again()

    def _is_settled(self) -> bool:
        if self._seen is None:
            found = glance([self.course_id], now=self.at)
            if not found:
                return True
            self._seen = found[0]
        return self._seen.is_settled(self.at)

    def _look_again(self) -> None:
        software = self.scene.software
        standing.reassess(self.course_id, actor=software, now=self.at)
        standing.remind_anew(self.course_id, actor=software, now=self.at)
        self.changed()

    def _send_due(self) -> None:
        due = Message.objects.filter(
            patient_id=self.course.patient_id, status=Message.Status.QUEUED, next_at__lt=self.at
        )
        for message in due.exclude(pk__in=self.others).order_by("next_at", "channel", "person"):
            settle(message, now=max(message.next_at, self._began))

    def _referrals(self) -> QuerySet[Any, Any]:
        """Return the ids of the referrals that this course's lanes opened."""
        lanes = Lane.objects.filter(course=self.course_id, referral__isnull=False)
        found: QuerySet[Any, Any] = lanes.values("referral_id")
        return found

    def _take_in_steps(self) -> None:
        steps = ReferralTransition.objects.filter(referral__in=self._referrals(), processed_at=None)
        for step_id in steps.order_by("recorded_at", "id").values_list("id", flat=True):
            consuming.take_in(step_id, self.scene.organization_id, now=self.at)


def begin(
    scene: Scene,
    version: PathwayVersion,
    *,
    severity: str,
    side: str,
    answers: Mapping[str, Any],
    number: int,
    at: datetime,
) -> Player:
    """Register a patient and begin intake of a course on a version.

    Whoever diagnoses is the first whom both the version and the scope of practice let. Raises
    `NobodyDiagnoses`.
    """
    lead = _diagnosing(scene, version.definition.diagnosis.may_diagnose)
    _stand_in_for_review(scene, version, lead.practitioner_roles[0], at=at)
    patient = register(scene, lead.practitioner_roles[0].discipline, number, now=at)
    plan, _ = plans.open_plan(patient.id, actor=lead, now=at)
    course, _ = courses.apply_pathway(
        plan.id,
        pathway_version_id=version.id,
        severity=severity,
        side=side,
        answers=answers,
        actor=lead,
        now=at,
    )
    return Player(scene, course.id, lead, at)


def _diagnosing(scene: Scene, disciplines: Sequence[str]) -> Actor:
    for name in disciplines:
        try:
            scope.permitted("course.apply", actor=scene.persons[name])
        except Denied:
            continue
        return scene.persons[name]
    act = TABLE.entries["course.apply"].says
    raise NobodyDiagnoses(
        f"The scope of practice table lets nobody of {', '.join(disciplines)} do this "
        f"(course.apply): {act}."
    )


def _stand_in_for_review(
    scene: Scene, version: PathwayVersion, role: PractitionerRole, *, at: datetime
) -> None:
    """Let a version count as reviewed in a scratch organization, if its review is overdue.

    Otherwise no course could begin on it. Nobody has reviewed it: whoever is told of the
    rehearsal is told so.
    """
    due = review_due(version, scene.organization_id)
    if review_status(due, today=at.date()) != ReviewStatus.EXPIRED:
        return
    PathwayReview.objects.create(
        organization_id=scene.organization_id,
        pathway_version=version,
        practitioner_role=role,
        name=role.practitioner.name,
        college=role.college,
        registration_number=role.registration_number,
        reviewed_at=at,
        next_review_due=at.date(),
        note="None: a rehearsal",
    )
