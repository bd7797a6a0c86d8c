"""The main job, done by the Python client that was generated from the OpenAPI document.

tests/clients/README.md says how; `mypy --strict` checks how the client is used.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

from continuum_client import AuthenticatedClient, Client
from continuum_client.api.assessments import assessments_create
from continuum_client.api.care_plans import care_plans_courses_create, care_plans_create
from continuum_client.api.courses import (
    courses_advance,
    courses_get,
    courses_lanes_list,
    courses_readiness_get,
    courses_start,
)
from continuum_client.api.events import events_list
from continuum_client.api.lanes import lanes_sign_off
from continuum_client.api.pathways import pathways_get, pathways_versions_get
from continuum_client.api.patients import patients_create, patients_update
from continuum_client.api.practitioners import practitioners_list
from continuum_client.api.red_flag_screens import red_flag_screens_create
from continuum_client.api.referrals import (
    referrals_accept,
    referrals_acknowledge,
    referrals_assign,
    referrals_complete,
    referrals_get,
    referrals_list,
    referrals_start,
)
from continuum_client.api.tokens import tokens_create
from continuum_client.models import (
    AdvanceRequest,
    ApplyRequest,
    ApplyRequestAnswers,
    AssessmentRecordingRequest,
    CourseReadiness,
    CourseSideEnum,
    CourseStatusEnum,
    DisciplineEnum,
    NeededEnum,
    NewScoreRequest,
    OpenPlanRequest,
    PatchedPatientRequest,
    PatientRegistrationRequest,
    Problem,
    RedFlagScreeningRequest,
    RedFlagScreeningRequestAnswers,
    Referral,
    ReferralAssignRequest,
    ReferralCompleteRequest,
    ReferralOutcomeEnum,
    ReferralStartRequest,
    ReferralStatusEnum,
    SeverityEnum,
    SignOffRequest,
    SignOffVerdictEnum,
    StageEnum,
    TokenRequest,
)

PASSWORD = "continuum-demo-clinic"


def well[Body](answer: Body | Problem | None) -> Body:
    """Return what was answered, if it went well."""
    if answer is None or isinstance(answer, Problem):
        raise SystemExit(f"refused: {answer}")
    return answer


class Clinic:
    """The demo's clinic: who is logged in with which token."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._people: dict[str, AuthenticatedClient] = {}

    def person(self, name: str) -> AuthenticatedClient:
        """Return the client of somebody of the cast."""
        if name not in self._people:
            body = TokenRequest(
                email=f"{name}@continuum.example", password=PASSWORD, name="generated client"
            )
            token = well(tokens_create.sync(client=Client(base_url=self.base_url), body=body))
            self._people[name] = AuthenticatedClient(base_url=self.base_url, token=token.token)
        return self._people[name]

    def practising(self, role: UUID) -> AuthenticatedClient:
        """Return whoever practises under this id."""
        page = well(practitioners_list.sync(client=self.person("sol")))
        for one in page.results:
            if role in {held.id for held in one.roles}:
                return self.person(one.name.split()[0].lower())
        raise SystemExit(f"nobody practises as {role}")

    def lead(self) -> UUID:
        """Return the id under which Priya practises physiotherapy."""
        page = well(practitioners_list.sync(client=self.person("sol")))
        priya = next(one for one in page.results if one.name == "Priya Placeholder")
        return priya.roles[0].id


def register(clinic: Clinic) -> UUID:
    """Sol registers a patient, and corrects the phone number of the version that was read."""
    body = PatientRegistrationRequest(
        family_name=f"Generated {uuid4().hex[:6]}", given_name="Gale", lead=clinic.lead()
    )
    patient = well(
        patients_create.sync(client=clinic.person("sol"), body=body, idempotency_key=str(uuid4()))
    )
    edited = patients_update.sync_detailed(
        patient.id,
        client=clinic.person("sol"),
        body=PatchedPatientRequest(phone="555-0199"),
        if_match='"1"',
    )
    assert edited.status_code == HTTPStatus.OK, edited.content
    assert edited.headers["ETag"] == '"2"'
    return patient.id


def begin(clinic: Clinic, patient: UUID, ago: datetime) -> UUID:
    """Priya opens the plan, applies the hamstring pathway, screens, and starts."""
    priya = clinic.person("priya")
    plan = well(care_plans_create.sync(client=priya, body=OpenPlanRequest(patient=patient)))
    pathway = well(pathways_get.sync("hamstring-tendinopathy", client=priya))
    version = pathway.versions[0]
    answers = ApplyRequestAnswers()
    answers.additional_properties = {
        "pain_at_sitting_bone": True,
        "sitting_aggravates": True,
        "stress_affects_sleep": False,
        "sleep_affected": False,
    }
    apply = ApplyRequest(
        pathway_version=version.id,
        severity=SeverityEnum.MODERATE,
        side=CourseSideEnum.RIGHT,
        answers=answers,
        effective_at=ago - timedelta(days=1),
    )
    course = well(care_plans_courses_create.sync(plan.id, client=priya, body=apply)).id
    content = well(
        pathways_versions_get.sync("hamstring-tendinopathy", version.version, client=priya)
    ).content
    flags = [flag["id"] for part in ("red_flags", "redirects") for flag in content[part]]
    screened = RedFlagScreeningRequestAnswers.from_dict(dict.fromkeys(flags, "absent"))
    screen = RedFlagScreeningRequest(course=course, answers=screened, effective_at=ago)
    well(red_flag_screens_create.sync(client=priya, body=screen))
    started = well(courses_start.sync(course, client=priya, body=AdvanceRequest(effective_at=ago)))
    assert started.status is CourseStatusEnum.ACTIVE
    assert started.stage is StageEnum.ACUTE
    return course


