"""The weekly review of who looked at whom: drawn once, by rule and at random, judged by another."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from coordination import access_reviews, audit, proxies
from coordination.actors import Actor, Role
from coordination.models import (
    AccessGrant,
    AccessReview,
    AccessSample,
    AuditEvent,
    Membership,
    Patient,
    User,
)
from tests.cast import LONG_AGO, NOW, Cast, Person, make_patient, make_person

pytestmark = pytest.mark.django_db

WEEK = date(2026, 11, 16)
THEN = NOW - timedelta(days=5)  # Wednesday of that week
URL = "/api/v1/access-reviews"


@pytest.fixture(autouse=True)
def sizes(settings: Any) -> None:
    settings.ACCESS_REVIEW_RANDOM = 0
    settings.ACCESS_REVIEW_MANY_PATIENTS = 3


def look(who: Person, *patients: Patient, at: Any = THEN, actor: Actor | None = None) -> None:
    for patient in patients:
        audit.record(
            actor=actor or who.actor(THEN),
            now=at,
            action=audit.Action.READ,
            event="Patient.read",
            resource="Patient",
            patient_ids=[patient.id],
        )


def draw(cast: Cast, seed: int = 1) -> list[tuple[str, Any, list[str]]]:
    access_reviews.draw(cast.riverside.id, WEEK, seed=seed, now=NOW)
    rows = AccessReview.objects.order_by("actor", "patient_id")
    return [(row.actor, row.patient_id, sorted(row.rules)) for row in rows]


@pytest.mark.feature("PV-09")
def test_it_draws_who_had_no_reason(cast: Cast) -> None:
    with cast.acting():
        look(cast.gus, cast.patient)
        AccessGrant.objects.create(
            organization=cast.riverside,
            patient=cast.patient,
            practitioner_role=cast.ben.practitioner_role,
            basis="override",
            source_id=cast.patient.id,
            since=LONG_AGO,
        )
        look(cast.ben, cast.patient)
        assert draw(cast) == [
            (cast.ben.user.email, cast.patient.id, ["no_relationship"]),
            (cast.gus.user.email, cast.patient.id, ["no_relationship"]),
        ]


@pytest.mark.feature("PV-09")
def test_it_draws_namesakes_colleagues_and_the_curious(cast: Cast) -> None:
    with cast.acting():
        User.objects.filter(pk=cast.sam.user.pk).update(name="Sam Gagnón")
        cast.sam.user.refresh_from_db()
        namesake = make_patient(cast.asha, family_name="Gagnon")
        colleague = make_patient(cast.asha, family_name="Roy", email=cast.ben.user.email)
        others = [make_patient(cast.asha, family_name=f"Other{n}") for n in range(4)]
        look(cast.sam, namesake, colleague)
        assert draw(cast) == [
            (cast.sam.user.email, namesake.id, ["same_family_name"]),
            (cast.sam.user.email, colleague.id, ["colleague"]),
        ]
        earlier = WEEK - timedelta(days=7)
        look(cast.sam, *others, at=THEN - timedelta(days=7))
        access_reviews.draw(cast.riverside.id, earlier, seed=2, now=NOW)
        drawn = AccessReview.objects.filter(sample__week=earlier)
        assert {tuple(row.rules) for row in drawn} == {("many_patients",)}


@pytest.mark.feature("PV-09")
@pytest.mark.parametrize(
    ("reader", "family_name", "drawn"),
    [
        ("Jean Roy", "Roy", True),
        ("Jean Le Roy", "Le Roy", True),
        ("Maria da Silva", "da Silva", True),
        ("Maria Silva", "da Silva", True),
        ("Maria da Costa", "da Silva", False),
        ("Ann Roy", "Roy-Dubois", True),
        ("Ann Dubois", "Roy-Dubois", True),
        ("Ann Roy-Dubois", "Roy", True),
        ("Ann Roy\N{NON-BREAKING HYPHEN}Dubois", "Roy Dubois", True),
        ("Ann Roy", "Roy Dubois", True),
        ("Omar Al-Masri", "Almasri", True),
        ("Omar Al-Masri", "Al-Hassan", False),
        ("Roy Dubois", "Roy", False),
        ("Ann", "Ann-Marie", True),
        ("", "Roy", False),
    ],
)
def test_it_draws_who_reads_of_the_same_family_name(
    cast: Cast, reader: str, family_name: str, drawn: bool
) -> None:
    with cast.acting():
        User.objects.filter(pk=cast.sam.user.pk).update(name=reader)
        cast.sam.user.refresh_from_db()
        patient = make_patient(cast.asha, family_name=family_name)
        look(cast.sam, patient)
        expected = [(cast.sam.user.email, patient.id, ["same_family_name"])]
        assert draw(cast) == (expected if drawn else [])


@pytest.mark.feature("PV-09")
def test_it_draws_a_member_without_work_for_the_patient(cast: Cast) -> None:
    with cast.acting():
        look(cast.asha, cast.patient)
        assert draw(cast) == [(cast.asha.user.email, cast.patient.id, ["no_current_work"])]


@pytest.mark.feature("PV-09")
def test_it_draws_at_random_as_the_seed_says(cast: Cast, settings: Any) -> None:
    settings.ACCESS_REVIEW_RANDOM, settings.ACCESS_REVIEW_PER_RULE = 3, 0
    drawn = []
    with cast.acting():
        patients = [make_patient(cast.asha, family_name=f"Other{n}") for n in range(12)]
        look(cast.asha, *patients)
        for seed in (7, 7, 8, 9, 10, 11, 12):
            with transaction.atomic():
                drawn.append(draw(cast, seed))
                assert AccessSample.objects.get().seed == seed
                transaction.set_rollback(True)
    assert [len(one) for one in drawn] == [3] * 7
    assert drawn[0] == drawn[1]
    # two seeds may draw the same three of the twelve (1 in 220), five that all do are no chance
    assert any(other != drawn[0] for other in drawn[2:])


@pytest.mark.feature("PV-09")
def test_it_draws_each_week_once_however_many_beats_there_are(cast: Cast) -> None:
    with cast.acting():
        look(cast.gus, cast.patient)
        look(cast.gus, cast.patient, at=THEN - timedelta(days=30))
    assert access_reviews.draw_due(now=NOW) == 2  # one sample for each organization
    assert access_reviews.draw_due(now=NOW + timedelta(days=2)) == 0
    with cast.acting():
        assert AccessSample.objects.get().week == WEEK
        assert AccessReview.objects.count() == 1
        assert AuditEvent.objects.filter(event="access-sample.drawn").count() == 1


@pytest.mark.feature("PV-09")
def test_it_draws_the_weeks_for_which_nothing_ran(cast: Cast) -> None:
    week = timedelta(days=7)
    assert access_reviews.draw_due(now=NOW) == 2
    with cast.acting():
        look(cast.gus, cast.patient, at=THEN + week)
        look(cast.gus, cast.patient, at=THEN + 2 * week)
    assert access_reviews.draw_due(now=NOW + 3 * week) == 2 * 3
    assert access_reviews.draw_due(now=NOW + 3 * week) == 0
    with cast.acting():
        weeks = AccessSample.objects.order_by("week").values_list("week", "drawn")
        assert list(weeks) == [
            (WEEK + number * week, drawn) for number, drawn in enumerate((0, 1, 1, 0))
        ]
    assert access_reviews.draw_due(now=NOW + 30 * week) == 2 * access_reviews.CAUGHT_UP


@pytest.fixture
def review(cast: Cast) -> AccessReview:
    with cast.acting():
        look(cast.gus, cast.patient)
        draw(cast)
        return AccessReview.objects.get()


@pytest.mark.feature("PV-09")
def test_it_lets_the_privacy_officer_judge_once(cast: Cast, review: AccessReview) -> None:
    (listed,) = cast.pia.client.get(URL, {"decided": "false"}).data["results"]
    assert listed["rules"] == ["no_relationship"]
    shown = cast.pia.client.get(f"{URL}/{review.id}").data
    assert (shown["reader_name"], shown["reasons_held"]) == ("Gus", [])
    assert shown["accesses_to_this_patient"] == 1
    body = {"verdict": "inappropriate", "reason": "No reason was found."}
    at = f"{URL}/{review.id}/decide"
    assert cast.pia.client.post(at, {**body, "reason": " "}).status_code == 400
    decided = cast.pia.client.post(at, body)
    assert decided.status_code == 200, decided.data
    assert cast.pia.client.post(at, body).status_code == 409
    assert cast.pia.client.get(URL, {"decided": "false"}).data["results"] == []
    with cast.acting():
        row = AccessReview.objects.get()
        assert (row.verdict, row.reviewed_by) == ("inappropriate", cast.pia.user.id)
        told = AuditEvent.objects.get(event="access-review.decided")
        assert (told.purpose, told.bases) == ("privacy_review", ["oversight"])
        for change in ({"verdict": "appropriate"}, {"user_id": cast.asha.user.id}):
            with pytest.raises(DatabaseError), transaction.atomic():
                AccessReview.objects.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            AccessReview.objects.all().delete()


@pytest.mark.feature("PV-09")
def test_it_is_for_privacy_officers_alone(cast: Cast, review: AccessReview) -> None:
    body = {"verdict": "appropriate", "reason": "x"}
    for who in (cast.asha, cast.sam, cast.ada, cast.gus, cast.olu):
        assert who.client.get(URL).status_code == 403
        assert who.client.get(f"{URL}/{review.id}").status_code == 403
        assert who.client.post(f"{URL}/{review.id}/decide", body).status_code == 403
    with cast.acting():
        assert AccessReview.objects.get().verdict == ""


@pytest.mark.feature("PV-09")
def test_it_lets_nobody_judge_their_own_access(cast: Cast, review: AccessReview) -> None:
    with cast.acting():
        Membership.objects.create(
            organization=cast.riverside,
            user=cast.gus.user,
            role=Role.PRIVACY_OFFICER,
            since=LONG_AGO,
        )
    answer = cast.gus.client.post(
        f"{URL}/{review.id}/decide", {"verdict": "appropriate", "reason": "It was me."}
    )
    assert (answer.status_code, answer.data["rule"]) == (403, "access-review.own")
    with cast.acting():
        assert AccessReview.objects.get().verdict == ""


@pytest.mark.feature("PV-09")
def test_it_draws_what_a_member_of_staff_saw_as_a_proxy(cast: Cast) -> None:
    rana = make_person(cast.riverside, "Rana", hat=Role.PROXY)
    with cast.acting():
        for who in (cast.sam, rana):
            proxies.record_read([cast.patient], actor=who.actor(THEN), now=THEN)
        assert draw(cast) == [(cast.sam.user.email, cast.patient.id, ["no_relationship"])]
