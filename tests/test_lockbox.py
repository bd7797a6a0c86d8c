"""The third fence: the same question asked with and without a directive, on every path."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.urls import resolve

from care_plans import reminders
from care_plans.models import Assessment, Lane
from coordination import break_glass
from coordination.api.views import WITHHELD_HEADER
from coordination.consent import end_directive
from coordination.models import AuditEvent, Consent, Labels, Patient
from notifications import delivery
from notifications.models import Message
from notifications.outbox import Recipient, enqueue
from referrals.models import Referral
from tests import lockbox
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person
from tests.test_read_audit import listed

pytestmark = pytest.mark.django_db

MASSAGE = "massage_therapy"
#: addresses that leave out more than the withheld records themselves: a filter that would tell of
#: them, messages about something that they belong to, and a referral with whoever works on it
NARROWER = ("discipline=", "outbox", "messages", "referrals")


@pytest.fixture
def scene(cast: Cast) -> lockbox.Scene:
    return lockbox.stage(cast)


def addresses(scene: lockbox.Scene) -> list[str]:
    """Return every address at which somebody may meet the patient's record."""
    course, patient = scene.course, scene.cast.patient
    found = ["/api/v1" + entry.values[0].removeprefix("/api/v1") for entry in listed()]
    found = [f"{path}?limit=200" for path in found]
    filtered = {path.partition("?")[0] for path in found if takes_patient(path)}
    found += [f"{path}?limit=200&patient={patient.id}" for path in sorted(filtered)]
    found += [f"/api/v1/courses?discipline={name}" for name in (MASSAGE, "physiotherapy")]
    found += [f"/api/v1/assessments?measure={name}" for name in ("nprs", "psfs")]
    found += [f"/api/v1/patients/{patient.id}", f"/api/v1/patients/{patient.id}/care-team"]
    briefs = (f"/api/v1/patients/{patient.id}/brief{end}" for end in ("", f"?discipline={MASSAGE}"))
    found += briefs
    found += [f"/api/v1/care-plans/{course.care_plan_id}{end}" for end in ("", "/courses")]
    below = ("", "/transitions", "/readiness", "/lanes", "/activities", "/goals")
    return found + [f"/api/v1/courses/{course.id}{end}" for end in below]


def takes_patient(path: str) -> bool:
    """Say whether a list can be narrowed to one patient."""
    found: Any = resolve(path.partition("?")[0]).func
    view: Any = found.cls
    fields = getattr(getattr(view, "filterset_class", None), "base_filters", {})
    return "patient" in fields


def asked(scene: lockbox.Scene, who: Person) -> dict[str, Any]:
    """Return what a person is answered at every address: the status and the body."""
    answers = {}
    for address in addresses(scene):
        answer = who.client.get(address)
        answers[address] = (answer.status_code, timeless(json.loads(answer.content)))
    return answers


#: what says when it was asked, or where the next page of a feed will begin
MOMENTS = {"as_of", "since", "next", "previous"}


def timeless(body: Any) -> Any:
    """Return an answer without the moment at which it was given."""
    if isinstance(body, list):
        return [timeless(part) for part in body]
    if isinstance(body, dict):
        return {name: timeless(part) for name, part in body.items() if name not in MOMENTS}
    return body


def leaks(answers: dict[str, Any], ids: set[str]) -> dict[str, list[str]]:
    """Return the addresses whose answers hold one of these ids."""
    found = {
        address: [one for one in ids if one in json.dumps(answer)]
        for address, answer in answers.items()
    }
    return {address: met for address, met in found.items() if met}


def text(answers: dict[str, Any]) -> str:
    return json.dumps(list(answers.values()))


def rows_of(answer: Any) -> list[Any] | None:
    """Return the rows of a list, None for anything else."""
    body = answer[1]
    if isinstance(body, list):
        return body
    found: list[Any] | None = body.get("results") if isinstance(body, dict) else None
    return found


