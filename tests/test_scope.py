"""Scope of practice at every address that writes, generated from the table.

Each address is asked by a practitioner of each discipline, who is in the patient's team. What the
table allows is not refused by scope; what it does not, or what the organization took away, is
refused with the rule, and nothing has changed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from pydantic import ValidationError

from care_plans.models import Activity, Course
from coordination import care_team
from coordination.models import Discipline, ScopeNarrowing
from coordination.scope_table import TABLE, NotClinical, Table, allows, read
from tests.care_plans import underway
from tests.cast import NOW, Cast, Person
from tests.leading import pass_lead_to
from tests.matrix_bodies import body_of
from tests.matrix_scenes import scene_of, versions
from tests.test_every_address import OWN_TRACES, Address, ask, body, everything, records, state

pytestmark = pytest.mark.django_db
SAFE = {"get", "head", "options"}


def writes() -> Iterator[tuple[str, str, Address]]:
    """Return each address that writes: `basename.action`, its verb and where it is."""
    for address in everything():
        for verb in address.verbs:
            if verb not in SAFE:
                yield address.action(verb), verb, address


def clinical() -> list[tuple[str, str, str, Address]]:
    """Return those that ask an entry of the table, with it."""
    found = []
    for action, verb, address in writes():
        entry = TABLE.actions.get(action)
        if isinstance(entry, str):
            found.append((entry, action, verb, address))
    return found


@pytest.mark.feature("PT-06")
def test_it_names_every_address_that_writes_and_no_other() -> None:
    found = {action for action, _, _ in writes()}
    missing = sorted(found - set(TABLE.actions))
    assert missing == [], "add a line each to `actions` in coordination/policy/scope.yaml"
    assert sorted(set(TABLE.actions) - found) == []


@pytest.mark.feature("PT-06")
def test_it_asks_a_practitioner_nowhere_without_an_entry() -> None:
    """What only practitioners may call concerns patients, with these exceptions."""
    excused = {
        "message",
        "message-preference",
        "coverage",
        "record-request",
        "messaging-consent",
        "patient-changes",  # which changes one has seen oneself
    }
    for action, verb, address in writes():
        hats = address.view.roles[address.action(verb).partition(".")[2]]
        if "practitioner" in hats and isinstance(TABLE.actions[action], NotClinical):
            assert address.basename in excused or len(hats) == 4, action


@pytest.mark.feature("PT-06")
def test_it_uses_every_entry() -> None:
    used = {target for target in TABLE.actions.values() if isinstance(target, str)}
    built = {name for name, entry in TABLE.entries.items() if entry.is_built}
    assert built == used


@pytest.mark.feature("PT-06")
@pytest.mark.parametrize("name", TABLE.entries)
def test_it_holds_its_own_examples(name: str) -> None:
    entry = TABLE.entries[name]
    for example in entry.examples:
        assert allows(entry, example) == example.allows
    can_refuse = entry.team or entry.who != "practitioner"
    answers = {example.allows for example in entry.examples}
    assert True in answers or not any(cell.may for cell in entry.each.values())
    assert False in answers or not can_refuse


@pytest.mark.feature("PT-06")
@pytest.mark.parametrize(
    "wrong",
    [
        {"entries": {"plan.open": {"others": {"may": False}}}},
        {"entries": {"plan.open": {"others": {"may": True, "source": "hearsay"}}}},
        {"entries": {"plan.open": {"others": {"may": True, "kinds": ["x"]}}}},
        {"entries": {"plan.open": {"others": None}}},
        {"entries": {"plan.open": {"may_all": True}}},
        {"actions": {"goal.achieve": "goal.reach"}},
    ],
)
def test_it_does_not_start_with_a_table_that_contradicts_itself(wrong: dict[str, Any]) -> None:
    whole = TABLE.model_dump()
    for part, named in wrong.items():
        for name, changed in named.items():
            old = whole[part][name]
            whole[part][name] = {**old, **changed} if isinstance(changed, dict) else changed
    with pytest.raises(ValidationError):
        Table.model_validate(whole)
    assert read() == TABLE


def in_team(cast: Cast) -> dict[str, Person]:
    """Return a practitioner of each discipline, all in the patient's team."""
    people = [cast.asha, cast.ben, cast.chloe, cast.dmitri, cast.esi, cast.farah]
    with cast.acting():
        for who in people[1:]:
            care_team.join(
                cast.patient.id,
                practitioner_role_id=who.practitioner_role.id,
                actor=cast.asha.actor(),
                now=NOW,
            )
    assert {who.client for who in people}
    return {who.practitioner_role.discipline: who for who in people}


