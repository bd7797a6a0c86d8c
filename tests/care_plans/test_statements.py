"""What patients want: their words kept byte for byte, whoever wrote them down."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from care_plans import plans, statements
from care_plans.models import PatientStatement, PatientStatementVersion
from care_plans.statements import StatementNotFound
from coordination import consent, own_access
from coordination.consent import Locked
from coordination.problems import Invalid
from tests.care_plans import written
from tests.cast import NOW, Cast, Person
from tests.ward import SAID

URL = "/api/v1/patient-statements"
OWN = "/api/v1/me/statements"
#: spaces and line breaks, an emoji of several characters, right to left, unnormalized, marks
ODD = (
    "  I want to dance\r\nat my daughter's wedding.\n\n",
    "Courir à nouveau 🏃🏽\u200d♀️ — pas de 🩼!",
    "أريد أن أصلي راكعًا \u202bبدون ألم\u202c\u200f.",
    "לרקוד\u200e שוב",
    "Cafe\u0301 not café; \u212b not Å",
    "tab\there\u00a0and\u2028there\u0007",
    "<b>&amp;</b> \\n %s {0} '\"",
)

pytestmark = [pytest.mark.feature("CP-15"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def patient(cast: Cast) -> Person:
    """Give the patient a login, and a plan."""
    user, _ = own_access.bind_login(
        cast.patient.id,
        organization_id=cast.riverside.id,
        email="noor@continuum.example",
        password=None,
        now=NOW,
    )
    with cast.acting():
        plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
    return Person(user, cast.riverside)


def wish(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "goal", "text": text, "language": "en-CA", **more}


def plan_of(cast: Cast) -> str:
    with cast.acting():
        return str(plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)[0].pk)


@pytest.mark.parametrize("text", ODD)
def test_it_keeps_what_a_patient_writes_byte_for_byte(
    cast: Cast, patient: Person, text: str
) -> None:
    made = patient.client.post(OWN, wish(text, language="fr-CA"), format="json")
    assert made.status_code == 201, made.content
    for who, at in ((patient, OWN), (cast.asha, URL)):
        read = who.client.get(f"{at}/{made.json()['id']}").json()
        assert read["text"].encode() == text.encode()
        assert (read["language"], read["by_patient"]) == ("fr-CA", True)
    whole = cast.asha.client.get(f"/api/v1/care-plans/{plan_of(cast)}").json()
    assert [one["text"].encode() for one in whole["statements"]] == [text.encode()]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(min_size=1, max_size=200))
@example(text="\x00")
@example(text=" \u2003")
def test_any_text_is_kept_exactly_or_refused_with_its_place(cast: Cast, text: str) -> None:
    with cast.acting():
        actor = cast.asha.actor()
        plan, _ = plans.open_plan(cast.patient.id, actor=actor, now=NOW)
        if not text.strip() or "\x00" in text:
            before = PatientStatement.objects.count()
            with pytest.raises(Invalid) as refused:
                statements.state(plan.pk, **wish(text), actor=actor, now=NOW)
            assert [error.pointer for error in refused.value.errors] == ["/text"]
            assert PatientStatement.objects.count() == before
            return
        made = statements.state(plan.pk, **wish(text), actor=actor, now=NOW)
        kept = PatientStatement.objects.values_list("text", flat=True).get(pk=made.pk)
        said = PatientStatementVersion.objects.values_list("text", flat=True)
        assert kept.encode() == text.encode() == said.get(statement=made).encode()


def test_a_practitioner_writes_down_what_was_said_and_says_so(cast: Cast) -> None:
    body = wish("Ne pas être massée par un homme.", kind="preference", language="fr-CA")
    made = cast.asha.client.post(URL, {**body, "care_plan": plan_of(cast)}, format="json")
    assert made.status_code == 201
    told = made.json()
    assert (told["by_patient"], told["kind"]) == (False, "preference")
    assert told["practitioner_role"] == str(cast.asha.practitioner_role.id)
    assert told["text"] == body["text"]


def test_rewording_keeps_every_wording_with_who_wrote_it(cast: Cast, patient: Person) -> None:
    row = written.statement(cast, cast.asha, "To walk 5 km. ")
    at = f"{OWN}/{row.pk}"
    body = {"text": "To walk 5 km\nwith my dog 🐕.", "language": "en-GB"}
    assert patient.client.patch(at, body, format="json").status_code == 428
    reworded = patient.client.patch(at, body, format="json", headers={"If-Match": '"1"'})
    assert reworded.status_code == 200, reworded.content
    stale = patient.client.patch(at, body, format="json", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert patient.client.post(f"{at}/achieve").json()["status"] == "achieved"
    for who, address in ((patient, OWN), (cast.asha, URL)):
        history = who.client.get(f"{address}/{row.pk}/versions").json()
        assert [
            (one["text"], one["language"], one["by_patient"], one["status"]) for one in history
        ] == [
            ("To walk 5 km. ", "en-CA", False, "active"),
            (body["text"], "en-GB", True, "active"),
            (body["text"], "en-GB", True, "achieved"),
        ]


def test_nobody_puts_other_words_into_a_patients_mouth(cast: Cast, patient: Person) -> None:
    made = patient.client.post(OWN, wish("Sleep."), format="json").json()
    body = {"text": "Improve sleep hygiene.", "language": "en-CA"}
    at = f"{URL}/{made['id']}"
    refused = cast.asha.client.patch(at, body, format="json", headers={"If-Match": '"1"'})
    assert refused.status_code == 403
    assert refused.json()["rule"] == "statement.own-words"
    assert cast.asha.client.get(at).json()["text"] == "Sleep."


def test_no_wording_is_ever_changed_in_the_database(cast: Cast) -> None:
    row = written.statement(cast, cast.asha)
    with cast.acting():
        with pytest.raises(DatabaseError), transaction.atomic():
            PatientStatementVersion.objects.filter(statement=row).update(text="Another.")
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()


def test_it_moves_only_as_the_table_says(cast: Cast) -> None:
    row = written.statement(cast, cast.asha)
    at, post = f"{URL}/{row.pk}", cast.asha.client.post
    for verb, status in (
        ("take-up-again", 409),
        ("withdraw", 200),
        ("achieve", 409),
        ("take-up-again", 200),
        ("achieve", 200),
    ):
        assert post(f"{at}/{verb}").status_code == status, verb


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": " \n"}, "/text"),
        ({"text": "x" * 5001}, "/text"),
        ({"text": "a\x00b"}, "/text"),
        ({"language": "English, eh"}, "/language"),
        ({"language": ""}, "/language"),
        ({"kind": "dream"}, "/kind"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_nothing(
    cast: Cast, patient: Person, change: dict[str, Any], pointer: str
) -> None:
    answer = patient.client.post(OWN, wish("Sleep.") | change, format="json")
    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    with cast.acting():
        assert not PatientStatement.objects.exists()


def test_patients_reach_their_own_and_strangers_none(cast: Cast, patient: Person) -> None:
    row = written.statement(cast, cast.asha)
    assert patient.client.get(OWN).json()["results"][0]["id"] == str(row.pk)
    assert patient.client.get(f"{URL}/{row.pk}").status_code == 403
    assert cast.gus.client.get(f"{URL}/{row.pk}").status_code == 404
    assert cast.sam.client.get(f"{URL}/{row.pk}").status_code == 403
    with cast.acting():
        gus = cast.gus.actor()
        with pytest.raises(StatementNotFound):
            statements.move_statement(row.pk, "withdraw", actor=gus, now=NOW)
        with pytest.raises(StatementNotFound):
            statements.reword(row.pk, version=1, text="x", language="en", actor=gus, now=NOW)


def test_after_the_plan_nothing_is_added_to_it(cast: Cast, patient: Person) -> None:
    row = written.statement(cast, cast.asha)
    with cast.acting():
        plans.close_plan(row.care_plan_id, actor=cast.asha.actor(), now=NOW)
    assert patient.client.post(OWN, wish("Sleep."), format="json").status_code == 409
    assert patient.client.post(f"{OWN}/{row.pk}/withdraw").status_code == 409
    assert cast.asha.client.post(f"{URL}/{row.pk}/withdraw").status_code == 409


def test_what_the_patient_locked_away_is_withheld(cast: Cast) -> None:
    written.join(cast, cast.ben)
    row = written.statement(cast, cast.asha, "Nobody need know this.")
    locked = Locked(
        target="record",
        target_id=row.pk,
        audience="practitioner",
        audience_practitioner_id=cast.ben.practitioner_role.practitioner_id,
    )
    with cast.acting():
        consent.set_directive(
            cast.patient.id, locked, decided=SAID, actor=cast.asha.actor(), now=NOW
        )
    assert cast.ben.client.get(f"{URL}/{row.pk}").status_code == 404
    assert cast.ben.client.get(f"{URL}/{row.pk}/versions").status_code == 404
    listed = cast.ben.client.get(URL, {"patient": str(cast.patient.id)})
    assert (listed.json()["results"], listed["Continuum-Withheld"]) == ([], "true")
    whole = cast.ben.client.get(f"/api/v1/care-plans/{row.care_plan_id}").json()
    assert whole["statements"] == []
    assert cast.asha.client.get(f"{URL}/{row.pk}").status_code == 200