TARGETS: dict[str, Any] = {
    "discipline": lambda scene: (
        {"target": "discipline", "target_discipline": MASSAGE},
        scene.of_discipline(MASSAGE),
    ),
    "practitioner": lambda scene: (
        {
            "target": "practitioner",
            "target_practitioner_id": scene.cast.chloe.practitioner_role.practitioner_id,
        },
        scene.of_practitioner(scene.cast.chloe),
    ),
    "condition": lambda scene: (
        {"target": "condition", "target_id": scene.course.id},
        scene.of_condition(),
    ),
}


#: words that stand in what a directive on massage, or on Chloé, withholds
PLANTED = {
    "discipline": {lockbox.AGREED, lockbox.HANDED_OVER, lockbox.PROGRAMME},
    "practitioner": {lockbox.AGREED, lockbox.HANDED_OVER},
}


@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-03")
@pytest.mark.parametrize("target", TARGETS)
def test_it_answers_as_if_what_is_withheld_were_not_there(
    scene: lockbox.Scene, target: str
) -> None:
    ben = scene.cast.ben
    before = asked(scene, ben)
    with scene.cast.acting():
        what, hidden = TARGETS[target](scene)
    ids = {row for rows in hidden.values() for row in rows}
    assert leaks(before, ids), "without the directive Ben meets some of it"
    scene.lock(**what)
    after = asked(scene, ben)
    assert leaks(after, ids) == {}
    if target != "condition":
        words = scene.words_about(scene.cast.chloe) | PLANTED[target]
        assert leaks(before, words)
        assert leaks(after, words) == {}
    for address, answer in before.items():
        rows, left = rows_of(answer), rows_of(after[address])
        if rows is None or left is None or any(word in address for word in NARROWER):
            continue
        kept = [row for row in rows if not {row["id"], row.get("subject_id")} & ids]
        assert [row["id"] for row in left] == [row["id"] for row in kept], address


@pytest.mark.feature("PV-02")
def test_it_changes_nothing_for_whom_it_is_not_directed_at(scene: lockbox.Scene) -> None:
    people = (scene.cast.asha, scene.cast.chloe, scene.cast.sam)
    before = [asked(scene, who) for who in people]
    with scene.cast.acting():
        what, _ = TARGETS["discipline"](scene)
    scene.lock(**what)
    for who, answers in zip(people, before, strict=True):
        after = asked(scene, who)
        assert [one for one in answers if answers[one] != after[one]] == []


@pytest.mark.feature("PV-03")
def test_it_withholds_one_record_and_everything(scene: lockbox.Scene) -> None:
    ben = scene.cast.ben.client
    with scene.cast.acting():
        own = Assessment.objects.filter(practitioner_role=scene.cast.asha.role).latest("id")
        others = Assessment.objects.exclude(pk=own.pk).values_list("id", flat=True)
        left = {str(pk) for pk in others}
    scene.lock(target="record", target_id=own.id)
    seen = {row["id"] for row in ben.get("/api/v1/assessments").data["results"]}
    assert seen == left
    assert ben.get(f"/api/v1/assessments/{own.id}").status_code == 404
    scene.lock(target="everything")
    assert ben.get("/api/v1/assessments").data["results"] == []
    assert ben.get(f"/api/v1/courses/{scene.course.id}").status_code == 404
    assert ben.get(f"/api/v1/patients/{scene.cast.patient.id}").status_code == 200


@pytest.mark.feature("PV-03")
def test_it_keeps_a_record_from_everybody_but_whoever_wrote_it(scene: lockbox.Scene) -> None:
    cast = scene.cast
    with cast.acting():
        theirs = Assessment.objects.get(practitioner_role=cast.chloe.role, course=scene.course)
    scene.lock(target="discipline", target_discipline=MASSAGE, audience="everyone")
    address = f"/api/v1/assessments/{theirs.id}"
    answers = [who.client.get(address).status_code for who in (cast.asha, cast.ben, cast.chloe)]
    assert answers == [404, 404, 200]


