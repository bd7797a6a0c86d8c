"""Writing down what a patient decides: directives, refusals, and who may see that there is one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from care_plans.models import Score
from coordination.consent import Locked, end_directive, set_directive
from coordination.models import AuditEvent, Consent, Directive, Membership, new_id
from tests import lockbox
from tests.care_plans import written
from tests.care_plans.pairs import pair
from tests.cast import LONG_AGO, NOW, Cast
from tests.held import MOMENT, Held
from tests.test_lockbox import MASSAGE, scene
from tests.test_lockbox_everywhere import merge

pytestmark = pytest.mark.django_db
__all__ = ["scene"]  # a fixture


@pytest.mark.feature("PV-03")
def test_it_takes_the_patients_word_from_staff_and_shows_it_to_oversight_alone(
    scene: lockbox.Scene,
) -> None:
    cast = scene.cast
    body = {
        "patient": str(cast.patient.id),
        "target": "discipline",
        "target_discipline": MASSAGE,
        "audience": "discipline",
        "audience_discipline": "chiropractic",
        "given_by": "patient",
        "means": "written",
        "evidence": "form 12",
    }
    made = cast.chloe.client.post("/api/v1/directives", body)
    assert made.status_code == 201, made.data
    for who in (cast.asha, cast.ben, cast.chloe, cast.sam, cast.ada):
        assert who.client.get("/api/v1/directives").status_code == 403
        consents = who.client.get("/api/v1/consents")
        rows = [] if consents.status_code == 403 else consents.data["results"]
        assert "lockbox" not in {row["category"] for row in rows}
    seen = cast.pia.client.get("/api/v1/directives").data["results"]
    assert [row["id"] for row in seen] == [made.data["id"]]
    for who in (cast.gus, cast.olu, cast.ada):
        assert who.client.post("/api/v1/directives", body).status_code in {403, 404}
    with cast.acting():
        assert Directive.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"target": "discipline", "target_discipline": ""}, "/target_discipline"),
        ({"target": "everything", "target_discipline": MASSAGE}, "/target_discipline"),
        ({"target": "record", "target_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12}, "/target_id"),
        ({"target": "condition"}, "/target_id"),
        ({"audience": "practitioner"}, "/audience_practitioner"),
        ({"effective_at": "2999-01-01T00:00:00Z"}, "/effective_at"),
    ],
)
def test_it_refuses_a_directive_that_says_nothing(
    scene: lockbox.Scene, wrong: dict[str, Any], pointer: str
) -> None:
    body = {
        "patient": str(scene.cast.patient.id),
        "target": "everything",
        "audience": "everyone",
        "given_by": "patient",
        "means": "spoken",
        **wrong,
    }
    answer = scene.cast.sam.client.post("/api/v1/directives", body)
    assert answer.status_code == 400, answer.data
    assert pointer in [error["pointer"] for error in answer.data["errors"]]
    with scene.cast.acting():
        assert not Directive.objects.exists()
        assert not Consent.objects.filter(category="lockbox").exists()


@pytest.mark.parametrize("sent", ["all", "some"])
def test_it_says_all_that_is_lacking_at_once_and_names_it(scene: lockbox.Scene, sent: str) -> None:
    """Also beside what is wrong with the rest of the request."""
    kinds = {"target": "record", "audience": "practitioner"}
    said = {"patient": str(scene.cast.patient.id), **SPOKEN} if sent == "all" else {}
    answer = scene.cast.sam.client.post(URL, {**kinds, **said})
    assert answer.status_code == 400
    errors = {error["pointer"]: error["detail"] for error in answer.data["errors"]}
    assert errors["/target_id"] == "Say which record is locked away: its id."
    assert errors["/audience_practitioner"] == "Say from which practitioner it is locked away."
    assert ({"/patient", "/given_by", "/means"} <= set(errors)) == (sent == "some")
    wrong = {**word(scene), "target": "everything", "effective_at": "2999-01-01T00:00:00Z"}
    errors = {
        error["pointer"]: error["detail"]
        for error in scene.cast.sam.client.post(URL, wrong).data["errors"]
    }
    assert set(errors) == {"/target_discipline", "/effective_at"}
    assert errors["/target_discipline"] == "The target `everything` has none: leave it out."


def test_it_answers_alike_for_a_record_that_is_hidden_and_one_that_is_not_there(
    scene: lockbox.Scene,
) -> None:
    ben, patient = scene.cast.ben, scene.cast.patient
    hidden = written.note(scene.cast, scene.cast.asha)
    scene.lock(target="record", target_id=hidden.id)

    def named(one: Any) -> Any:
        body = word(scene, target="record", target_discipline="", target_id=str(one))
        answer = ben.client.post(URL, body)
        return answer.status_code, answer.data["errors"]

    assert named(hidden.id) == named(patient.id) == named(new_id())
    assert named(hidden.id) == (
        400,
        [
            {
                "pointer": "/target_id",
                "detail": "You may name no record of this patient that has this id.",
            }
        ],
    )


def test_it_locks_no_part_without_its_record(scene: lockbox.Scene) -> None:
    with scene.cast.acting():
        score = Score.objects.filter(assessment__patient=scene.cast.patient).latest("id")
    body = word(scene, target="record", target_discipline="", target_id=str(score.id))
    refused = scene.cast.pia.client.post(URL, body)
    assert refused.status_code == 400
    assert refused.data["errors"][0]["detail"].startswith("This is told with another record")
    with scene.cast.acting():
        assert not Directive.objects.exists()


@pytest.mark.feature("PV-01")
def test_it_keeps_a_refusal_as_a_version_of_its_agreement(cast: Cast) -> None:
    def decide(status: int = 201, **given: Any) -> Any:
        answer = cast.asha.client.post(
            "/api/v1/consents",
            {
                "patient": str(cast.patient.id),
                "category": "treatment",
                "given_by": "patient",
                "means": "spoken",
                **given,
            },
        )
        assert answer.status_code == status, answer.data
        return answer.data

    refused = decide(decision="refuse", about="dry needling")
    agreement = refused["agreement"]
    decide(409, decision="withdraw", agreement=agreement)
    permitted = decide(decision="permit", agreement=agreement)
    decide(decision="withdraw", agreement=agreement)
    decide(404, decision="permit", agreement=str(cast.patient.id))
    decide(400, decision="permit", agreement=agreement, category="sharing")
    decide(400, decision="refuse", category="lockbox")
    rows = cast.asha.client.get(f"/api/v1/consents?agreement={agreement}").data["results"]
    said = sorted((row["version"], row["decision"], row["about"]) for row in rows)
    assert said == [
        (1, "refuse", "dry needling"),
        (2, "permit", "dry needling"),
        (3, "withdraw", "dry needling"),
    ]
    assert permitted["version"] == 2
    for who in (cast.gus, cast.olu):
        assert who.client.get("/api/v1/consents").data["results"] == []


def word(scene: lockbox.Scene, **what: Any) -> dict[str, Any]:
    """Return the patient's word to lock massage away from Ben."""
    return {
        "patient": str(scene.cast.patient.id),
        "target": "discipline",
        "target_discipline": MASSAGE,
        "audience": "discipline",
        "audience_discipline": "chiropractic",
        "given_by": "patient",
        "means": "spoken",
        **what,
    }


