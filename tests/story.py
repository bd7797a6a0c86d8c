"""One story in which every unsafe address of the API is called with success, by who may call it.

A test gives `tell` its own way to ask, and so looks at each call: twice with one key, with what
it left behind, or to write its answer down. A new unsafe address gets its sentence here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from care_plans.complexity_factors import CATEGORIES
from care_plans.models import Activity, Goal, Recommendation, RedFlag
from coordination.actors import Role
from coordination.login_fence import login_of
from coordination.models import Discipline, Location, Patient
from coordination.moments import as_text
from notifications import delivery
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person, make_person
from tests.story_guarding import guard_records
from tests.story_records import keep_records
from tests.story_safety import (
    answer_for_safety,
    check_oneself,
    follow_versions,
    think_again,
    work_at_home,
)
from tests.story_wishes import look_again, say_what_matters

#: when the story is told
TOLD = NOW + timedelta(hours=1)


@dataclass(frozen=True)
class Step:
    """One call; `path` is as the OpenAPI document writes it, after `/api/v1`."""

    who: Person
    verb: str
    path: str
    body: Any = None
    at: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""

    @property
    def operation(self) -> tuple[str, str]:
        """Return verb and address, as the OpenAPI document has them."""
        return self.verb, f"/api/v1{self.path}"

    @property
    def address(self) -> str:
        """Return where to send it."""
        return f"/api/v1{self.path.format(**self.at)}"

    def send(self, **headers: str) -> Any:
        """Send it."""
        if self.tag:
            headers["If-Match"] = self.tag
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(self.who.client, self.verb)(self.address, self.body, headers=sent)


Ask = Callable[[Step], Any]


class Teller:
    """Asks, sees that it went well, and returns what came back."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __call__(
        self, who: Person, verb: str, path: str, body: Any = None, *, tag: str = "", **at: Any
    ) -> Any:
        """Return the answer's document; `at` fills the holes of the address."""
        places = {name: str(value) for name, value in at.items()}
        answer = self._ask(Step(who, verb, path, body, places, tag))
        assert answer.status_code < 300, (verb, path, answer.status_code, answer.content)
        return answer.json() if answer.content else None

    def edit(self, who: Person, path: str, body: Any, *, id: Any) -> Any:
        """Change what is there now."""
        tag = who.client.get(f"/api/v1{path.format(id=id)}")["ETag"]
        return self(who, "patch", path, body, tag=tag, id=id)

    def decide(self, who: Person, path: str, body: Any, *, id: Any) -> Any:
        """Decide about what is there now."""
        row = path.rpartition("/")[0].format(id=id)
        tag = who.client.get(f"/api/v1{row}")["ETag"]
        return self(who, "post", path, body, tag=tag, id=id)


def tell(cast: Cast, ask: Ask) -> None:
    """Tell the whole story; time stands at `TOLD` (see `time_machine`)."""
    teller = Teller(ask)
    keep_the_registry(cast, teller)
    look_after_a_patient(cast, teller)
    course = begin_a_course(cast, teller)
    work_at_home(cast, teller, course)
    say_what_matters(cast, teller, course)
    look_again(cast, teller)
    work_on_it(cast, teller, course)
    answer_for_safety(cast, teller)
    follow_versions(cast, teller, course)
    think_again(cast, teller, course)
    check_oneself(cast, teller)
    refer(cast, teller)
    keep_records(cast, teller)
    guard_records(cast, teller)
    end_it(cast, teller, course)


def keep_the_registry(cast: Cast, tell: Teller) -> None:
    """Ada keeps places and people; Asha signs the pathway."""
    ada, asha = cast.ada, cast.asha
    place = {"name": "Riverside Midtown", "time_zone": "America/Toronto", "address": "1 Elm St"}
    midtown = tell(ada, "post", "/locations", place)["id"]
    tell.edit(ada, "/locations/{id}", {"phone": "+1 416 555 0100"}, id=midtown)
    hana = make_person(cast.riverside, "Hana")
    new = tell(ada, "post", "/practitioners", {"name": "Hana Sato", "languages": ["en-CA", "ja"]})
    tell.edit(ada, "/practitioners/{id}", {"name": "Hana Satō"}, id=new["id"])
    tell.decide(ada, "/practitioners/{id}/login", {"login": hana.user.email}, id=new["id"])
    registration = {
        "discipline": Discipline.MASSAGE_THERAPY,
        "location": midtown,
        "college": "Test college (fictional)",
        "registration_number": "TEST-9001",
        "registered_from": "2020-01-01",
    }
    role = tell(ada, "post", "/practitioners/{id}/roles", registration, id=new["id"])
    tell.edit(ada, "/practitioner-roles/{id}", {"capacity": 40}, id=role["id"])
    with cast.acting():
        version = underway.version()
    signer = asha.practitioner_role
    own = {
        "name": signer.practitioner.name,
        "college": signer.college,
        "registration_number": signer.registration_number,
    }
    where = {"slug": "hamstring-tendinopathy", "version": version.version}
    tell(asha, "post", "/pathways/{slug}/versions/{version}/sign", own, **where)
    again = {**own, "next_review_due": "2027-11-23", "note": "Nothing newer was found."}
    tell(asha, "post", "/pathways/{slug}/versions/{version}/review", again, **where)