@pytest.mark.feature("PV-05")
def test_it_says_that_something_is_withheld_and_never_what(scene: lockbox.Scene) -> None:
    ben, asha = scene.cast.ben.client, scene.cast.asha.client
    patient = f"/api/v1/patients/{scene.cast.patient.id}"
    assert WITHHELD_HEADER not in ben.get(patient).headers
    scene.lock(target="discipline", target_discipline=MASSAGE)
    nothing_found = f"/api/v1/clinical-notes?patient={scene.cast.patient.id}"
    for address in (patient, nothing_found, f"/api/v1/courses/{scene.course.id}/readiness"):
        assert ben.get(address).headers[WITHHELD_HEADER] == "true", address
        assert WITHHELD_HEADER not in asha.get(address).headers
    said = asked(scene, scene.cast.ben)
    for word in ("massage", scene.cast.chloe.practitioner_role.practitioner.name.lower()):
        assert [one for one in said if word in json.dumps(said[one]).lower()] == []


@pytest.mark.feature("PV-02")
def test_it_explains_with_the_effect_only(scene: lockbox.Scene) -> None:
    ben = scene.cast.ben.client
    address = f"/api/v1/courses/{scene.course.id}/readiness"
    before = ben.get(address).data
    assert MASSAGE in before["blocked_by"]
    scene.lock(target="discipline", target_discipline=MASSAGE)
    after = ben.get(address).data
    assert after["outcome"] == before["outcome"]
    assert after["standing"] == before["standing"]
    assert after["blocked_by"] == [name for name in before["blocked_by"] if name != MASSAGE]
    assert after["sign_offs"]["outcome"] == before["sign_offs"]["outcome"]
    assert "withheld" in after["sign_offs"]["sentence"]
    refused = ben.post(f"/api/v1/courses/{scene.course.id}/advance", {"leaving": "acute"})
    assert "massage" not in refused.content.decode().lower()


@pytest.mark.feature("PV-02")
def test_it_stops_messages_about_what_is_withheld(scene: lockbox.Scene) -> None:
    cast = scene.cast
    with cast.acting():
        stay = underway.stay(scene.course)
        standing = reminders.BLOCKED

        def say(occurrence: str) -> None:
            enqueue(
                kind=standing,
                subject_id=stay.id,
                occurrence=occurrence,
                recipients=[Recipient(practitioner_role_id=cast.asha.practitioner_role.id)],
                due_at=NOW,
                patient_id=cast.patient.id,
                path=f"/courses/{scene.course.id}",
                actor=cast.asha.actor(),
                now=NOW,
            )

        say("before")
    for channel in ("in_app", "email"):
        delivery.deliver_due(channel, clock=lambda: NOW)
    inbox = cast.asha.client.get("/api/v1/messages")
    told = [row["path"] for row in inbox.data["results"]]
    assert f"/courses/{scene.course.id}" in told
    scene.lock(target="condition", target_id=scene.course.id, audience="everyone")
    with cast.acting():
        say("after")
    for channel in ("in_app", "email"):
        delivery.deliver_due(channel, clock=lambda: NOW)
    with cast.acting():
        late = Message.objects.filter(occurrence="after").values_list("status", "reason")
        assert set(late) == {("suppressed", "withheld")}
    left = cast.asha.client.get("/api/v1/messages").data["results"]
    assert {row["kind"] for row in left} == {"safety.alert"}, "that there is one is never hidden"


@pytest.mark.feature("PV-03")
def test_it_shows_again_what_the_patient_opens(scene: lockbox.Scene) -> None:
    cast = scene.cast
    before = asked(scene, cast.ben)
    directive = scene.lock(target="discipline", target_discipline=MASSAGE)
    ended = cast.pia.client.post(
        f"/api/v1/directives/{directive.id}/end", {"given_by": "patient", "means": "written"}
    )
    assert ended.status_code == 200, ended.data
    again = cast.pia.client.post(
        f"/api/v1/directives/{directive.id}/end", {"given_by": "patient", "means": "written"}
    )
    assert (again.status_code, again.data["type"]) == (409, "urn:continuum:problem:stale")
    assert asked(scene, cast.ben) == before
    with cast.acting():
        versions = Consent.objects.filter(category="lockbox").order_by("version")
        assert [(row.version, row.decision) for row in versions] == [(1, "refuse"), (2, "permit")]


