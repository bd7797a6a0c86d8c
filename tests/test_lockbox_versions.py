"""A lock on one version of a record holds for all of them: earlier ones and all to come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from care_plans import activities, merging, notes
from care_plans.models import Activity
from coordination.models import Directive
from tests import lockbox
from tests.care_plans import underway, written
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast, Person

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PV-02"), pytest.mark.feature("PV-03")]
API = "/api/v1"
WORD = {"given_by": "patient", "means": "spoken"}


def post(who: Person, path: str, body: dict[str, Any]) -> Any:
    answer = who.client.post(f"{API}{path}", body)
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


@dataclass(frozen=True)
class Kind:
    """A kind of record: where it is listed, how Asha writes one, and another in its place."""

    at: str
    write: Callable[[lockbox.Scene], Any]
    correct: Callable[[lockbox.Scene, str], Any]
    has_address: bool = True


def _patient(scene: lockbox.Scene) -> dict[str, str]:
    return {"patient": str(scene.cast.patient.id)}


def _note(scene: lockbox.Scene) -> Any:
    said = {**_patient(scene), "course": str(scene.course.id), "text": "As before.", "sign": True}
    return post(scene.cast.asha, "/clinical-notes", said)


def _amend(scene: lockbox.Scene, last: str) -> Any:
    said = {"text": "The left one.", "because": "Wrong side."}
    return post(scene.cast.asha, f"/clinical-notes/{last}/amend", said)


def _assessment(scene: lockbox.Scene) -> Any:
    taken = {"scores": [{"measure": "nprs", "value": "4"}], "course": str(scene.course.id)}
    return post(scene.cast.asha, "/assessments", {**_patient(scene), **taken})


def _replace(scene: lockbox.Scene, last: str, who: Person | None = None) -> Any:
    taken = {"scores": [{"measure": "nprs", "value": "5"}], "reason": "Misheard."}
    return post(who or scene.cast.asha, f"/assessments/{last}/replace", taken)


def _entry(scene: lockbox.Scene, **given: Any) -> Any:
    cast = scene.cast
    with cast.acting():
        activity = Activity.objects.filter(course=scene.course, is_loading=True).get()
        if activity.status == "not_started":
            activities.move_activity(activity.id, "begin", actor=cast.asha.actor(), now=NOW)
    done = {"activity": str(activity.id), "day": NOW.date().isoformat()}
    asked = {**done, "prescribed": 2, "completed": 1, **given}
    return post(cast.asha, "/adherence-entries", asked)


def _visit(scene: lockbox.Scene) -> Any:
    return post(scene.cast.asha, "/encounters", {**_patient(scene), "encounter_class": "virtual"})


def _corrected_visit(scene: lockbox.Scene, last: str) -> Any:
    about = {"resource": "Encounter", "resource_id": last, "kind": "correction", "text": "Wrong."}
    asked = post(scene.cast.pia, "/record-requests", {**_patient(scene), **about})["id"]
    post(scene.cast.pia, f"/record-requests/{asked}/grant", {})
    new = _visit(scene)
    post(scene.cast.pia, f"/record-requests/{asked}/fulfil", {"corrected_by": new["id"]})
    return new


def _consent(scene: lockbox.Scene, last: str = "") -> Any:
    said = {**_patient(scene), **WORD, "category": "treatment", "about": "Needling.", "wording": ""}
    earlier = scene.cast.asha.client.get(f"{API}/consents/{last}").json() if last else {}
    again = {"agreement": earlier["agreement"], "decision": "refuse"} if last else {}
    return post(scene.cast.asha, "/consents", {**said, "decision": "permit", **again})


KINDS = {
    "note": Kind("/clinical-notes", _note, _amend),
    "assessment": Kind("/assessments", _assessment, _replace),
    "entry": Kind(
        "/adherence-entries", _entry, lambda scene, last: _entry(scene, replaces=last), False
    ),
    "visit": Kind("/encounters", _visit, _corrected_visit),
    "consent": Kind("/consents", _consent, _consent),
}


def met(scene: lockbox.Scene, who: Person, kind: Kind, ids: list[str]) -> set[str]:
    """Return which of these versions somebody is told of, wherever they may look."""
    patient = scene.cast.patient.id
    lists = [f"{kind.at}?limit=200", f"{kind.at}?patient={patient}", "/events?limit=200"]
    lists += [f"/record-requests?patient={patient}", f"/courses/{scene.course.id}/readiness"]
    said = b"".join(who.client.get(f"{API}{at}").content for at in lists)
    found = {one for one in ids if one.encode() in said}
    for one in ids:
        places = [f"/provenance?target={one}", *([f"{kind.at}/{one}"] if kind.has_address else [])]
        found |= {one for at in places if who.client.get(f"{API}{at}").status_code != 404}
    return found


@pytest.mark.parametrize("name", KINDS)
def test_it_holds_for_every_version_whichever_was_locked(cast: Cast, name: str) -> None:
    written.join(cast, cast.ben)
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
    kind = KINDS[name]
    ids = [kind.write(scene)["id"]]
    ids += [kind.correct(scene, ids[-1])["id"]]
    assert met(scene, cast.ben, kind, ids) == set(ids)
    for place in (0, 1):
        directive = scene.lock(target="record", target_id=ids[place])
        ids += [kind.correct(scene, ids[-1])["id"]]
        assert met(scene, cast.ben, kind, ids) == set(), f"version {place} was locked"
        assert met(scene, cast.asha, kind, ids) == set(ids)
        post(cast.pia, f"/directives/{directive.id}/end", WORD)
        assert met(scene, cast.ben, kind, ids) == set(ids)


def test_it_holds_for_what_is_written_on_a_merged_record(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        resting = review.patient
    note = written.note(cast, cast.asha, "Planted")
    theirs = written.note(cast, cast.ben, "Planted", patient_id=resting.id)
    written.join(cast, cast.ben)
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))

        def merging_(action: str, **given: Any) -> None:
            actor = cast.sam.actor()
            merging.decide(review.id, action, because="x", actor=actor, now=NOW, **given)

        merging_("merge", survivor_id=cast.patient.id)
    whom = {"audience_practitioner_id": cast.asha.practitioner_role.practitioner_id}
    scene.lock(target="record", target_id=note.id)
    scene.lock(target="record", target_id=theirs.id, audience="practitioner", **whom)

    def amended(one: Any, who: Person) -> str:
        with cast.acting():
            new = notes.amend_note(
                one.id, text="Planted", because="Wrong.", actor=who.actor(), now=NOW
            )
        return str(new.id)

    mine, other = amended(note, cast.asha), amended(theirs, cast.ben)

    def read(who: Person, one: str) -> int:
        return int(who.client.get(f"{API}/clinical-notes/{one}").status_code)

    assert [read(cast.ben, mine), read(cast.asha, other)] == [404, 404]
    assert [read(cast.ben, other), read(cast.asha, mine)] == [200, 200]
    with cast.acting():
        merging_("unmerge")
        assert not Directive.objects.filter(until=None, original__isnull=False).exists()
    assert [read(cast.ben, mine), read(cast.asha, other)] == [404, 404]


def test_it_names_no_withheld_version_beside_one_that_others_wrote(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.chloe)
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
    first = _assessment(scene)["id"]
    second = _replace(scene, first, cast.chloe)["id"]
    third = _replace(scene, second)["id"]

    def named(who: Person) -> list[Any]:
        rows = [who.client.get(f"{API}/assessments/{one}").json() for one in (first, third)]
        listed = {row["id"]: row for row in who.client.get(f"{API}/assessments").json()["results"]}
        assert [listed[one] for one in (first, third)] == rows
        return [rows[0]["replaced_by"], rows[1]["replaces"]]

    assert named(cast.ben) == [second, second]
    scene.lock(target="discipline", target_discipline="massage_therapy")
    assert named(cast.ben) == [None, None]
    assert named(cast.asha) == [second, second]


def test_it_closes_what_was_asked_about_another_version(cast: Cast) -> None:
    written.join(cast, cast.ben)
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
    first = _note(scene)["id"]
    second = _amend(scene, first)["id"]
    about = {"resource": "ClinicalNote", "resource_id": second, "kind": "access", "text": "Mine?"}
    asked = post(cast.asha, "/record-requests", {**_patient(scene), **about})["id"]
    at = f"{API}/record-requests/{asked}"
    assert cast.ben.client.get(at).status_code == 200
    scene.lock(target="record", target_id=first)
    assert cast.ben.client.get(at).status_code == 404
    assert cast.asha.client.get(at).status_code == 200


def test_it_lets_nobody_correct_a_day_that_is_withheld_from_them(cast: Cast) -> None:
    written.join(cast, cast.gus)
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
    entry = _entry(scene)
    at = f"{API}/adherence-entries"
    again = {name: entry[name] for name in ("activity", "day", "prescribed", "completed")}
    told = cast.gus.client.post(at, again)
    assert (told.status_code, told.json()["entry"]) == (409, entry["id"])
    whom = cast.gus.practitioner_role.practitioner_id
    scene.lock(
        target="record",
        target_id=entry["id"],
        audience="practitioner",
        audience_practitioner_id=whom,
    )
    for given in ({}, {"replaces": entry["id"]}):
        told = cast.gus.client.post(at, {**again, **given})
        assert told.status_code == 409
        assert told.json()["type"] == "urn:continuum:problem:not-open-to-you"
        assert entry["id"] not in told.content.decode()