def look_after_a_patient(cast: Cast, tell: Teller) -> None:
    """Sam registers, Asha forms the team and hands over."""
    asha, ben, sam = cast.asha, cast.ben, cast.sam
    person = {
        "family_name": "Gagnon",
        "given_name": "Luc",
        "birth_date": "1984-03-09",
        "language": "fr-CA",
        "identifiers": [
            {"kind": "medical_record", "system": "urn:continuum:test", "value": "MRN-2001"}
        ],
        "lead": str(asha.practitioner_role.id),
    }
    luc = tell(sam, "post", "/patients", person)["id"]
    tell.edit(sam, "/patients/{id}", {"preferred_name": "Lucky"}, id=luc)
    joining = {"practitioner_role": str(ben.practitioner_role.id)}
    member = tell(asha, "post", "/patients/{id}/care-team", joining, id=luc)
    because = {"because": "The back is settled."}
    tell(asha, "post", "/care-team-members/{id}/leave", because, id=member["id"])
    over = {"practitioner_role": str(ben.practitioner_role.id), "because": "Moves to Uptown."}
    tell(asha, "post", "/patients/{id}/hand-over", over, id=luc)
    with cast.acting():
        imported = Patient.objects.create(
            organization=cast.riverside,
            family_name="Roy",
            given_name="Ève",
            search_key="roy eve",
            registered_at=LONG_AGO,
            is_synthetic=True,
        )
    lead = {"lead": str(asha.practitioner_role.id)}
    tell(sam, "post", "/patients/{id}/intake", lead, id=imported.id)
    stand_beside(cast, tell, luc)


def stand_beside(cast: Cast, tell: Teller, patient: str) -> None:
    """A sister decides for the patient, and locks something away."""
    asha, sam, at = cast.asha, cast.sam, "/related-persons"
    sister = {"patient": patient, "name": "Rana Gagnon", "relationship": "sibling"}
    person = tell(asha, "post", at, sister)["id"]
    right = {
        "right": "consent",
        "granted_by": "patient",
        "legal_basis": "patient_authorization",
        "evidence": "form 12",
        "since": as_text(NOW),
        "until": as_text(TOLD + timedelta(days=90)),
    }
    tell(asha, "post", f"{at}/{{id}}/rights", right, id=person)
    seeing = tell(asha, "post", f"{at}/{{id}}/rights", {**right, "right": "view"}, id=person)
    tell(sam, "post", f"{at}/{{id}}/login", {"email": "rana@continuum.example"}, id=person)
    over = {"right": seeing["id"], "because": "The patient asked for it."}
    tell(asha, "post", f"{at}/{{id}}/revoke", over, id=person)
    rana = Person(login_of("rana@continuum.example"), cast.riverside)
    locked = {
        "target": "discipline",
        "target_discipline": "nutrition",
        "audience": "discipline",
        "audience_discipline": "chiropractic",
    }
    tell(rana, "post", "/me/patients/{id}/directives", locked, id=patient)
    writing = tell(asha, "post", f"{at}/{{id}}/rights", {**right, "right": "message"}, id=person)
    assert writing["right"] == "message"
    fewer = {"purpose": "care", "channel": "email", "wanted": False}
    tell(rana, "post", "/me/patients/{id}/message-preferences", fewer, id=patient)