def attempt(who: Person, verb: str, at: str, given: dict[str, Any]) -> Any:
    """Send one request whose effects, if it has any, are undone."""
    with transaction.atomic():
        answer = ask(who, verb, at, given)
        transaction.set_rollback(True)
    return answer


def refused_by_table(entry: str, answer: Any) -> bool:
    return bool(answer.status_code == 403 and answer.data["rule"] == f"scope.{entry}")


@pytest.mark.feature("PT-06")
@pytest.mark.parametrize("discipline", Discipline.values)
def test_it_obeys_the_table_at_every_address_that_writes(cast: Cast, discipline: str) -> None:
    ids, given, who = records(cast), body(cast), in_team(cast)[discipline]
    odd: list[Any] = []
    before = state(cast, but=OWN_TRACES)
    for entry, action, verb, address in clinical():
        told = TABLE.entries[entry]
        if not told.each[Discipline(discipline)].may:
            answer = ask(who, verb, address.of(ids), given)
            if not refused_by_table(entry, answer):
                odd.append((action, answer.status_code, answer.data))
        elif told.who == "practitioner":
            answer = attempt(who, verb, address.of(ids), given)
            if answer.status_code == 403 and str(answer.data.get("rule")).startswith("scope."):
                odd.append((action, answer.data))
    assert odd == []
    assert state(cast, but=OWN_TRACES) == before


#: what whoever leads, and works in a lane of their own discipline, must really be able to do
DONE_BY_ALL = {
    "course.edit",
    "course.change-severity",
    "course.pause",
    "goal.edit",
    "lane.edit",
    "activity.edit",
    "note.write",
}


@pytest.mark.feature("PT-06")
@pytest.mark.parametrize("discipline", Discipline.values)
def test_it_does_not_refuse_what_the_table_allows(cast: Cast, discipline: str) -> None:
    """Asked by the patient's lead, in the lane of their own discipline, with a body that is whole.

    So each entry is asked where its `who` and `among` hold, whatever they are.
    """
    ids, who = dict(records(cast)), in_team(cast)[discipline]
    with cast.acting():
        signers = in_place(cast, ids, who)
        # a sitting whose measures everybody takes
        course = Course.objects.get(pk=ids["Course"])
        [pain] = underway.score(course, {"nprs": "3"}, now=NOW, who=cast.asha)
        ids["Assessment"] = pain.assessment_id
    scene = scene_of(cast, ids)
    edited, odd, done = versions(cast), [], set[str]()
    for entry, action, verb, address in clinical():
        if not TABLE.entries[entry].each[Discipline(discipline)].may:
            continue
        if entry in {"pathway.sign", "pathway.review"} and discipline not in signers:
            continue
        at = address.of(ids)
        with transaction.atomic():
            tag = {"If-Match": f'"{edited.get(at.split("/")[4] if address.has_id else "", 1)}"'}
            sent = body_of(action, scene)
            answer = getattr(who.client, verb)(at, sent, headers=tag)
            transaction.set_rollback(True)
        if answer.status_code < 300:
            done.add(entry)
        elif str((answer.data or {}).get("rule", "")).startswith("scope."):
            odd.append((action, answer.data))
    assert odd == []
    assert done >= DONE_BY_ALL


