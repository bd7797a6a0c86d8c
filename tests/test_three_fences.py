"""Each of the three fences by itself, with the other two switched off.

The fences: row-level security of the database, the circle of care, and what is withheld. Whatever
module has taken a fence's function over by name is given the open one too.
"""

import sys
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model, Q, QuerySet

from care_plans.models import SafetyAlert
from coordination import access, disclosure
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.api import finishing
from coordination.api.views import OfPatients
from coordination.disclosure import EVERY_ROW, labelled, labels_of
from coordination.models import Labels, OrganizationOwned
from coordination.tenancy import acting_in
from tests import lockbox
from tests.cast import NOW, Cast, Person
from tests.test_every_address import OWN_TRACES, body, everything, records, refused, state
from tests.test_fences import fenced_tables, filled, visible
from tests.test_lockbox import addresses, asked, leaks
from tests.test_openapi import model_of

pytestmark = pytest.mark.django_db
__all__ = ["filled"]  # a fixture

OURS = ("coordination", "care_plans", "referrals", "notifications", "fhir")


@pytest.fixture
def scene(cast: Cast) -> lockbox.Scene:
    return lockbox.stage(cast)


def replace(monkeypatch: pytest.MonkeyPatch, original: Any, stand_in: Any) -> None:
    """Let every module of the project have something else under this function's name.

    Pages compiled with it are kept apart, before and afterwards: other tests of the process would
    be shown what an open fence shows.
    """
    monkeypatch.setattr(finishing, "SHAPES", finishing.Shapes())
    places = [
        (module, name)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").split(".")[0] in OURS
        for name, value in vars(module).items()
        if value is original
    ]
    assert places
    for module, name in places:
        monkeypatch.setattr(module, name, stand_in)


def open_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the second fence off: everybody reaches every patient of the organization."""

    def reaching_all(actor: Actor, now: Any, **options: Any) -> Q:
        return Q(organization_id=actor.organization_id)

    replace(monkeypatch, access.within_reach, reaching_all)


def open_disclosure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the third fence off: nothing is withheld from anybody."""
    replace(monkeypatch, disclosure.disclosed_to, lambda *given, **options: EVERY_ROW)
    replace(monkeypatch, disclosure.events_disclosed_to, lambda *given: EVERY_ROW)
    replace(monkeypatch, disclosure.is_bound, lambda *given, **options: False)


def records_of(scene: lockbox.Scene, *, not_by: Person | None = None) -> set[str]:
    """Return the ids of all that is kept about the patient, besides who they are.

    `not_by` leaves out what that person wrote, and goes on seeing whatever is withheld.
    """
    found: set[str] = set()
    with scene.cast.acting():
        for name, model in labelled().items():
            rows: QuerySet[Any, Any] = QuerySet(model)
            mine = rows.filter(**{labels_of(model).patient: scene.cast.patient.id})
            if not_by is not None:
                mine = mine.exclude(own(labels_of(model), not_by))
            if name not in lockbox.APART:
                found |= {str(pk) for pk in mine.values_list("pk", flat=True)}
    return found


def own(labels: Labels, who: Person) -> Q:
    """Select what somebody wrote, or what passes between them and somebody else."""
    found = Q(pk__in=[])
    for path in filter(None, (labels.author, *labels.parties)):
        found |= Q(**{path: who.practitioner_role.id})
    return found | Q(**{labels.recorder: who.user.id}) if labels.recorder else found


def owned_by_patients() -> list[type[Model]]:
    return [
        model
        for model in apps.get_models()
        if isinstance(getattr(model, "labels", None), Labels)
        and issubclass(model, OrganizationOwned)
    ]


# The first alone: row-level security.


