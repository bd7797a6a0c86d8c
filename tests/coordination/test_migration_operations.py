"""Several triggers, or several steps, in one step of a migration."""

from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections, migrations, models
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from pgtrigger.compiler import Trigger

from coordination.migration_operations import AddTriggers, Together
from coordination.models import Location
from coordination.tenancy import LOOKUP_ROLE, RUNTIME_ROLE, LookupFunction

_SEARCH = ["search_path=pg_catalog, pg_temp"]


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


def _table(name: str, **keys: str) -> migrations.CreateModel:
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True))
    ]
    for key, target in keys.items():
        fields.append((key, models.ForeignKey(f"coordination.{target}", models.PROTECT)))
    return migrations.CreateModel(name, fields)


def _tables() -> set[str]:
    with connections["owner"].cursor() as cursor:
        return set(connections["owner"].introspection.table_names(cursor))


@pytest.mark.django_db(databases=["default", "owner"])
def test_tables_that_refer_to_each_other_are_made_together_and_taken_back() -> None:
    operation = Together([_table("Heron", egret="egret"), _table("Egret", heron="heron")])
    before, after = ProjectState.from_apps(apps), ProjectState.from_apps(apps)
    assert "coordination_location" in {m._meta.db_table for m in after.apps.get_models()}
    operation.state_forwards("coordination", after)
    made = {"coordination_heron", "coordination_egret"}
    assert made <= {model._meta.db_table for model in after.apps.get_models()}
    there = _tables()
    with connections["owner"].schema_editor() as editor:
        operation.database_forwards("coordination", editor, before, after)
    assert _tables() == there | made
    with connections["owner"].cursor() as cursor:
        keys = connections["owner"].introspection.get_relations(cursor, "coordination_heron")
    assert keys["egret_id"][:2] == ("id", "coordination_egret")
    with connections["owner"].schema_editor() as editor:
        operation.database_backwards("coordination", editor, after, before)
    assert _tables() == there
    assert operation.describe() == "Create model Heron; Create model Egret"


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_database_that_former_migrations_left_half_way_is_not_passed_over() -> None:
    loader = MigrationLoader(connections["owner"])
    replacing = next(key for key, one in loader.disk_migrations.items() if len(one.replaces) > 1)
    recorder = MigrationRecorder(connections["owner"])
    recorder.record_unapplied(*replacing)
    call_command("migrate", plan=True, verbosity=0)
    former = loader.disk_migrations[replacing].replaces[-1]
    recorder.record_unapplied(*former)
    with pytest.raises(CommandError, match=".".join(former)):
        call_command("migrate", plan=True, verbosity=0)


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_look_up_that_replaced_another_is_not_taken_back() -> None:
    operation = LookupFunction(
        "heron_seen",
        arguments="",
        returns="TABLE (id uuid)",
        body="SELECT NULL::uuid",
        replaces=True,
    )
    state = ProjectState.from_apps(apps)
    with (
        connections["owner"].schema_editor() as editor,
        pytest.raises(IrreversibleError, match="heron_seen"),
    ):
        operation.database_backwards("coordination", editor, state, state)


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_look_up_is_given_back_as_it_was() -> None:
    def seen() -> Any:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT p.prosrc, pg_get_userbyid(p.proowner), p.prosecdef, p.proconfig,"
                " has_function_privilege('public', p.oid, 'EXECUTE'),"
                " has_function_privilege(%s, p.oid, 'EXECUTE')"
                " FROM pg_proc p WHERE p.proname = 'heron_seen'",
                [RUNTIME_ROLE],
            )
            return cursor.fetchall()

    asked: dict[str, Any] = {"arguments": "moment timestamptz", "returns": "TABLE (id uuid)"}
    first = LookupFunction("heron_seen", **asked, body="SELECT NULL::uuid")
    second = LookupFunction(
        "heron_seen", **asked, body="SELECT uuidv7()", replaces=True, was=first.body
    )
    state = ProjectState.from_apps(apps)
    with connections["owner"].schema_editor() as editor:
        first.database_forwards("coordination", editor, state, state)
        [before] = seen()
        second.database_forwards("coordination", editor, state, state)
        [after] = seen()
        assert (before[0].strip(), after[0].strip()) == (first.body, second.body)
        assert before[1:] == after[1:] == (LOOKUP_ROLE, True, _SEARCH, False, True)
        second.database_backwards("coordination", editor, state, state)
        assert seen() == [before]
        first.database_backwards("coordination", editor, state, state)
        assert seen() == []