def in_place(cast: Cast, ids: dict[str, Any], who: Person) -> set[str]:
    """Let somebody lead and work in a lane, and return the disciplines that sign the pathway."""
    course = Course.objects.get(pk=ids["Course"])
    mine = underway.lane(course, who.practitioner_role.discipline)
    if who is not cast.asha:
        pass_lead_to(cast, who)
    work = Activity.objects.create(
        organization=cast.riverside,
        course=course,
        lane=mine,
        goal=course.goals.order_by("pk")[0],
        stage=str(course.stage),
        sequence=underway.stay(course).sequence,
        key="of_test",
        text="Talks about sleep.",
    )
    ids |= {"Lane": mine.pk, "Activity": work.pk}
    return set(course.pathway_version.definition.signing.disciplines)


@pytest.mark.feature("PT-06")
@pytest.mark.parametrize("discipline", Discipline.values)
def test_it_obeys_what_the_organization_took_away(cast: Cast, discipline: str) -> None:
    ids, given, who = records(cast), body(cast), in_team(cast)[discipline]
    with cast.acting():
        for entry in {entry for entry, _, _, _ in clinical()}:
            ScopeNarrowing.objects.create(
                organization=cast.riverside,
                entry=entry,
                discipline=discipline,
                reason="x",
                actor="x",
                since=NOW,
            )
    before, odd = state(cast, but=OWN_TRACES), []
    for entry, action, verb, address in clinical():
        answer = ask(who, verb, address.of(ids), given)
        if not refused_by_table(entry, answer):
            odd.append((action, answer.status_code, answer.data))
    assert odd == []
    assert state(cast, but=OWN_TRACES) == before


@pytest.mark.feature("PT-06")
def test_it_lets_an_administrator_narrow_the_table_and_give_it_back(cast: Cast) -> None:
    where, given = "/api/v1/scope-narrowings", {"entry": "plan.open", "reason": "clinic policy"}
    plan = {"patient": str(cast.patient.id)}
    made = cast.ada.client.post(where, {**given, "discipline": "physiotherapy"})
    assert made.status_code == 201, made.data
    denied = cast.asha.client.post("/api/v1/care-plans", plan)
    assert (denied.status_code, denied.data["rule"]) == (403, "scope.plan.open")
    shown = cast.asha.client.get("/api/v1/scope-of-practice").data
    cells = next(row["cells"] for row in shown if row["entry"] == "plan.open")
    assert [cell["discipline"] for cell in cells if cell["narrowed"]] == ["physiotherapy"]
    again = cast.ada.client.post(where, {**given, "discipline": "physiotherapy"})
    assert again.status_code == 409
    lifted = cast.ada.client.post(f"{where}/{made.data['id']}/lift")
    assert lifted.status_code == 200
    assert cast.ada.client.post(f"{where}/{made.data['id']}/lift").status_code == 409
    assert cast.asha.client.post("/api/v1/care-plans", plan).status_code == 201


@pytest.mark.feature("PT-06")
def test_it_lets_nobody_widen_the_table(cast: Cast) -> None:
    where, given = "/api/v1/scope-narrowings", {"entry": "course.apply", "reason": "x"}
    widened = cast.ada.client.post(where, {**given, "discipline": "nutrition"})
    assert widened.status_code == 400, "there is nothing to take away"
    for who in (cast.asha, cast.sam, cast.pia):
        denied = who.client.post(where, {**given, "discipline": "physiotherapy"})
        assert denied.status_code == 403
    with cast.acting():
        assert not ScopeNarrowing.objects.exists()


@pytest.mark.feature("PT-06")
def test_it_says_what_rests_on_no_source(cast: Cast) -> None:
    shown = {row["entry"]: row for row in cast.sam.client.get("/api/v1/scope-of-practice").data}
    assert set(shown) == set(TABLE.entries)
    cells = {cell["discipline"]: cell for cell in shown["course.apply"]["cells"]}
    assert cells["physiotherapy"]["verified"] == "read"
    assert "diagnoses" in cells["physiotherapy"]["rests_on"]
    assert cells["chiropractic"]["rests_on"].startswith("unverified: default of this software")