def test_it_is_fenced_by_the_database_alone(
    cast: Cast, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = lockbox.stage(cast)
    with scene.cast.acting():
        asha = cast.asha.actor()
    everyone = Q(pk__isnull=False)
    replace(monkeypatch, access.within_reach, lambda *given, **options: everyone)
    open_disclosure(monkeypatch)

    def seen() -> dict[str, int]:
        counts = {
            model.__name__: owned_by_patient(QuerySet(model), asha, NOW).count()
            for model in owned_by_patients()
        }
        with connection.cursor() as cursor:
            for table in fenced_tables(owner_connection):
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                counts[table] = cursor.fetchone()[0]
        return counts

    with cast.acting():
        inside = seen()
    assert inside["Referral"]
    assert inside["Assessment"]
    assert inside["care_plans_course"]
    assert {name for name, count in seen().items() if count} == set()
    with acting_in(cast.harbour.id):
        assert seen()["Course"] == 0
        assert not [
            model.__name__
            for model in owned_by_patients()
            if QuerySet(model).filter(organization_id=cast.riverside.id).exists()
        ]


def test_it_shows_no_row_of_any_table_to_plain_sql(
    filled: tuple[psycopg.Connection, Any],
) -> None:
    plain, organization = filled
    assert set(visible(plain, "").values()) == {0}
    assert set(visible(plain, str(organization)).values()) == {1}


# The second alone: the circle of care, within one organization, where the first does not help.


def test_it_is_fenced_by_the_circle_alone(
    scene: lockbox.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_disclosure(monkeypatch)
    ids = records_of(scene)
    gus, asha = scene.cast.gus, scene.cast.asha
    assert len(leaks(asked(scene, asha), ids)) > 10
    assert leaks(asked(scene, gus), {*ids, str(scene.cast.patient.id)}) == {}
    open_circle(monkeypatch)
    assert len(leaks(asked(scene, gus), ids)) > 10, "it was the circle that kept him out"


def test_it_lets_nobody_outside_the_circle_do_anything(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, given = records(cast), body(cast)
    before = state(cast, but=OWN_TRACES)
    open_disclosure(monkeypatch)
    assert reached(cast.gus, ids, given) == []
    assert state(cast, but=OWN_TRACES) == before


# The third alone: what is withheld, with every patient within reach.


@pytest.mark.feature("PV-02")
@pytest.mark.parametrize("name", ["ben", "gus"])
def test_it_is_fenced_by_directives_alone(
    scene: lockbox.Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    open_circle(monkeypatch)
    reader = scene.cast.everybody[name]
    ids = records_of(scene, not_by=reader)
    with scene.cast.acting():
        always_shown = {str(pk) for pk in SafetyAlert.objects.values_list("pk", flat=True)}
    ids -= always_shown
    assert len(leaks(asked(scene, reader), ids)) > 10
    whom = reader.practitioner_role.practitioner_id
    scene.lock(target="everything", audience="practitioner", audience_practitioner_id=whom)
    assert leaks(asked(scene, reader), ids) == {}
    assert f"/api/v1/courses/{scene.course.id}" in addresses(scene)


def test_it_lets_nobody_act_on_what_is_withheld(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, given = records(cast), body(cast)
    open_circle(monkeypatch)
    whom = cast.gus.practitioner_role.practitioner_id
    scene = lockbox.Scene(cast, None)  # type: ignore[arg-type] # no course is needed
    scene.lock(target="everything", audience="practitioner", audience_practitioner_id=whom)
    before = state(cast, but=OWN_TRACES)
    shown_whatever_is_withheld = {"SafetyAlert"}
    only = set(labelled()) - shown_whatever_is_withheld
    assert reached(cast.gus, ids, given, only=only) == []
    assert state(cast, but=OWN_TRACES) == before


def reached(
    who: Person, ids: Any, given: Any, *, only: set[str] | None = None
) -> list[tuple[str, str]]:
    """Return verb and address of each record that was not refused, of these models or of all."""
    found = []
    for address in everything():
        if not (address.has_id and issubclass(address.view, OfPatients)):
            continue
        model = model_of(address.view)
        if only is not None and (model is None or model.__name__ not in only):
            continue
        found += [
            (verb, address.path)
            for verb in address.verbs
            if not refused(who, verb, address, ids, given)
        ]
    return found
