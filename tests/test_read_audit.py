"""Every read of what patients own leaves its audit row in the same transaction, or fails."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from care_plans.models import (
    Activity,
    Assessment,
    Course,
    Goal,
    Recommendation,
    RedFlagScreen,
)
from coordination import audit_rows
from coordination.actors import Role
from coordination.api.views import ContinuumViewSet, Listed, OfPatients
from coordination.consent import Decided, record_consent
from coordination.models import AuditEvent, Consent, Membership
from coordination.tenancy import acting_in
from tests.care_plans import underway, written
from tests.care_plans.handing import opened_hand_off
from tests.cast import LONG_AGO, NOW, Cast, make_patient
from tests.story_safety import patient_of


def patterns(under: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for entry in (under or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern).lstrip("^").rstrip("$").replace("\\Z", "")
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def listed() -> list[Any]:
    """Return every list of something that patients own."""
    found = []
    for path, view in patterns():
        cls, actions = getattr(view, "cls", None), getattr(view, "actions", {})
        if (
            isinstance(cls, type)
            and issubclass(cls, Listed)
            and issubclass(cls, OfPatients)
            and actions.get("get") == "list"
        ):
            found.append(pytest.param(path, cls, id=path))
    return found


def test_it_finds_the_lists() -> None:
    assert len(listed()) >= 2


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize(("path", "view"), listed())
def test_it_records_every_list_as_a_search(
    cast: Cast, path: str, view: type[ContinuumViewSet]
) -> None:
    readers = (cast.asha, cast.sam, cast.pia, patient_of(cast))
    reader = next(who for who in readers if view.roles["list"] & who.actor_roles())
    client = reader.client
    with cast.acting():
        before = set(AuditEvent.objects.values_list("id", flat=True))
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.data)
    with cast.acting():
        fresh = AuditEvent.objects.exclude(id__in=before)
        assert [(row.actor, row.action) for row in fresh] == [(reader.user.email, "search")]


@pytest.fixture
def rich(cast: Cast) -> dict[str, Any]:
    """Give the patient a course under way, with something behind each address to read."""
    _ = cast.asha.client  # whose token is written down before anything is counted
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE, now=NOW - timedelta(weeks=1))
        underway.meet_acute_exit(cast, course, now=NOW)
        referral = underway.lane(course, "massage_therapy").referral_id
        return {
            "patients": cast.patient.id,
            "care-plans": course.care_plan_id,
            "courses": course.id,
            "referrals": referral,
            "lanes": underway.lane(course, "massage_therapy").id,
            "activities": Activity.objects.filter(course=course)[0].id,
            "goals": Goal.objects.filter(course=course)[0].id,
            "assessments": Assessment.objects.filter(course=course)[0].id,
            "questionnaire-responses": measured_once(course),
            "complexity-screens": written.complexity_screen(cast.asha, course).id,
            "red-flag-screens": RedFlagScreen.objects.filter(course=course)[0].id,
            "red-flags": written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling").id,
            "recommendations": Recommendation.objects.get(course=course, kind="redirect").id,
            "safety-alerts": written.safety_alert(cast, cast.asha).id,
            "message-preferences": cast.patient.id,
            **{path: row.pk for path, row in written.everything(cast, cast.asha).items()},
            "hand-offs": opened_hand_off(cast).id,
            "patient-statements": written.statement(cast, cast.asha).pk,
            "consents": decided(cast).id,
        }


def measured_once(course: Course) -> UUID:
    """Return a sitting with one measure, which one response can tell."""
    rows = Assessment.objects.filter(course=course).annotate(several=Count("scores"))
    found: UUID = rows.filter(several=1)[0].pk
    return found


def decided(cast: Cast) -> Consent:
    """Write down that the patient agreed to be treated."""
    return record_consent(
        cast.patient.id,
        category="treatment",
        decision="permit",
        about="",
        decided=Decided(given_by="patient", means="spoken"),
        actor=cast.asha.actor(),
        now=NOW,
    )


#: what can be read of one patient, with the kind of record that the audit row names
READS = {
    "patients/{}": "Patient",
    "patients/{}/care-team": "CareTeamMember",
    "patients/{}/brief": "Brief",
    "care-plans/{}": "CarePlan",
    "care-plans/{}/courses": "Course",
    "care-plans/{}/conflicts": "ConflictDecision",
    "care-plans/{}/funding": "Coverage",
    "courses/{}": "Course",
    "courses/{}/alternatives": "Course",
    "courses/{}/forecast": "Course",
    "courses/{}/history": "StageTransition",
    "patients/{}/changes": "Brief",
    "patient-statements/{}": "PatientStatement",
    "patient-statements/{}/versions": "PatientStatement",
    "courses/{}/transitions": "StageTransition",
    "courses/{}/readiness": "Readiness",
    "courses/{}/lanes": "Lane",
    "courses/{}/activities": "Activity",
    "courses/{}/unplanned-activities": "Activity",
    "courses/{}/goals": "Goal",
    "lanes/{}": "Lane",
    "activities/{}": "Activity",
    "goals/{}": "Goal",
    "assessments/{}": "Assessment",
    "questionnaire-responses/{}": "Assessment",
    "red-flag-screens/{}": "RedFlagScreen",
    "complexity-screens/{}": "ComplexityScreen",
    "courses/{}/outcomes": "Score",
    "courses/{}/collection-points": "Score",
    "courses/{}/routing-level": "ComplexityScreen",
    "goals/{}/achievements": "GoalAchievement",
    "red-flags/{}": "RedFlag",
    "recommendations/{}": "Recommendation",
    "safety-alerts/{}": "SafetyAlert",
    "activities/{}/dose-changes": "DoseChange",
    "courses/{}/newer-version": "VersionDecision",
    "referrals/{}": "Referral",
    "referrals/{}/candidates": "RoutingCandidate",
    "referrals/{}/transitions": "ReferralTransition",
    "referrals/{}/routing": "RoutingDecision",
    "message-preferences?patient={}": "Preference",
    "encounters/{}": "Encounter",
    "clinical-notes/{}": "ClinicalNote",
    "care-summaries/{}": "CareSummary",
    "hand-offs/{}": "HandOff",
    "consents/{}": "Consent",
    "coverages/{}": "Coverage",
    "record-requests/{}": "RecordRequest",
    "messaging-consents/{}": "MessagingConsent",
}


#: what is told beside it, each a read of its own
BESIDE = {"courses/{}/readiness": ["RedFlag", "SafetyAlert"]}


def address(path: str, rich: dict[str, Any]) -> str:
    return "/api/v1/" + path.format(rich[path.partition("/")[0].partition("?")[0]])


def written_by(cast: Cast, ask: Callable[[], Any], *, status: int = 200) -> list[AuditEvent]:
    """Return the audit rows that a request wrote."""
    with cast.acting():
        before = set(AuditEvent.objects.values_list("id", flat=True))
    assert ask().status_code == status
    with cast.acting():
        return list(AuditEvent.objects.exclude(id__in=before))


@pytest.mark.feature("PV-06")
def test_it_names_the_patient_and_the_record_of_every_read(
    cast: Cast, rich: dict[str, Any]
) -> None:
    for path, resource in READS.items():
        rows = written_by(cast, partial(cast.asha.client.get, address(path, rich)))
        found = [(row.action, row.resource, row.patient_ids, row.basis) for row in rows]
        wanted = [resource, *BESIDE.get(path, ())]
        assert found == [("read", one, [cast.patient.id], "membership") for one in wanted], path


@pytest.mark.feature("PV-13")
def test_it_resolves_every_access_of_everybody_to_a_basis(cast: Cast, rich: dict[str, Any]) -> None:
    # a forecast writes whatever a course would, and takes it back: what is kept is counted above
    asked = [path for path in READS if path != "courses/{}/forecast"]
    paths = ["/api/v1/patients", *(address(path, rich) for path in asked)]
    for who in cast.everybody.values():
        _ = who.client  # whose token is written down by itself
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                answer = who.client.get(path)
            wrote = [one for one in captured if "INTO coordination_auditevent" in one["sql"]]
            assert len(wrote) <= 1, (path, answer.status_code)
    known = {"membership", "referral", "hand_off", "directory", "oversight"}
    for acting in (cast.acting(), acting_in(cast.harbour.id)):
        with acting:
            for row in AuditEvent.objects.filter(action__in=["read", "search"]):
                assert len(row.bases) == len(row.source_ids) == len(row.patient_ids)
                assert set(row.bases) <= known, (row.actor, row.event, row.bases)
                held = zip(row.bases, row.source_ids, strict=True)
                for basis, source in held:
                    assert (basis in {"directory", "oversight"}) == (source is None)


@pytest.mark.feature("PV-06")
def test_it_names_every_patient_on_a_page(cast: Cast, rich: dict[str, Any]) -> None:
    for path in sorted({path.partition("/")[0] for path in READS if path.count("/") == 1}):
        if path in ("lanes", "activities", "goals", "questionnaire-responses"):
            continue  # listed on their course, or as assessments, alone
        rows = written_by(cast, partial(cast.asha.client.get, f"/api/v1/{path}"))
        assert [(row.action, row.patient_ids) for row in rows] == [("search", [cast.patient.id])]


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize("path", ["patients", "clinical-notes", "care-plans"])
def test_it_names_each_patient_of_a_page_that_shows_several(cast: Cast, path: str) -> None:
    other = make_patient(cast.asha, family_name="Gagnon")
    third = make_patient(cast.asha, family_name="Roy")
    several = [cast.patient, other, third]
    for patient in several:
        written.note(cast, cast.asha, patient_id=patient.id)
        asked = {"patient": str(patient.id)}
        assert cast.asha.client.post("/api/v1/care-plans", asked).status_code == 201
    (row,) = written_by(cast, partial(cast.asha.client.get, f"/api/v1/{path}"))
    assert (row.action, len(row.patient_ids)) == ("search", len(several))
    assert set(row.patient_ids) == {patient.id for patient in several}
    (row,) = written_by(cast, partial(cast.asha.client.get, f"/api/v1/{path}?limit=2"))
    assert len(row.patient_ids) == 2  # those who were shown, and nobody else


@pytest.mark.feature("PV-06")
def test_it_walks_every_address_that_reads_one_record_of_a_patient() -> None:
    shapes = {path.replace("{}", "") for path in READS}
    hole = re.compile(r"\(\?P<pk>.*?\{12\}\)")
    for path, view in patterns():
        cls, actions = getattr(view, "cls", None), getattr(view, "actions", None) or {}
        if "get" in actions and isinstance(cls, type) and issubclass(cls, OfPatients):
            short = hole.sub("", path.removeprefix("/api/v1/"))
            known = short in shapes or actions["get"] in ("list", "queue")
            assert known or short.rstrip("/") in UNWALKED, path


#: reads of one row with nothing beneath, whose rows this patient does not have
UNWALKED = {
    "access-reviews",
    "conditions",
    "directives",
    "duplicate-reviews",
    "legal-holds",
    "me/patients",
    "me/statements",
    "me/statements//versions",
    "me/patients//message-preferences",
    "me/patients//messages",
    "me/patients//plan",
    "overrides",
    "messages",
    "outbox",
    "related-persons",
    "source-documents",
}


@pytest.mark.feature("PV-06")
def test_it_says_by_what_right_somebody_with_two_hats_reads(
    cast: Cast, rich: dict[str, Any]
) -> None:
    with cast.acting():
        other = make_patient(cast.gus, family_name="Gagnon")
        Membership.objects.create(
            organization=cast.riverside, user=cast.asha.user, role=Role.SCHEDULER, since=LONG_AGO
        )
    basis = {
        f"courses/{rich['courses']}": "membership",
        f"patients/{cast.patient.id}": "membership",
        f"patients/{other.id}": "directory",
        "patients": "directory, membership",
    }
    for path, expected in basis.items():
        rows = written_by(cast, partial(cast.asha.client.get, f"/api/v1/{path}"))
        assert [row.basis for row in rows] == [expected], path


@pytest.mark.feature("PV-06")
def test_it_records_what_a_repeated_request_shows_again(cast: Cast, rich: dict[str, Any]) -> None:
    client, patient = cast.asha.client, str(cast.patient.id)
    with cast.acting():
        course = Course.objects.get(pk=rich["courses"])
        flags = [flag.id for flag in course.pathway_version.definition.screened_flags()]
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("care-plans", {"patient": patient}, "CarePlan"),
        (
            f"care-plans/{rich['care-plans']}/courses",
            {
                "pathway_version": str(course.pathway_version_id),
                "severity": course.severity,
                "side": course.side,
            },
            "Course",
        ),
        (
            "assessments",
            {"patient": patient, "scores": [{"measure": "nprs", "value": "3"}]},
            "Assessment",
        ),
        (
            "red-flag-screens",
            {"course": str(course.id), "answers": dict.fromkeys(flags, "absent")},
            "RedFlagScreen",
        ),
        (
            "referrals",
            {
                "patient": patient,
                "discipline": "nutrition",
                "reason_code": "question",
                "key": "again",
            },
            "Referral",
        ),
    ]
    for path, body, resource in asked:
        at = f"/api/v1/{path}"

        def ask(at: str = at, body: dict[str, Any] = body) -> Any:
            return client.post(at, body, headers={"Idempotency-Key": f"again-at-{at}"})

        first = ask()
        assert first.status_code in (200, 201), (path, first.data)
        rows = written_by(cast, ask, status=first.status_code)
        found = [(row.action, row.resource, row.patient_ids) for row in rows]
        assert found == [("read", resource, [cast.patient.id])], path
        assert rows[0].resource_id is not None


@pytest.mark.feature("PV-06")
def test_it_discloses_nothing_when_the_row_cannot_be_written(
    cast: Cast, rich: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cast.asha.client
    client.raise_request_exception = False
    addresses = ["/api/v1/care-plans", *(address(path, rich) for path in READS)]

    def full(rows: object) -> audit_rows.Statement:
        raise DatabaseError("no space left on device")

    for path in addresses:
        assert client.get(path).status_code == 200, path
    monkeypatch.setattr(audit_rows, "insert_statement", full)
    for path in addresses:
        with transaction.atomic():
            answer = client.get(path)
        assert answer.status_code == 500, path
        assert str(cast.patient.id).encode() not in answer.content
        assert b"Tremblay" not in answer.content