def test_it_hides_nothing_from_the_software(scene: lockbox.Scene) -> None:
    with scene.cast.acting():
        before = underway.stay(scene.course).standing
        scene.lock(target="everything", audience="everyone")
        underway.meet_acute_exit(scene.cast, scene.course, now=NOW + timedelta(minutes=1))
        assert before == "blocked"
        assert Lane.objects.filter(course=scene.course).exists()


def test_it_is_audited_without_telling_the_feed(scene: lockbox.Scene) -> None:
    directive = scene.lock(target="discipline", target_discipline=MASSAGE)
    with scene.cast.acting():
        row = AuditEvent.objects.get(event="directive.set")
        assert row.resource_id == directive.id
    feed = scene.cast.ben.client.get("/api/v1/events").data["results"]
    assert not [row for row in feed if "directive" in row["type"] or "consent" in row["type"]]


@pytest.mark.feature("PV-02")
def test_it_takes_no_longer_than_the_next_request(scene: lockbox.Scene) -> None:
    now = datetime.now(UTC)
    ben = scene.cast.ben.client
    with scene.cast.acting():
        referral = Referral.objects.get(discipline=MASSAGE)
    address = f"/api/v1/referrals/{referral.id}"
    assert ben.get(address).status_code == 200
    directive = scene.lock(target="discipline", target_discipline=MASSAGE, now=now)
    assert ben.get(address).status_code == 404
    with scene.cast.acting():
        end_directive(
            directive.id,
            decided=lockbox.SAID,
            actor=scene.cast.pia.actor(),
            now=datetime.now(UTC),
        )
    assert ben.get(address).status_code == 200


@pytest.mark.feature("PV-04")
def test_it_opens_to_whoever_breaks_the_glass_until_it_closes(scene: lockbox.Scene) -> None:
    cast = scene.cast
    scene.lock(target="discipline", target_discipline=MASSAGE)
    before = asked(scene, cast.ben)
    with cast.acting():
        override = break_glass.break_glass(
            cast.patient.id,
            practitioner_role_id=None,
            reason_code="risk_of_harm",
            reason="Collapsed on the floor.",
            minutes=30,
            opens_withheld=True,
            actor=cast.ben.actor(),
            now=datetime.now(UTC),
        )
    assert MASSAGE in text(asked(scene, cast.ben))
    closed = cast.ben.client.post(f"/api/v1/overrides/{override.id}/end")
    assert closed.status_code == 200, closed.data
    after = asked(scene, cast.ben)
    for address, answer in before.items():
        if "overrides" not in address and "events" not in address:
            assert after[address] == answer, address
    assert override.since > LONG_AGO


#: what belongs to patients but is never met on its own: it comes with the record named, or holds
#: what oversight, the patient or the software alone reads
WITHOUT_LABELS = {
    "coordination.Event": "`events_disclosed_to` asks the record that it tells of",
    "notifications.Attempt": "comes with its message",
    "notifications.Preference": "the patient's own wishes about messages",
    "referrals.ReferralTransition": "comes with its referral",
    "referrals.RoutingDecision": "comes with its referral",
    "referrals.ReferralReport": "comes with its referral",
}


def leads_to_patient(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """Say whether foreign keys lead from a model to a patient."""
    targets = [
        field.related_model
        for field in model._meta.local_fields
        if field.is_relation and isinstance(field.related_model, type)
    ]
    return Patient in targets or any(
        leads_to_patient(target, seen | {model}) for target in targets if target not in seen
    )


def test_it_finds_labels_on_whatever_belongs_to_a_patient() -> None:
    owned = {
        model._meta.label
        for model in apps.get_models()
        if leads_to_patient(model) and not isinstance(getattr(model, "labels", None), Labels)
    }
    assert owned == set(WITHOUT_LABELS)
