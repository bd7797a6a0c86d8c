"""Whatever the rows hold, PostgreSQL prints a list as its serializer would have printed it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction

from care_plans.api.courses import CourseViewSet
from care_plans.api.listing_serializers import ListedCourseSerializer
from coordination.actors import Role
from coordination.api import finishing
from coordination.api.patients import PatientViewSet
from coordination.api.projected import Projected
from coordination.models import AuditEvent, Membership
from referrals.api.views import ReferralViewSet
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person, make_patient

HOT: dict[str, Any] = {
    "/api/v1/patients": PatientViewSet,
    "/api/v1/courses": CourseViewSet,
    "/api/v1/referrals": ReferralViewSet,
    "/api/v1/referrals/queue": ReferralViewSet,
}


def ordinary_list(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
    """Answer as every other list does: rows fetched, then printed by the serializer."""
    rows = self.paginate_queryset(self.page_rows()) or []
    self.audit_disclosure(rows, searched=True)
    return self.get_paginated_response(self.get_serializer(rows, many=True).data)


def printed(who: Person, address: str) -> Any:
    answer = who.client.get(address)
    assert answer.status_code == 200, (address, answer.content)
    return json.loads(answer.content)


def printed_ordinarily(who: Person, address: str) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(HOT[urlsplit(address).path], "list", ordinary_list)
        return printed(who, address)


def both(who: Person, address: str) -> Any:
    """Return what a list prints, which is what its serializer prints."""
    finished = printed(who, address)
    assert finished == printed_ordinarily(who, address), address
    return finished


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Give several patients courses, lanes and referrals in all stages."""
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE, now=NOW - timedelta(weeks=1))
        underway.meet_acute_exit(cast, course, now=NOW)
        underway.take(cast, course, cast.chloe)
        for number in range(3):
            patient = make_patient(cast.asha, family_name=f"Roy{number}")
            underway.start(Cast(**{**vars(cast), "patient": patient}))
        make_patient(cast.gus, family_name="Gagnon")
        Membership.objects.create(
            organization=cast.riverside, user=cast.ben.user, role=Role.SCHEDULER, since=LONG_AGO
        )
    return cast


