"""Every address and verb, asked by those who have no business there.

What somebody may not see is refused alike, whether it is there or not, and nothing has changed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db.models import Model, QuerySet

from coordination.actors import Role
from coordination.api.views import ContinuumViewSet, OfPatients
from coordination.disclosure import labels_of
from coordination.models import ApiToken, AuditEvent, Denial, OrganizationOwned
from coordination.models.labels import Labels
from tests import withheld
from tests.care_plans import underway, written
from tests.care_plans.handing import opened_hand_off
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast, Person, make_person
from tests.coordination.relatives import beside
from tests.test_openapi import NOBODY, PIECES, addresses, model_of

REFUSED = {403, 404}
#: what stands in the holes of the addresses that are no viewset's
PIECES_BY_KIND = {"uuid": NOBODY, "int": "1", "str": "none"}
#: what an address may also answer that names no record: it is asked in vain, or for one's own
IN_VAIN = {400, 403, 404, 405, 428}
#: where schedulers find the directory's part of what is clinical elsewhere
IN_PART = {("get", "/api/v1/courses")}
#: imported only, so nobody of the cast has any
NOT_THERE = {"AccessReview", "Condition", "SourceDocument"}
#: what a refused request may still write: who asked with which token is not the patient's
OWN_TRACES = {AuditEvent, ApiToken, Denial}

_ID = re.compile(r"\(\?P<pk>.*?\{12\}\)")
_PIECE = re.compile(r"\(\?P<(\w+)>[^)]*\)")


@dataclass(frozen=True)
class Address:
    """One address with its verbs; `model` is what its id is of, if it has one."""

    path: str
    view: type[ContinuumViewSet]
    verbs: tuple[str, ...]
    basename: str
    actions: Mapping[str, str]

    def action(self, verb: str) -> str:
        """Return what a verb is called here: `basename.action`."""
        return f"{self.basename}.{self.actions[verb]}"

    @property
    def has_id(self) -> bool:
        return "{pk}" in self.path

    def of(self, ids: Mapping[str, UUID]) -> str:
        """Return the address of one record of those."""
        model = model_of(self.view)
        name = model.__name__ if model else ""
        return self.path.replace("{pk}", str(ids.get(name, NOBODY)))


def everything() -> Iterator[Address]:
    """Return each address of the API, with something in every hole but the id."""
    for path, view in addresses():
        verbs = tuple(verb for verb in getattr(view, "actions", None) or () if verb != "head")
        if verbs:
            filled = _PIECE.sub(lambda hole: PIECES[hole[1]], _ID.sub("{pk}", path))
            at = filled.replace("\\", "").rstrip("Z$")
            yield Address(at, view.cls, verbs, view.initkwargs["basename"], view.actions)


def records(cast: Cast) -> dict[str, UUID]:
    """Return the id of one record of each kind in the organization that is acting."""
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE, now=NOW - timedelta(weeks=1))
        underway.meet_acute_exit(cast, course, now=NOW)
        written.everything(cast, cast.asha)
        written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
        written.complexity_screen(cast.asha, course)
        written.safety_alert(cast, cast.asha)
        written.on_call_duty(cast, cast.asha)
        opened_hand_off(cast, to=colleague(cast))
        pair(cast)
        withheld.one_of_each(cast)
        beside(cast)
        models = {model_of(one.view) for one in everything() if one.has_id} - {None}
        found = {}
        for model in models:
            assert model is not None
            row = of_patient(model, cast).first() or model._default_manager.order_by("pk").last()
            if row is not None:
                found[model.__name__] = row.pk
        assert {model.__name__ for model in models if model} - set(found) <= NOT_THERE
    return found


def of_patient(model: type[Model], cast: Cast) -> QuerySet[Any]:
    """Return the patient's rows of a model; of the organization where patients own none."""
    rows = model._default_manager.filter(organization=cast.riverside)
    if not isinstance(getattr(model, "labels", None), Labels):
        return rows
    return rows.filter(**{labels_of(model).patient: cast.patient.id})


def colleague(cast: Cast) -> Person:
    """Return somebody who may take over from whoever leads."""
    place = cast.asha.practitioner_role.location
    return make_person(cast.riverside, "Colleague", discipline="nutrition", location=place)


def state(cast: Cast, *, but: set[Any] = frozenset()) -> dict[str, list[Any]]:  # type: ignore[assignment] # models of any kind
    """Return every row of the organization that is acting."""
    with cast.acting():
        return {
            model.__name__: list(model._default_manager.order_by("pk").values_list())
            for model in apps.get_models()
            if issubclass(model, OrganizationOwned) and model not in but
        }


