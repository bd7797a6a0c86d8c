"""Several triggers in one step of a migration."""

from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import connections
from django.db.migrations.state import ProjectState
from pgtrigger.compiler import Trigger

from coordination.migration_operations import AddTriggers
from coordination.models import Location


def _trigger(name: str) -> Trigger:
    model: Any = Location
    made: Trigger = pgtrigger.Protect(name=name, operation=pgtrigger.Delete).compile(model)
    return made


def _on_locations() -> set[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'coordination_location'::regclass"
            " AND tgname LIKE 'pgtrigger_%'"
        )
        return {name.split("_")[1] for (name,) in cursor.fetchall()}


@pytest.mark.django_db(databases=["default", "owner"])
def test_it_adds_every_trigger_and_takes_them_back() -> None:
    operation = AddTriggers("Location", [_trigger("heron"), _trigger("egret")])
    before, after = ProjectState.from_apps(apps), ProjectState.from_apps(apps)
    operation.state_forwards("coordination", after)
    there = _on_locations()
    with connections["owner"].schema_editor() as editor:
        operation.database_forwards("coordination", editor, before, after)
        assert _on_locations() == there | {"heron", "egret"}
        operation.database_backwards("coordination", editor, after, before)
        assert _on_locations() == there
    names = [
        trigger.name for trigger in after.models["coordination", "location"].options["triggers"]
    ]
    assert names[-2:] == ["heron", "egret"]


def test_it_can_be_written_into_a_migration() -> None:
    operation = AddTriggers("location", [_trigger("heron")])
    name, arguments, named = operation.deconstruct()
    assert name == "AddTriggers"
    assert AddTriggers(*arguments, **named).deconstruct() == operation.deconstruct()
    assert operation.describe() == "Create triggers heron on model location"