SPOKEN = {"given_by": "patient", "means": "spoken"}
URL = "/api/v1/directives"


def in_force(scene: lockbox.Scene) -> int:
    with scene.cast.acting():
        return int(Directive.objects.filter(until=None).count())


@pytest.mark.feature("PV-03")
def test_it_answers_the_very_same_directive_with_the_one_that_holds(scene: lockbox.Scene) -> None:
    cast = scene.cast
    made = cast.sam.client.post(URL, word(scene))
    again = cast.sam.client.post(URL, word(scene, means="written", evidence="form 12"))
    assert (made.status_code, again.status_code) == (201, 200)
    assert again.data == made.data
    found = cast.pia.client.post(URL, word(scene))
    assert (found.status_code, found.data["id"]) == (200, made.data["id"])
    wrong = cast.sam.client.post(URL, word(scene, effective_at="2999-01-01T00:00:00Z"))
    assert wrong.status_code == 400
    with cast.acting():
        assert Consent.objects.filter(category="lockbox").count() == 1
        reads = AuditEvent.objects.filter(event="Directive.read", user_id=cast.sam.user.id)
        assert [row.resource_id for row in reads] == [Directive.objects.get().pk]
    for other in ({"audience_discipline": "nutrition"}, {"target_discipline": "nutrition"}):
        assert cast.sam.client.post(URL, word(scene, **other)).status_code == 201
    ended = cast.sam.client.post(f"{URL}/{made.data['id']}/end", SPOKEN)
    assert ended.status_code == 200
    anew = cast.sam.client.post(URL, word(scene))
    assert (anew.status_code, anew.data["id"] == made.data["id"]) == (201, False)


@pytest.mark.feature("PV-05")
def test_it_tells_nobody_else_that_there_is_such_a_directive(scene: lockbox.Scene) -> None:
    cast = scene.cast
    first = cast.sam.client.post(URL, word(scene)).data
    second = cast.asha.client.post(URL, word(scene))
    assert second.status_code == 201
    assert second.data["id"] != first["id"]
    # whoever wrote one down ends that one; the patient's other word stands
    assert cast.asha.client.post(f"{URL}/{second.data['id']}/end", SPOKEN).status_code == 200
    assert in_force(scene) == 1
    assert cast.asha.client.post(URL, word(scene)).status_code == 201
    # and oversight ends what says the same together, each in its own agreement
    assert cast.pia.client.post(f"{URL}/{first['id']}/end", SPOKEN).status_code == 200
    assert in_force(scene) == 0
    with cast.acting():
        for row in Directive.objects.all():
            versions = Consent.objects.filter(agreement=row.consent.agreement)
            said = versions.order_by("version").values_list("decision", flat=True)
            assert list(said) == ["refuse", "permit"]


