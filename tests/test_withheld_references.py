"""A record that may be read names no other that is withheld."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans.disclosing import WITHHELD
from care_plans.models import Lane
from coordination import care_team
from tests import lockbox
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.django_db

NUTRITION = {"target": "discipline", "target_discipline": "nutrition"}


def joined(cast: Cast, *people: Person, **course: Any) -> lockbox.Scene:
    with cast.acting():
        for person in people:
            care_team.join(
                cast.patient.id,
                practitioner_role_id=person.practitioner_role.id,
                actor=cast.asha.actor(),
                now=NOW,
            )
        return lockbox.Scene(cast, underway.start(cast, **course))


def get(who: Person, path: str) -> Any:
    answer = who.client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def post(who: Person, path: str, body: dict[str, Any]) -> Any:
    answer = who.client.post(f"/api/v1{path}", body)
    assert answer.status_code in (200, 201), answer.content
    return answer.json()


@pytest.mark.feature("PV-02")
def test_it_leaves_out_which_withheld_course_came_before(cast: Cast) -> None:
    scene = joined(cast, cast.ben)
    old = scene.course
    ended = {"outcome": "not_achieved", "reason": "done"}
    post(cast.asha, f"/courses/{old.id}/discharge", ended)
    with cast.acting():
        version = str(underway.version().id)
    asked = {"pathway_version": version, "severity": "mild", "side": old.side, "answers": {}}
    new = post(cast.asha, f"/care-plans/{old.care_plan_id}/courses", asked)["id"]

    def named(who: Person) -> list[Any]:
        listed = get(who, "/courses")["results"]
        of_plan = get(who, f"/care-plans/{old.care_plan_id}/courses")
        whole = get(who, f"/care-plans/{old.care_plan_id}")["courses"]
        found = [get(who, f"/courses/{new}")]
        found += [row for row in (*listed, *of_plan, *whole) if row["id"] == new]
        return [row["previous"] for row in found]

    assert named(cast.ben) == [str(old.id)] * 4
    scene.lock(target="condition", target_id=old.id)
    assert named(cast.ben) == [None] * 4
    assert named(cast.asha) == [str(old.id)] * 4


@pytest.mark.feature("PV-02")
def test_it_leaves_out_of_a_note_the_withheld_visit(cast: Cast) -> None:
    scene = joined(cast, cast.ben, cast.esi)
    visit = str(written.visit(cast, cast.esi).pk)
    said = {"patient": str(cast.patient.id), "text": "Both of us.", "encounter": visit}
    note = post(cast.asha, "/clinical-notes", {**said, "sign": True})["id"]

    def named(who: Person) -> tuple[Any, int]:
        found = get(who, f"/clinical-notes?encounter={visit}")["results"]
        return get(who, f"/clinical-notes/{note}")["encounter"], len(found)

    assert named(cast.ben) == (visit, 1)
    scene.lock(**NUTRITION)
    assert named(cast.ben) == (None, 0)
    assert named(cast.asha) == (visit, 1)


@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-05")
def test_it_leaves_out_which_withheld_record_corrects_another(cast: Cast) -> None:
    scene = joined(cast, cast.ben, cast.esi)
    old = written.visit(cast, cast.asha)
    about = {"resource": "Encounter", "resource_id": str(old.pk)}
    patient = {"patient": str(cast.patient.id)}
    asked = post(
        cast.asha, "/record-requests", {**patient, **about, "kind": "correction", "text": "wrong"}
    )
    request = f"/record-requests/{asked['id']}"
    post(cast.asha, f"{request}/grant", {})
    new = post(cast.esi, "/encounters", {**patient, "encounter_class": "in_person"})["id"]
    closed = post(cast.asha, f"{request}/fulfil", {"corrected_by": new})
    assert closed["corrected_by"] == new

    def named(who: Person) -> list[Any]:
        shown = get(who, f"/encounters/{old.pk}")["corrections"]
        listed = get(who, f"/record-requests?patient={cast.patient.id}")["results"]
        return [*(row["corrected_by"] for row in shown), *(row["corrected_by"] for row in listed)]

    assert named(cast.ben) == [new, new]
    scene.lock(**NUTRITION, now=NOW + timedelta(minutes=1))
    assert named(cast.ben) == [None, None]
    assert get(cast.ben, request)["corrected_by"] is None
    assert named(cast.asha) == [new, new]
    assert get(cast.pia, request)["corrected_by"] == new


@pytest.mark.feature("PV-02")
def test_it_leaves_out_of_a_lane_the_reason_that_tells_a_withheld_answer(cast: Cast) -> None:
    scene = joined(cast, cast.ben, answers={"sitting_aggravates": True, "sleep_affected": True})
    course = scene.course.id

    def reasons(who: Person) -> dict[str, str]:
        plan = get(who, f"/care-plans/{scene.course.care_plan_id}")
        rows = [
            get(who, f"/courses/{course}/lanes"),
            get(who, f"/courses/{course}/readiness")["lanes"],
            [lane for group in plan["disciplines"] for lane in group["lanes"]],
        ]
        found = [{row["discipline"]: row["reason"] for row in lanes} for lanes in rows]
        assert found[0] == found[1]
        assert found[2].items() <= found[0].items()
        return found[0]

    before = reasons(cast.ben)
    with cast.acting():
        decided = Lane.objects.filter(course_id=course).exclude(rests_on=[])
        resting = set(decided.values_list("discipline", flat=True))
    assert resting
    scene.lock(
        target="practitioner",
        target_practitioner_id=cast.asha.practitioner_role.practitioner_id,
    )
    after = reasons(cast.ben)
    assert {name for name in before if after.get(name) == WITHHELD} == resting & set(after)
    assert reasons(cast.asha) == before
    kept = {name: said for name, said in before.items() if name in set(after) - resting}
    assert kept.items() <= after.items()
    told = {row["lane"]: row for row in get(cast.ben, f"/courses/{course}/history")["lanes"]}
    past = {row["discipline"]: row["reason"] for row in told.values()}
    assert {name for name, said in past.items() if said == WITHHELD} == resting & set(after)
