"""Referrals over HTTP, from asking to the acknowledgement, as each of the cast sees them."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from coordination.actors import Role
from coordination.models import AuditEvent
from referrals.models import Referral, ReferralReport
from referrals.permission import Report
from tests.cast import Cast, Person, make_patient, make_person
from tests.referrals.walk import as_stored, do, opened, work_of

URL = "/api/v1/referrals"


def asking(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "patient": str(cast.patient.id),
        "discipline": "psychotherapy",
        "reason_code": "slow-recovery-stress",
        "sensitivity": "mental-health",
        "key": "k-1",
    } | changes


def post(who: Person, path: str, body: dict[str, Any] | None = None, code: int = 200) -> Any:
    answer = who.client.post(f"{URL}{path}", body or {})
    assert answer.status_code == code, answer.content
    return answer.json()


def get(who: Person, path: str = "", code: int = 200, **query: Any) -> Any:
    answer = who.client.get(f"{URL}{path}", query)
    assert answer.status_code == code, answer.content
    return answer.json()


def ids(who: Person, path: str = "", **query: Any) -> list[str]:
    return [row["id"] for row in get(who, path, **query)["results"]]


def test_it_goes_all_the_way_from_asking_to_the_acknowledgement(cast: Cast) -> None:
    asha, sam, farah = cast.asha, cast.sam, cast.farah
    asked = post(asha, "", asking(cast, key=""), code=201)
    assert (asked["status"], asked["work"]["status"]) == ("active", "requested")
    one = f"/{asked['id']}"
    assert ids(sam, "/queue") == [asked["id"]]
    assert post(sam, f"{one}/claim")["work"]["claimed_by"] == str(sam.user.id)
    (candidate,) = get(sam, f"{one}/candidates")
    assert candidate["practitioner_role"] == str(farah.practitioner_role.id)
    assert candidate["rank"] == 1
    assert candidate["reasons"]
    get(farah, one, code=404)
    assigned = post(sam, f"{one}/assign")
    assert assigned["work"]["owner"]["name"] == "Farah"
    assert assigned["work"]["claimed_by"] is None
    assert ids(sam, "/queue") == []
    assert get(farah, one)["clinical"]["reason_code"] == "slow-recovery-stress"
    assert post(farah, f"{one}/accept")["work"]["status"] == "accepted"
    assert post(farah, f"{one}/start")["work"]["status"] == "in_progress"
    report = {"text": "Four sessions; sleeps through.", "outcome": "goals_met"}
    reported = post(farah, f"{one}/complete", report)
    assert (reported["status"], reported["work"]["status"]) == ("active", "completed")
    assert ids(asha, to_acknowledge="true") == [asked["id"]]
    closed = post(asha, f"{one}/acknowledge")
    assert closed["status"] == "completed"
    assert closed["clinical"]["reports"][0]["text"] == report["text"]
    assert closed["acknowledged_by"] == str(asha.practitioner_role.id)
    steps = get(asha, f"{one}/transitions")
    assert [step["action"] for step in steps][-3:] == ["start", "complete", "acknowledge"]
    (decision,) = get(sam, f"{one}/routing")
    assert decision["chosen"] == str(farah.practitioner_role.id)
    assert decision["candidates"] == [candidate]


def test_it_tells_a_scheduler_neither_why_nor_what_came_of_it(cast: Cast) -> None:
    with cast.acting():
        now = timezone.now()
        referral = opened(
            cast,
            "psychotherapy",
            reason_code="slow-recovery-stress",
            sensitivity="mental-health",
            stage="subacute",
            now=now,
        )
        for who, action in (
            (cast.sam, "assign"),
            (cast.farah, "accept"),
            (cast.farah, "start"),
        ):
            do(referral, action, who, now=now)
        told = Report("Unmistakable words.", "goals_partly_met")
        do(referral, "complete", cast.farah, now=now, report=told)
    for path in ("", f"/{referral.id}", f"/{referral.id}/transitions", f"/{referral.id}/routing"):
        client = cast.sam.client
        said = client.get(URL + path).content.decode()
        for secret in (
            "slow-recovery-stress",
            "mental-health",
            "subacute",
            "Unmistakable",
            "goals_partly_met",
        ):
            assert secret not in said, path
    assert get(cast.sam, f"/{referral.id}")["clinical"] is None
    mine = get(cast.asha, f"/{referral.id}")["clinical"]
    assert mine["reports"][0]["text"] == "Unmistakable words."
    assert (mine["outcome"], mine["stage"]) == ("goals_partly_met", "subacute")


def test_it_answers_who_declined_with_logistics_only(cast: Cast) -> None:
    with cast.acting():
        referral = opened(cast, now=timezone.now())
    post(cast.sam, f"/{referral.id}/assign")
    answer = post(cast.chloe, f"/{referral.id}/decline", {"reason_code": "no_capacity"})
    assert answer["clinical"] is None
    get(cast.chloe, f"/{referral.id}", code=404)


def test_it_returns_the_same_referral_for_the_same_key(cast: Cast) -> None:
    first = post(cast.asha, "", asking(cast), code=201)
    assert post(cast.asha, "", asking(cast), code=200)["id"] == first["id"]
    taken = post(cast.asha, "", asking(cast, discipline="nutrition"), code=409)
    assert taken["type"].endswith(":referral-key-in-use")


def test_it_keeps_a_draft_from_schedulers_until_it_is_sent(cast: Cast) -> None:
    draft = post(cast.asha, "", asking(cast, draft=True), code=201)
    assert (draft["status"], draft["work"]) == ("draft", None)
    assert ids(cast.sam) == ids(cast.sam, "/queue") == []
    get(cast.sam, f"/{draft['id']}", code=404)
    assert ids(cast.asha) == [draft["id"]]
    assert post(cast.asha, f"/{draft['id']}/submit")["status"] == "active"
    assert ids(cast.sam, "/queue") == [draft["id"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patient", "x"),
        ("discipline", "osteopathy"),
        ("reason_code", "Pain when sitting"),
        ("reason_code", "\x00"),
        ("priority", "soon"),
        ("sensitivity", "Very Private"),
        ("needed_by", "tomorrow"),
        ("location", "0192e4a0-0000-7000-8000-000000000001"),
        ("requested_by", "x"),
    ],
)
def test_it_points_to_what_is_wrong(cast: Cast, field: str, value: str) -> None:
    answer = post(cast.asha, "", asking(cast, **{field: value}), code=400)
    assert [error["pointer"] for error in answer["errors"]] == [f"/{field}"]
    with cast.acting():
        assert Referral.objects.count() == 0


def test_it_accepts_no_status_from_a_client(cast: Cast) -> None:
    refused = post(cast.asha, "", asking(cast, status="completed"), code=400)
    assert [error["pointer"] for error in refused["errors"]] == ["/status"]
    asked = post(cast.asha, "", asking(cast), code=201)
    for verb in ("put", "patch", "delete"):
        answer = getattr(cast.asha.client, verb)(f"{URL}/{asked['id']}", {"status": "completed"})
        assert answer.status_code == 405


def test_it_refers_nobody_outside_the_circle_and_not_in_anothers_name(cast: Cast) -> None:
    assert post(cast.gus, "", asking(cast), code=404)["type"].endswith("patient-not-found")
    post(cast.asha, "", asking(cast, patient=str(cast.stranger.id)), code=404)
    denied = post(
        cast.asha,
        "",
        asking(cast, requested_by=str(cast.ben.practitioner_role.id)),
        code=403,
    )
    assert denied["rule"] == "referral.create.own-name"
    assert post(cast.sam, "", asking(cast), code=403)["rule"] == "role.referral.create"
    with cast.acting():
        assert Referral.objects.count() == 0


ACTIONS: dict[str, dict[str, str]] = {
    "submit": {},
    "claim": {},
    "release": {},
    "assign": {},
    "reroute": {},
    "accept": {},
    "decline": {"reason_code": "no_capacity"},
    "requeue": {"reason_code": "absent"},
    "start": {},
    "complete": {"text": "x", "outcome": "goals_met"},
    "acknowledge": {},
    "hold": {"reason_code": "patient_request"},
    "resume": {},
    "revoke": {"reason_code": "replaced"},
}
READS = ["", "/candidates", "/transitions", "/routing"]


def test_it_answers_another_organization_and_the_outsider_as_if_there_were_none(
    cast: Cast,
) -> None:
    with cast.acting():
        referral = opened(cast, now=timezone.now())
    harbour_scheduler = make_person(cast.harbour, "Hal", hat=Role.SCHEDULER)
    for who in (cast.olu, cast.gus, harbour_scheduler):
        for read in READS:
            real = get(who, f"/{referral.id}{read}", code=404)
            assert real == get(who, f"/{uuid4()}{read}", code=404)
        assert ids(who) == []
        for name, body in ACTIONS.items():
            answers = [
                who.client.post(f"{URL}/{one}/{name}", body) for one in (referral.id, uuid4())
            ]
            assert {answer.status_code for answer in answers} <= {403, 404}
            assert answers[0].data == answers[1].data
    with cast.acting():
        assert as_stored(referral.id).status == "active"
        assert work_of(referral).status == "requested"


@pytest.mark.parametrize("name", ["ada", "pia"])
def test_it_is_closed_to_those_who_have_no_part_in_care(cast: Cast, name: str) -> None:
    with cast.acting():
        referral = opened(cast, now=timezone.now())
    who = cast.everybody[name]
    for path in ["", "/queue", *[f"/{referral.id}{read}" for read in READS]]:
        assert get(who, path, code=403)["rule"].startswith("role.referral.")
    for action, body in ACTIONS.items():
        denied = post(who, f"/{referral.id}/{action}", body, code=403)
        assert denied["rule"] == f"role.referral.{action}"


def test_it_says_which_rule_denied(cast: Cast) -> None:
    with cast.acting():
        referral = opened(cast, now=timezone.now())
    assert post(cast.asha, f"/{referral.id}/accept", code=403)["rule"] == "referral.accept"
    assert post(cast.sam, f"/{referral.id}/accept", code=403)["rule"] == "role.referral.accept"
    early = post(cast.asha, f"/{referral.id}/acknowledge", code=409)
    assert "has no report back yet" in early["detail"]


def test_it_audits_what_it_shows(cast: Cast) -> None:
    with cast.acting():
        referral = opened(cast, now=timezone.now())
    get(cast.sam, "/queue")
    get(cast.asha, f"/{referral.id}")
    with cast.acting():
        rows = AuditEvent.objects.filter(event__in=["Referral.search", "Referral.read"])
        assert {(row.event, row.basis, tuple(row.patient_ids)) for row in rows} == {
            ("Referral.search", "directory", (cast.patient.id,)),
            ("Referral.read", "membership", (cast.patient.id,)),
        }


def test_it_puts_the_most_pressing_first_and_then_the_oldest(cast: Cast) -> None:
    with cast.acting():
        opening = [("nutrition", "routine"), ("kinesiology", "stat"), ("chiropractic", "urgent")]
        opening += [("massage_therapy", "asap"), ("psychotherapy", "stat")]
        for discipline, priority in opening:
            opened(cast, discipline, priority=priority, now=timezone.now())
    expected = ["kinesiology", "psychotherapy", "massage_therapy", "chiropractic", "nutrition"]
    found: list[str] = []
    url: str | None = f"{URL}/queue?limit=2"
    while url:
        page = cast.sam.client.get(url).data
        found += [row["discipline"] for row in page["results"]]
        url = page["next"]
    assert found == expected


def test_it_filters(cast: Cast) -> None:
    now = timezone.now()
    other = make_patient(cast.gus)
    with cast.acting():
        massage = str(opened(cast, now=now).id)
        nutrition = opened(cast, "nutrition", priority="urgent", now=now)
        do(nutrition, "assign", cast.sam, now=now)
        theirs = str(
            opened(
                cast,
                "kinesiology",
                patient_id=other.id,
                requested_by_id=cast.gus.practitioner_role.id,
                now=now,
            ).id
        )
    urgent = str(nutrition.id)
    sam = cast.sam
    assert set(ids(sam)) == {massage, urgent, theirs}
    assert set(ids(sam, waiting="true")) == {massage, theirs}
    assert ids(sam, waiting="false") == [urgent]
    assert ids(sam, discipline="nutrition") == [urgent]
    assert ids(sam, priority="urgent") == [urgent]
    assert ids(sam, patient=str(other.id)) == [theirs]
    assert ids(sam, assignee=str(cast.esi.practitioner_role.id)) == [urgent]
    assert ids(sam, status="revoked") == []
    assert set(ids(sam, work_status="requested")) == {massage, urgent, theirs}
    assert set(ids(cast.asha, mine="true")) == {massage, urgent}
    assert ids(cast.esi, mine="true") == [urgent]
    assert ids(cast.asha, mine="false") == []
    assert ids(cast.gus) == [theirs]
    assert cast.sam.client.get(URL, {"patient": "x"}).status_code == 400
    assert cast.sam.client.get(URL, {"discipline": "x"}).status_code == 400


@pytest.mark.parametrize("path", ["", "/queue"])
@pytest.mark.parametrize("many", [1, 9])
def test_it_asks_the_same_number_of_queries_for_one_row_and_for_many(
    cast: Cast, path: str, many: int, django_assert_num_queries: Any
) -> None:
    client = cast.sam.client
    with cast.acting():
        for number in range(many):
            opened(cast, key=f"k-{number}", now=timezone.now())
    with django_assert_num_queries(7):
        assert len(client.get(URL + path).data["results"]) == many


@pytest.mark.parametrize("many", [1, 9])
@pytest.mark.parametrize(("read", "queries"), [("candidates", 12), ("transitions", 10)])
def test_it_asks_the_same_number_of_queries_for_any_number_of_people_and_steps(
    cast: Cast, many: int, read: str, queries: int, django_assert_num_queries: Any
) -> None:
    client = cast.sam.client
    with cast.acting():
        now = timezone.now()
        referral = opened(cast, now=now)
        for number in range(many):
            make_person(
                cast.riverside,
                f"M{number}",
                discipline="massage_therapy",
                location=cast.downtown,
            )
            do(referral, "claim", cast.sam, now=now)
            do(referral, "release", cast.sam, now=now)
    with django_assert_num_queries(queries):
        answer = client.get(f"{URL}/{referral.id}/{read}")
    assert len(answer.data) == (many + 1 if read == "candidates" else 2 + 2 * many)


def test_it_shows_reports_in_a_list_without_further_queries(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    now = timezone.now()
    with cast.acting():
        for number in range(3):
            referral = opened(cast, key=f"k-{number}", now=now)
            do(referral, "assign", cast.sam, now=now)
            for action in ("accept", "start", "complete"):
                do(referral, action, cast.chloe, now=now)
        assert ReferralReport.objects.count() == 3
    client = cast.asha.client
    with django_assert_num_queries(8):
        found = client.get(URL).data["results"]
    assert [len(row["clinical"]["reports"]) for row in found] == [1, 1, 1]