def begin_a_course(cast: Cast, tell: Teller) -> str:
    """Asha opens the plan, applies the pathway, screens and starts."""
    asha = cast.asha
    plan = tell(asha, "post", "/care-plans", {"patient": str(cast.patient.id)})["id"]
    words = {"summary": "Runs again by spring; no loading after long drives."}
    tell.edit(asha, "/care-plans/{id}", words, id=plan)
    with cast.acting():
        version = underway.version()
        flags = [flag.id for flag in version.definition.screened_flags()]
    asked = {
        "pathway_version": str(version.id),
        "severity": "mild",
        "side": "left",
        "answers": underway.CALM,
    }
    course = str(tell(asha, "post", "/care-plans/{id}/courses", asked, id=plan)["id"])
    tell.edit(asha, "/courses/{id}", {"note": "First episode."}, id=course)
    screen = {"course": course, "answers": dict.fromkeys(flags, "absent")}
    tell(asha, "post", "/red-flag-screens", screen)
    tell(asha, "post", "/courses/{id}/start", {}, id=course)
    answers = {flags[0]: "absent", "cancer": "present"}
    tell(asha, "post", "/red-flag-screens", {"course": course, "answers": answers})
    with cast.acting():
        found = str(RedFlag.objects.get(course_id=course).pk)
    tell(asha, "post", "/red-flags/{id}/acknowledge", id=found)
    seen = "The family physician saw her the same week; the weight loss was intended."
    concluded = {"outcome": "ruled_out", "reason": seen}
    tell(asha, "post", "/red-flags/{id}/clear", concluded, id=found)
    said = {"only_after_exercise": True, "stress_affects_sleep": False, "onset": "sudden"}
    tell(asha, "post", "/course-answers", {"course": course, "answers": said})
    mild = suggested(cast, course, "rule.mild")
    tell.decide(asha, "/recommendations/{id}/accept", {}, id=mild)
    for value in ("5", "6"):
        after = {"scores": [{"measure": "pain_load_24h", "value": value}], "course": course}
        tell(asha, "post", "/assessments", {"patient": str(cast.patient.id), **after})
    why = {"reason": "She had felt it for some weeks; only the day of the drive was sudden."}
    other = suggested(cast, course, "rule.sudden-onset")
    tell.decide(asha, "/recommendations/{id}/decline", why, id=other)
    return course


def suggested(cast: Cast, course: str, rule: str) -> str:
    """Return what a rule suggests for a course."""
    with cast.acting():
        return str(Recommendation.objects.get(course_id=course, rule=rule).pk)


def work_on_it(cast: Cast, tell: Teller, course: str) -> None:
    """The team works: findings, lanes, activities and goals."""
    asha, patient = cast.asha, str(cast.patient.id)
    sitting = {
        "patient": patient,
        "course": course,
        "scores": [{"measure": "nprs", "value": "6"}],
    }
    first = tell(asha, "post", "/assessments", sitting)
    mended = {"scores": [{"measure": "nprs", "value": "5"}], "reason": "Misheard."}
    tell(asha, "post", "/assessments/{id}/replace", mended, id=first["id"])
    filled_in = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "urn:continuum:questionnaire:phq4",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "item": [
            {"linkId": f"item.{number}", "answer": [{"valueInteger": 1}]} for number in range(1, 5)
        ],
    }
    tell(asha, "post", "/questionnaire-responses", filled_in)
    factors = {name: dict.fromkeys(parts, "low") for name, parts in CATEGORIES.items()}
    complex_ = {"course": course, "level": "low", "factors": factors}
    tell(asha, "post", "/complexity-screens", complex_)
    better = {**sitting, "scores": [{"measure": "nprs", "value": "3"}]}
    tell(asha, "post", "/assessments", better)
    answers = {"course": course, "answers": {"sitting_aggravates": True}}
    tell(asha, "post", "/course-answers", answers)
    worse = {"severity": "moderate", "reason": "Pain after every drive."}
    tell.decide(asha, "/courses/{id}/change-severity", worse, id=course)
    with cast.acting():
        lane = str(underway.lane(_course(course), "physiotherapy").id)
        other = str(underway.lane(_course(course), "chiropractic").id)
        work = Activity.objects.filter(lane_id=lane).order_by("id")
        begun, stopped = (str(one) for one in work.values_list("id", flat=True)[:2])
        goal = str(Goal.objects.filter(course_id=course).order_by("id")[0].id)
    tell.edit(asha, "/lanes/{id}", {"note": "Sees him on Mondays."}, id=lane)
    away = {"needed": False, "reason": "No joint findings."}
    tell.decide(asha, "/lanes/{id}/decide", away, id=other)
    tell(asha, "post", "/lanes/{id}/sign-off", {"verdict": "ready"}, id=lane)
    tell.edit(asha, "/activities/{id}", {"note": "On the left only."}, id=begun)
    tell(asha, "post", "/activities/{id}/begin", id=begun)
    tell(asha, "post", "/activities/{id}/complete", id=begun)
    tell(asha, "post", "/activities/{id}/stop", {"because": "Too early."}, id=stopped)
    tell.edit(asha, "/goals/{id}", {"note": "Wants to drive to work."}, id=goal)
    tell(asha, "post", "/goals/{id}/achieve", id=goal)
    tell(asha, "post", "/goals/{id}/reopen", id=goal)
    tell(asha, "post", "/goals/{id}/give-up", id=goal)


