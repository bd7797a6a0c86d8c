"""The part of the story about days at home, doses, and what somebody must act on at once."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.utils import timezone

from care_plans.conflicts import found, of_plan
from care_plans.models import Activity, Course, PathwayVersion, SafetyAlert
from coordination import own_access
from coordination.login_fence import login_of
from tests.care_plans import drafts, imagined, underway
from tests.cast import NOW, Cast, Person

if TYPE_CHECKING:
    from tests.story import Teller


def work_at_home(cast: Cast, tell: "Teller", course: str) -> None:
    """Asha begins the exercises; Noor writes her days down; the load rises."""
    asha, noor = cast.asha, patient_of(cast)
    with cast.acting():
        loading = Activity.objects.filter(course_id=course, is_loading=True).order_by("id")
        held = str(loading.values_list("id", flat=True)[0])
    tell(asha, "post", "/activities/{id}/begin", id=held)
    day: dict[str, Any] = {
        "activity": held,
        "day": NOW.date().isoformat(),
        "prescribed": 2,
        "completed": 1,
        "pain_during": 2,
        "pain_24h": 1,
    }
    entry = tell(noor, "post", "/me/adherence-entries", day)
    mended = {**day, "completed": 2, "replaces": entry["id"]}
    tell(asha, "post", "/adherence-entries", mended)
    tell.decide(asha, "/activities/{id}/change-dose", {"to_level": "eccentric"}, id=held)


def follow_versions(cast: Cast, tell: "Teller", course: str) -> None:
    """Asha looks at another version of the pathway, declines it, then adopts it after all."""
    versions = PathwayVersion.objects.filter(pathway__slug="hamstring-tendinopathy")
    older = str(versions.get(version="1.0.0").pk)
    why = {"pathway_version": older, "reason": "The newer one is clearer."}
    tell(cast.asha, "post", "/courses/{id}/decline-version", why, id=course)
    tag = cast.asha.client.get(f"/api/v1/courses/{course}")["ETag"]
    wanted = {"pathway_version": older, "reason": "For a study that follows it."}
    tell(cast.asha, "post", "/courses/{id}/adopt-version", wanted, tag=tag, id=course)


def think_again(cast: Cast, tell: "Teller", course: str) -> None:
    """Other conditions come up: one turns out to be another, one does not go with the first."""
    newest = PathwayVersion.objects.newest
    with cast.acting():
        asked: dict[str, Any] = {"now": timezone.now(), "answers": {}}
        strain = underway.apply(cast, pathway_version_id=newest("hamstring-strain").id, **asked)
        for slug in ("gluteal-tendinopathy", "achilles-tendinopathy"):
            underway.apply(cast, pathway_version_id=newest(slug).id, **asked)
        (conflict, *_) = found(of_plan(strain.care_plan).values())
        mine = Activity.objects.filter(course_id=course, status="not_started", stage="acute")
        waiting = mine.latest("id")
        Activity.objects.filter(pk=waiting.pk).update(released_at=None)
        own = Course.objects.get(pk=course).pathway_version.definition
    kept = {
        "conflict": str(conflict.id),
        "decision": "keep_both",
        "reason": "One set of them serves both.",
    }
    tell(cast.asha, "post", "/care-plans/{id}/decide-conflict", kept, id=strain.care_plan_id)
    other = {
        "pathway": "lumbar-radiculopathy",
        "severity": "mild",
        "side": "left",
        "reason": "The slump test is positive.",
    }
    tell(cast.asha, "post", "/courses/{id}/switch-diagnosis", other, id=strain.pk)
    # no pathway that ships lets an activity wait: no source says that any does
    why = {"reason": "Was done at another clinic before."}
    until = imagined.criterion(measure="nprs", at_most=0)
    timed = drafts.changed(own, waiting.key, start_when=until)
    with patch.object(PathwayVersion, "definition", property(lambda _: timed)):
        tell(cast.asha, "post", "/activities/{id}/release", why, id=waiting.pk)
    with cast.acting():
        others = Course.objects.underway().filter(care_plan=strain.care_plan).exclude(pk=course)
        ended = {"reason": "Not what it was.", "outcome": "never_started"}
        for other_course in others:
            underway.move(cast, other_course, "discharge", now=timezone.now(), **ended)


def answer_for_safety(cast: Cast, tell: "Teller") -> None:
    """Noor answers of herself; who is on call takes it up."""
    farah, noor, sam = cast.farah, patient_of(cast), cast.sam
    duty = {
        "practitioner_role": str(farah.practitioner_role.id),
        "since": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    arranged = tell(sam, "post", "/on-call-duties", duty)
    item = {"measure": "phq9", "item": 9, "value": "1"}
    tell(noor, "post", "/me/assessments", {"scores": [item], "language": "en-CA"})
    with cast.acting():
        alert = str(SafetyAlert.objects.latest("id").pk)
    tell(farah, "post", "/safety-alerts/{id}/acknowledge", id=alert)
    done = {"outcome": "assessed", "reason": "Spoke with her; a safety plan is agreed."}
    tell(farah, "post", "/safety-alerts/{id}/close", done, id=alert)
    tell(sam, "post", "/on-call-duties/{id}/end", id=arranged["id"])


def check_oneself(cast: Cast, tell: "Teller") -> None:
    """Somebody who is no patient asks whether to see a provider, and whom to call."""
    anybody = cast.asha
    answers = {"answers": {"two-weeks": True}}
    tell(anybody, "post", "/self-checks/pathways/{slug}", answers, slug="hamstring-tendinopathy")
    tell(anybody, "post", "/self-checks/measures/{slug}", {"items": {"9": "1"}}, slug="phq9")


def patient_of(cast: Cast) -> Person:
    """Return Noor with a login of her own."""
    with cast.acting():
        cast.patient.refresh_from_db()
        known = cast.patient.user_id
    if known is None:
        own_access.bind_login(
            cast.patient.id,
            organization_id=cast.riverside.id,
            email="noor@continuum.example",
            password=None,
            now=NOW,
        )
    return Person(login_of("noor@continuum.example"), cast.riverside)