def body(cast: Cast) -> dict[str, Any]:
    """Return what would be enough for many a request, with ids of the acting organization."""
    role = str(cast.asha.practitioner_role.id)
    return {
        "patient": str(cast.patient.id),
        "lead": role,
        "practitioner_role": role,
        "reason": "x",
        "because": "x",
        "verdict": "ready",
        "needed": "not_needed",
        "severity": "severe",
        "reason_code": "no_capacity",
        "text": "x",
        "outcome": "goals_met",
        "purpose": "care",
        "channel": "email",
        "wanted": False,
        "discipline": "nutrition",
        "family_name": "X",
        "given_name": "Y",
        "birth_date": "1990-01-01",
    }


def ask(who: Person, verb: str, at: str, given: Mapping[str, Any]) -> Any:
    """Send one request."""
    if verb == "get":
        return who.client.get(at)
    return getattr(who.client, verb)(at, given, headers={"If-Match": '"1"'})


def refused(who: Person, verb: str, address: Address, ids: Any, given: Any) -> bool:
    """Say whether somebody is refused a record, in the same words as one that is not there."""
    answer = ask(who, verb, address.of(ids), given)
    if answer.status_code != 400:
        return answer.status_code in REFUSED
    nobody = ask(who, verb, address.of({}), given)
    return nobody.status_code == 400 and bool(nobody.data["errors"] == answer.data["errors"])


def staff(cast: Cast) -> list[Person]:
    """Return one person of each hat."""
    hats = (Role.SCHEDULER, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
    return [cast.asha, *(make_person(cast.riverside, hat, hat=hat) for hat in hats)]


def mirrored(cast: Cast) -> Cast:
    """Return the same cast as Harbour sees it: Olu leads, and Riverside is the other one."""
    return replace(
        cast,
        riverside=cast.harbour,
        harbour=cast.riverside,
        asha=cast.olu,
        olu=cast.asha,
        patient=cast.stranger,
        stranger=cast.patient,
    )


def test_it_knows_every_address() -> None:
    found = list(everything())
    assert len(found) > 60
    assert not [one.path for one in found if re.search(r"[()?\\]", one.path)]


@pytest.mark.parametrize("from_harbour", [True, False])
def test_it_keeps_two_organizations_apart_at_every_address(cast: Cast, from_harbour: bool) -> None:
    theirs = cast if from_harbour else mirrored(cast)
    ours = mirrored(theirs)
    ids, given, probing = records(theirs), body(theirs), staff(ours)
    foreign = {str(one).encode() for one in (*ids.values(), theirs.patient.id)}
    before, odd = state(theirs), list[Any]()
    for address in everything():
        for verb in address.verbs:
            for who in probing:
                if address.has_id:
                    if not refused(who, verb, address, ids, given):
                        odd.append((who.user.name, verb, address.path))
                    continue
                answer = ask(who, verb, address.path, given)
                allowed = IN_VAIN | {200} if verb == "get" else IN_VAIN
                if answer.status_code not in allowed:
                    odd.append((who.user.name, verb, address.path, answer.status_code))
                if any(one in answer.content for one in foreign):
                    odd.append((who.user.name, verb, address.path, "shows a foreign id"))
    assert odd == []
    assert state(theirs) == before


@pytest.mark.parametrize("name", ["gus", "ben", "ada", "pia"])
def test_it_shows_a_patient_to_nobody_without_a_reason(cast: Cast, name: str) -> None:
    ids, given, who = records(cast), body(cast), cast.everybody[name]
    before, odd = state(cast, but=OWN_TRACES), []
    for address in everything():
        if not (address.has_id and issubclass(address.view, OfPatients)):
            continue
        for verb in address.verbs:
            hats = address.view.roles[address.action(verb).partition(".")[2]]
            if "privacy_officer" in hats & who.actor_roles():
                continue  # guarding privacy is the reason: identity and what was done with it
            if not refused(who, verb, address, ids, given):
                odd.append((verb, address.path))
    assert odd == []
    assert state(cast, but=OWN_TRACES) == before


def test_it_shows_schedulers_nothing_clinical(cast: Cast) -> None:
    ids, given = records(cast), body(cast)
    before, odd = state(cast, but=OWN_TRACES), []
    for address in everything():
        if issubclass(address.view, OfPatients) and address.view.seen_in == "clinical":
            for verb in address.verbs:
                if (verb, address.path) in IN_PART:
                    continue
                answer = ask(cast.sam, verb, address.of(ids), given)
                if answer.status_code not in REFUSED:
                    odd.append((verb, address.path, answer.status_code))
    assert odd == []
    assert state(cast, but=OWN_TRACES) == before


def test_it_breaks_at_no_address_whoever_asks(cast: Cast) -> None:
    ids, odd = records(cast), []
    for address in everything():
        for who in (cast.asha, cast.sam, cast.ada):
            for verb in address.verbs:
                answer = ask(who, verb, address.of(ids), {})
                if answer.status_code >= 500:
                    odd.append((who.user.name, verb, address.path, answer.status_code))
    assert odd == []
