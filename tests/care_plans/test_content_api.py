"""Content and imported findings over the API: figures with their sources, and who may sign."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from care_plans.content.files import read_measures
from care_plans.models import Condition, PathwaySignature, SourceDocument
from coordination.models import AuditEvent, Patient
from coordination.tenancy import acting_in
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")
VERSION = "/api/v1/pathways/hamstring-tendinopathy/versions/1.0.0"


def counted(who: Person, url: str, **params: Any) -> tuple[int, list[Any]]:
    who.client.get(url)  # issues the token
    with CaptureQueriesContext(connection) as queries:
        answer = who.client.get(url, {"limit": 200, **params})
    assert answer.status_code == 200, answer.content
    return len(queries), answer.json()["results"]


# Measures


def test_it_lists_every_measure_with_range_source_and_licence(cast: Cast) -> None:
    queries, rows = counted(cast.asha, "/api/v1/measures")
    assert {row["slug"] for row in rows} == set(read_measures())
    assert all(row["licence"] and row["disciplines"] for row in rows)
    assert all(
        figure["verified"] in ("read", "recall", "unverified")
        for row in rows
        for figure in (*row["change"], *row["severity"], *row["references"])
    )
    assert counted(cast.asha, "/api/v1/measures", side_required=True)[0] == queries


def test_it_says_which_figures_may_carry_a_rule(cast: Cast) -> None:
    row = cast.asha.client.get("/api/v1/measures/visa_h").json()
    assert (row["minimum"], row["maximum"], row["better"]) == ("0", "100", "higher")
    [change] = row["change"]
    assert (change["value"], change["usable"]) == (None, False)
    assert (change["quoted_value"], change["verified"]) == ("22", "unverified")
    nprs = cast.asha.client.get("/api/v1/measures/nprs").json()
    assert nprs["loinc"]["code"] == "72514-3"
    assert nprs["change"][0]["usable"] is True
    assert nprs["change"][0]["doi"]
    assert nprs["subscales"] == []
    start = cast.asha.client.get("/api/v1/measures/start_back").json()
    assert start["subscales"] == [{"subscale": "psychosocial", "minimum": "0", "maximum": "5"}]
    assert nprs["severity"][0]["bands"][0] == {"max": "5", "label": "mild"}


@pytest.mark.parametrize("slug", ["none", "nprs%00", "../nprs", "NPRS", "n" * 80])
def test_it_knows_no_other_measure(cast: Cast, slug: str) -> None:
    assert cast.asha.client.get(f"/api/v1/measures/{slug}").status_code == 404


# Pathways


def test_it_shows_a_version_with_the_source_of_every_statement(cast: Cast) -> None:
    rows = {row["slug"]: row for row in counted(cast.asha, "/api/v1/pathways")[1]}
    pathway = rows["hamstring-tendinopathy"]
    assert [version["version"] for version in pathway["versions"]] == [
        "1.0.0",
        "1.1.0",
        "1.2.0",
        "1.3.0",
    ]
    assert "content" not in pathway["versions"][0]
    version = cast.asha.client.get(VERSION).json()
    assert version["sha256"] == pathway["versions"][0]["sha256"]
    assert version["is_signed"] is False
    content = version["content"]
    assert set(content["stages"]) == {"acute", "subacute", "maintenance"}
    for criterion in content["stages"]["acute"]["exit"]["all_of"]:
        assert criterion["source"]
    assert content["sources"]["carespace_2025"]["verified"]


def test_it_lists_pathways_and_versions_in_a_constant_number_of_queries(cast: Cast) -> None:
    before = counted(cast.asha, "/api/v1/pathways")[0]
    with cast.acting():
        for person in (cast.asha, cast.gus):
            sign(cast, person, status=201)
    assert counted(cast.asha, "/api/v1/pathways")[0] == before
    rows = counted(cast.asha, "/api/v1/pathways/hamstring-tendinopathy/versions")[1]
    assert [len(row["signatures"]) for row in rows if row["version"] == "1.0.0"] == [2]
    assert cast.asha.client.get("/api/v1/pathways/none/versions").json()["results"] == []
    assert cast.asha.client.get(f"{VERSION}.1").status_code == 404


def sign(cast: Cast, who: Person, *, status: int, **changed: str) -> Any:
    role = who.role or cast.asha.practitioner_role
    given = {
        "name": role.practitioner.name,
        "college": role.college,
        "registration_number": role.registration_number,
        **changed,
    }
    answer = who.client.post(f"{VERSION}/sign", given)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_it_signs_for_the_signers_organization_alone(cast: Cast) -> None:
    signed = sign(cast, cast.asha, status=201)
    assert signed["registration_number"] == cast.asha.practitioner_role.registration_number
    assert signed["signed_at"].startswith("2026-11-23T15:00:00")
    seen = cast.sam.client.get(VERSION).json()
    assert seen["is_signed"] is True
    assert [row["name"] for row in seen["signatures"]] == [signed["name"]]
    elsewhere = cast.olu.client.get(VERSION).json()
    assert (elsewhere["is_signed"], elsewhere["signatures"]) == (False, [])
    sign(cast, cast.asha, status=409)


@pytest.mark.parametrize(
    ("who", "status"), [("sam", 403), ("ada", 403), ("pia", 403), ("chloe", 403)]
)
def test_it_lets_nobody_without_the_scope_sign(cast: Cast, who: str, status: int) -> None:
    sign(cast, cast.everybody[who], status=status)
    with cast.acting():
        assert not PathwaySignature.objects.exists()


def test_it_refuses_a_signature_with_somebody_elses_number(cast: Cast) -> None:
    problem = sign(cast, cast.asha, status=400, registration_number="TEST-0000")
    assert problem["errors"][0]["pointer"] == "/registration_number"
    problem = sign(cast, cast.asha, status=400, name="")
    assert problem["errors"][0]["pointer"] == "/name"
    with cast.acting():
        assert not PathwaySignature.objects.exists()


# Imported findings


def condition(patient: Patient, number: int, **more: Any) -> Condition:
    return Condition.objects.create(
        organization_id=patient.organization_id,
        patient=patient,
        origin="imported",
        display=f"Example {number}",
        clinical_status="active",
        source_key=f"example:{number}",
        recorded_at=NOW,
        **more,
    )


def document(patient: Patient, number: int, **more: Any) -> SourceDocument:
    return SourceDocument.objects.create(
        organization_id=patient.organization_id,
        patient=patient,
        kind="care_plan",
        content={"resourceType": "CarePlan", "id": str(number)},
        source_key=f"example:{number}",
        source_digest=f"{number:064}",
        recorded_at=NOW,
        **more,
    )


IMPORTED = [("conditions", condition), ("source-documents", document)]


@pytest.mark.parametrize(("name", "make"), IMPORTED)
def test_it_lists_imported_findings_to_the_circle_alone(
    cast: Cast, name: str, make: Callable[..., Any]
) -> None:
    url = f"/api/v1/{name}"
    with cast.acting():
        row = make(cast.patient, 1)
    queries, rows = counted(cast.asha, url)
    assert [found["id"] for found in rows] == [str(row.id)]
    assert cast.asha.client.get(f"{url}/{row.id}").status_code == 200
    with cast.acting():
        for number in range(2, 101):
            make(cast.patient, number)
        audited = AuditEvent.objects.filter(patient_ids=[cast.patient.id])
        assert audited.filter(event__endswith=".read").exists()
        assert audited.filter(event__endswith=".search").exists()
    again, rows = counted(cast.asha, url, patient=str(cast.patient.id))
    assert (again, len(rows)) == (queries, 100)
    assert counted(cast.asha, url, patient=str(cast.stranger.id))[1] == []
    for outsider in (cast.gus, cast.olu):
        assert counted(outsider, url)[1] == []
        assert outsider.client.get(f"{url}/{row.id}").status_code == 404
    for other in (cast.sam, cast.ada, cast.pia):
        assert other.client.get(url).status_code == 403
        assert other.client.get(f"{url}/{row.id}").status_code == 403
    assert cast.asha.client.post(url, {}).status_code in (403, 405)


def test_it_shows_a_documents_content_only_when_it_is_read(cast: Cast) -> None:
    with cast.acting():
        row = document(cast.patient, 1)
    [listed] = counted(cast.asha, "/api/v1/source-documents")[1]
    assert "content" not in listed
    read = cast.asha.client.get(f"/api/v1/source-documents/{row.id}").json()
    assert read["content"] == {"resourceType": "CarePlan", "id": "1"}


@pytest.mark.parametrize("make", [condition, document])
def test_the_database_refuses_a_finding_of_another_organizations_patient(
    cast: Cast, make: Callable[..., Any]
) -> None:
    stranger = Patient(id=cast.stranger.id, organization_id=cast.riverside.id)
    with pytest.raises(IntegrityError), acting_in(cast.riverside.id), transaction.atomic():
        make(stranger, 1)