def refer(clinic: Clinic, patient: UUID, course: UUID) -> UUID:
    """The referrals of the acute stage are assigned and accepted; returns the one for massage."""
    opened = well(referrals_list.sync(client=clinic.person("priya"), patient=patient)).results
    for row in opened:
        well(
            referrals_assign.sync(row.id, client=clinic.person("sol"), body=ReferralAssignRequest())
        )
        well(referrals_accept.sync(row.id, client=owner(clinic, row.id)))
    deadline = time.monotonic() + 120
    while not staffed(clinic, course):
        assert time.monotonic() < deadline, "the lanes were not staffed"
        time.sleep(1)
    return next(row.id for row in opened if row.discipline is DisciplineEnum.MASSAGE_THERAPY)


def close(clinic: Clinic, referral: UUID) -> Referral:
    """The report comes back, and Priya confirms having read it."""
    therapist = owner(clinic, referral)
    well(referrals_start.sync(referral, client=therapist, body=ReferralStartRequest()))
    report = ReferralCompleteRequest(text="Less tight.", outcome=ReferralOutcomeEnum.GOALS_MET)
    well(referrals_complete.sync(referral, client=therapist, body=report))
    return well(referrals_acknowledge.sync(referral, client=clinic.person("priya")))


def owner(clinic: Clinic, referral: UUID) -> AuthenticatedClient:
    """Return whose work a referral is."""
    work = well(referrals_get.sync(referral, client=clinic.person("sol"))).work
    assert work is not None
    assert work.owner is not None
    return clinic.practising(work.owner.id)


def record(clinic: Clinic, patient: UUID, course: UUID, now: datetime) -> None:
    """Priya writes down the scores that the exit of the acute stage asks for."""
    for days, scores in (
        (9, {"pain_load_24h": "3"}),
        (6, {"pain_load_24h": "2"}),
        (3, {"pain_load_24h": "2"}),
        (2, {"nprs": "2", "adherence_pct": "85"}),
    ):
        body = AssessmentRecordingRequest(
            patient=patient,
            course=course,
            scores=[NewScoreRequest(measure=name, value=value) for name, value in scores.items()],
            effective_at=now - timedelta(days=days),
        )
        well(assessments_create.sync(client=clinic.person("priya"), body=body))


def advance(clinic: Clinic, course: UUID) -> StageEnum | None:
    """The lanes agree, and the stage moves."""
    priya = clinic.person("priya")
    ready: CourseReadiness = well(courses_readiness_get.sync(course, client=priya))
    refused = courses_advance.sync(course, client=priya, body=AdvanceRequest())
    assert isinstance(refused, Problem), refused
    assert refused.type_.endswith("course-not-ready"), refused
    for lane in ready.lanes:
        if lane.needed is NeededEnum.NEEDED:
            assert lane.practitioner is not None, lane
            agreed = SignOffRequest(verdict=SignOffVerdictEnum.READY)
            well(
                lanes_sign_off.sync(
                    lane.id, client=clinic.practising(lane.practitioner.id), body=agreed
                )
            )
    well(courses_advance.sync(course, client=priya, body=AdvanceRequest()))
    after = well(courses_get.sync(course, client=priya)).stage
    assert isinstance(after, StageEnum)
    return after


def staffed(clinic: Clinic, course: UUID) -> bool:
    """Say whether each needed lane has its practitioner: the worker puts them there."""
    lanes = well(courses_lanes_list.sync(course, client=clinic.person("priya")))
    assert isinstance(lanes, list)
    return all(one.practitioner for one in lanes if one.needed is NeededEnum.NEEDED)


def follow(clinic: Clinic, patient: UUID) -> list[str]:
    """Return what the feed tells of the patient."""
    found: list[str] = []
    after = ""
    while True:
        page = well(events_list.sync(client=clinic.person("priya"), after=after, limit=1000))
        if not page.results:
            return found
        found += [event.type_ for event in page.results if event.patient == patient]
        after = page.next_.partition("after=")[2].partition("&")[0]


def main(base_url: str) -> None:
    """Do the main job against a running demo."""
    clinic, now = Clinic(base_url), datetime.now(UTC)
    patient = register(clinic)
    course = begin(clinic, patient, now - timedelta(days=21))
    massage = refer(clinic, patient, course)
    record(clinic, patient, course, now)
    assert advance(clinic, course) is StageEnum.SUBACUTE
    assert close(clinic, massage).status is ReferralStatusEnum.COMPLETED
    types = follow(clinic, patient)
    assert "course.advance" in types, types
    sys.stdout.write(f"The generated client did the main job ({len(types)} events).\n")


if __name__ == "__main__":
    main(sys.argv[1])