def refer(cast: Cast, tell: Teller) -> None:
    """Asha refers, Sam assigns, and Esi does the work after all."""
    asha, esi, sam = cast.asha, cast.esi, cast.sam
    asked = {
        "patient": str(cast.patient.id),
        "discipline": "nutrition",
        "reason_code": "slow-healing",
        "draft": True,
    }
    one = tell(asha, "post", "/referrals", asked)["id"]
    tell(asha, "post", "/referrals/{id}/submit", id=one)
    tell(sam, "post", "/referrals/{id}/claim", id=one)
    tell(sam, "post", "/referrals/{id}/release", id=one)
    tell(sam, "post", "/referrals/{id}/assign", {}, id=one)
    tell(sam, "post", "/referrals/{id}/requeue", {"reason_code": "no_answer"}, id=one)
    tell(asha, "post", "/referrals/{id}/hold", {"reason_code": "patient_request"}, id=one)
    tell(asha, "post", "/referrals/{id}/resume", id=one)
    make_colleague(cast)
    named = {"practitioner_role": str(esi.practitioner_role.id), "reason_code": "continuity"}
    tell(sam, "post", "/referrals/{id}/assign", named, id=one)
    read_messages(cast, tell)
    tell(esi, "post", "/referrals/{id}/accept", id=one)
    tell(esi, "post", "/referrals/{id}/start", {}, id=one)
    report = {"text": "Eats enough protein now; plan given.", "outcome": "goals_met"}
    tell(esi, "post", "/referrals/{id}/complete", report, id=one)
    tell(asha, "post", "/referrals/{id}/acknowledge", id=one)
    other = tell(asha, "post", "/referrals", {**asked, "draft": False})["id"]
    tell(sam, "post", "/referrals/{id}/assign", named, id=other)
    tell(esi, "post", "/referrals/{id}/decline", {"reason_code": "no_capacity"}, id=other)
    tell(sam, "post", "/referrals/{id}/reroute", id=other)
    tell(asha, "post", "/referrals/{id}/revoke", {"reason_code": "no_longer_needed"}, id=other)


def make_colleague(cast: Cast) -> Person:
    """Give Esi somebody to whom her work can go."""
    with cast.acting():
        downtown = Location.objects.get(pk=cast.downtown.pk)
    return make_person(
        cast.riverside,
        "Ines",
        hat=Role.PRACTITIONER,
        discipline=Discipline.NUTRITION,
        location=downtown,
    )


def read_messages(cast: Cast, tell: Teller) -> None:
    """Esi reads what she was told, and chooses what she wants to hear."""
    for channel in ("email", "in_app"):
        delivery.deliver_due(channel, clock=lambda: TOLD)
    inbox = cast.esi.client.get("/api/v1/messages").json()["results"]
    tell(cast.esi, "post", "/messages/{id}/read", id=inbox[0]["id"])
    choice = {"purpose": "work", "channel": "email", "wanted": False}
    tell(cast.esi, "post", "/message-preferences", choice)


def end_it(cast: Cast, tell: Teller, course: str) -> None:
    """The course goes on, back, rests, and ends; so does the plan."""
    asha = cast.asha
    hasty = {"override": True, "reason": "Meets all but the diary.", "leaving": "acute"}
    tell(asha, "post", "/courses/{id}/advance", hasty, id=course)
    tell(asha, "post", "/courses/{id}/regress", {"reason": "Flared up after a fall."}, id=course)
    tell(asha, "post", "/courses/{id}/pause", {"reason": "Travels for two weeks."}, id=course)
    tell(asha, "post", "/courses/{id}/resume", {}, id=course)
    end = {"reason": "Moved away.", "outcome": "patient_left"}
    tell(asha, "post", "/courses/{id}/discharge", end, id=course)
    with cast.acting():
        plan = str(_course(course).care_plan_id)
    closed = {"outcome": "patient_left", "reason": "Moved away."}
    tell(asha, "post", "/care-plans/{id}/close", closed, id=plan)


def _course(course_id: str) -> Any:
    from care_plans.models import Course

    return Course.objects.get(pk=course_id)