@pytest.mark.feature("PV-03")
def test_it_is_ended_by_whoever_wrote_it_down_and_by_nobody_else_but_oversight(
    scene: lockbox.Scene,
) -> None:
    cast = scene.cast
    mine = cast.chloe.client.post(URL, word(scene)).data["id"]
    at = f"{URL}/{mine}/end"
    for who in (cast.asha, cast.ben, cast.sam, cast.gus, cast.olu):
        refused = who.client.post(at, SPOKEN)
        assert (refused.status_code, refused.data["type"]) == (
            404,
            "urn:continuum:problem:directive-not-found",
        )
        assert "privacy officers" in refused.data["detail"]
    assert cast.ada.client.post(at, SPOKEN).status_code == 403
    assert in_force(scene) == 1
    assert cast.chloe.client.post(at, SPOKEN).data["until"] is not None
    assert cast.chloe.client.post(at, SPOKEN).status_code == 409
    assert in_force(scene) == 0


@pytest.mark.feature("PV-03")
@pytest.mark.parametrize("whom", ["them", "their discipline", "everyone"])
def test_it_lets_nobody_end_alone_what_is_directed_at_them(scene: lockbox.Scene, whom: str) -> None:
    cast = scene.cast
    himself = str(cast.ben.practitioner_role.practitioner_id)
    audiences: dict[str, dict[str, Any]] = {
        "them": {
            "audience": "practitioner",
            "audience_discipline": "",
            "audience_practitioner": himself,
        },
        "their discipline": {},
        "everyone": {"audience": "everyone", "audience_discipline": ""},
    }
    made = cast.ben.client.post(URL, word(scene, **audiences[whom]))
    assert made.status_code == 201, made.data
    at = f"{URL}/{made.data['id']}/end"
    refused = cast.ben.client.post(at, SPOKEN)
    assert (refused.status_code, refused.data["rule"]) == (403, "directive.end")
    assert "privacy officer" in refused.data["detail"]
    assert in_force(scene) == 1
    assert cast.pia.client.post(at, SPOKEN).status_code == 200


@pytest.mark.feature("PV-03")
def test_who_guards_privacy_and_practises_opens_nothing_to_themselves(scene: lockbox.Scene) -> None:
    cast = scene.cast
    with cast.acting():
        Membership.objects.create(
            organization=cast.riverside, user=cast.ben.user, role="privacy_officer", since=LONG_AGO
        )
    made = cast.pia.client.post(URL, word(scene, audience="everyone", audience_discipline=""))
    assert made.status_code == 201, made.data
    at = f"{URL}/{made.data['id']}/end"
    refused = cast.ben.client.post(at, SPOKEN)
    assert (refused.status_code, refused.data["rule"]) == (403, "directive.end")
    assert "another privacy officer" in refused.data["detail"]
    assert cast.pia.client.post(at, SPOKEN).status_code == 200


@pytest.mark.feature("PV-03")
def test_it_sets_one_directive_when_it_is_sent_twice_at_once(committed_cast: Cast) -> None:
    cast = committed_cast
    locked = Locked(target="everything", audience="everyone")

    def say() -> tuple[Directive, bool]:
        return set_directive(
            cast.patient.id, locked, decided=lockbox.SAID, actor=cast.sam.actor(), now=NOW
        )

    with ThreadPoolExecutor(2) as threads:
        first = Held(threads, cast, say)
        assert first.acted.wait(20)
        second = Held(threads, cast, say)
        assert not second.acted.wait(MOMENT), "it was written down without waiting for the first"
        outcomes = [first.end(), second.end()]
    assert [is_new for _, is_new in outcomes] == [True, False]
    assert len({directive.pk for directive, _ in outcomes}) == 1


@pytest.mark.feature("PV-03")
def test_it_finds_and_ends_the_same_on_merged_records(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        given: dict[str, Any] = {"decided": lockbox.SAID, "actor": cast.sam.actor(), "now": NOW}
        locked = Locked(target="discipline", target_discipline=MASSAGE, audience="everyone")
        first, _ = set_directive(review.patient.id, locked, **given)
        merge(cast, review)
        found, is_new = set_directive(cast.patient.id, locked, **given)
        assert (found.pk, is_new) == (first.pk, False)
        repeated = Directive.objects.get(original=first)
        end_directive(repeated.pk, **given)
        assert not Directive.objects.filter(until=None).exists()