@pytest.mark.parametrize("address", HOT)
def test_it_prints_what_the_serializer_prints(busy: Cast, address: str) -> None:
    readers = [busy.sam, busy.ben]
    if not address.endswith("queue"):
        readers += [busy.asha, busy.chloe, busy.gus]
    for who in readers:
        page = both(who, address)
        assert page["results"] or who in (busy.gus, busy.chloe), (who.user.email, address)


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize("address", HOT)
def test_it_discloses_nothing_when_the_audit_row_cannot_be_written(
    busy: Cast, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = busy.sam.client
    client.raise_request_exception = False
    search_record = Projected.search_record

    def elsewhere(self: Any, resource: str) -> dict[str, Any]:
        record = search_record(self, resource)
        return record | {"actor": replace(self.actor, organization_id=busy.harbour.id)}

    assert client.get(address).status_code == 200
    monkeypatch.setattr(Projected, "search_record", elsewhere)
    with busy.acting():
        before = AuditEvent.objects.count()
    with transaction.atomic():
        answer = client.get(address)
    assert answer.status_code == 500
    assert b"Tremblay" not in answer.content
    with busy.acting():
        assert AuditEvent.objects.count() == before


@pytest.mark.feature("PV-06")
@pytest.mark.parametrize("address", HOT)
def test_it_audits_exactly_those_on_the_page(busy: Cast, address: str) -> None:
    url: str | None = f"{address}?limit=2"
    _ = busy.sam.client  # the login is not what is audited here
    while url:
        with busy.acting():
            before = set(AuditEvent.objects.values_list("id", flat=True))
        page = printed(busy.sam, url)
        with busy.acting():
            [row] = AuditEvent.objects.exclude(id__in=before)
        shown = [one.get("patient", one["id"]) for one in page["results"]]
        assert [str(one) for one in row.patient_ids] == list(dict.fromkeys(shown))
        assert row.bases == ["directory"] * len(row.patient_ids)
        assert row.action == "search"
        url = page["next"]


@pytest.mark.parametrize("address", HOT)
def test_it_turns_pages_in_both_directions(busy: Cast, address: str) -> None:
    whole = both(busy.sam, address)["results"]
    assert len(whole) > 2
    seen, url, last = [], f"{address}?limit=2", ""
    while url:
        page = both(busy.sam, url)
        seen += page["results"]
        last, url = url, page["next"]
    assert seen == whole
    back: list[Any] = []
    url = last
    while url:
        page = both(busy.sam, url)
        back = [*page["results"], *back]
        url = page["previous"]
    assert back == whole


@pytest.mark.parametrize("address", HOT)
@pytest.mark.parametrize(
    "cursor", ["", "x", "cD0lMDA=", "cD1ub3BlLW5vdA==", "bz05OTk5OTk5OTk5OTk5", "cj0x/w==", "é"]
)
def test_it_refuses_a_cursor_that_it_did_not_give_out(
    busy: Cast, address: str, cursor: str
) -> None:
    answer = busy.sam.client.get(address, {"cursor": cursor})
    assert answer.status_code in (200, 400), answer.content
    assert (answer.status_code == 200) is (printed_status(busy.sam, address, cursor) == 200)


def printed_status(who: Person, address: str, cursor: str) -> int:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(HOT[address], "list", ordinary_list)
        return int(who.client.get(address, {"cursor": cursor}).status_code)


FILTERED = {
    "/api/v1/patients": ["name=roy", "name=tremblay noor", "identifier=1", "birth_date=1990-05-17"],
    "/api/v1/courses": [
        "pathway=hamstring-tendinopathy",
        "stage=acute",
        "status=active",
        "severity=mild",
        "discipline=massage_therapy",
        "overdue=true",
        "overdue=false",
        "blocked=true",
        "blocked=false",
        "ready=true",
        "status=active&blocked=false",
    ],
    "/api/v1/referrals": [
        "status=active",
        "work_status=requested",
        "discipline=massage_therapy",
        "priority=routine",
        "mine=true",
        "mine=false",
        "waiting=true",
        "waiting=false",
        "to_acknowledge=true",
        "to_acknowledge=false",
    ],
}


@pytest.mark.parametrize("address", FILTERED)
def test_it_filters_alike(busy: Cast, address: str) -> None:
    with busy.acting():
        patient = f"patient={busy.patient.id}"
    own = [] if address.endswith("patients") else [patient]
    for query in [*FILTERED[address], *own]:
        for who in (busy.asha, busy.sam, busy.ben):
            both(who, f"{address}?{query}")
            both(who, f"{address}?{query}&limit=1")


def test_it_lets_a_scheduler_find_no_course_by_what_is_clinical(busy: Cast) -> None:
    assert len(printed(busy.sam, "/api/v1/courses")["results"]) == 4
    for query in FILTERED["/api/v1/courses"]:
        if query.partition("=")[0] not in ("status", "discipline"):
            assert printed(busy.sam, f"/api/v1/courses?{query}")["results"] == []


def test_it_shows_a_scheduler_who_does_a_course_and_not_why(busy: Cast) -> None:
    for row in printed(busy.sam, "/api/v1/courses")["results"]:
        clinical = {row[name] for name in ListedCourseSerializer.Meta.guarded}
        assert clinical == {None}
        assert row["lead"]["name"] == "Asha"
        assert {lane["needed"] for lane in row["lanes"]} == {"needed"}
        assert any(lane["open_referral"] for lane in row["lanes"])


def test_it_compiles_a_page_once_for_all_of_a_kind(
    busy: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "SHAPES", finishing.Shapes())
    compiled: list[str] = []
    compile_page = finishing.compile_page

    def counted(*args: Any, **kwargs: Any) -> Any:
        compiled.append(kwargs["direction"])
        return compile_page(*args, **kwargs)

    monkeypatch.setattr(finishing, "compile_page", counted)
    for address in HOT:
        if not address.endswith("queue"):
            first = printed(busy.asha, address + "?limit=1")
            so_far = len(compiled)
            assert printed(busy.asha, address + "?limit=1") == first
            other = printed(busy.gus, address + "?limit=1")  # of the same discipline
            assert len(compiled) == so_far, address
            assert other != first
