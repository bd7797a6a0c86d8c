"""What keeps the tree readable: layers, names, sizes, and where things may stand."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignObject, Model

from coordination.environment import PROJECT

LAYERS = ("coordination", "notifications", "referrals", "care_plans", "fhir")
VAGUE = {"utils", "util", "helpers", "services", "service", "base", "common", "managers", "misc"}
LONGEST = 400
SIGNALS = ("django.db.models.signals", "django.dispatch", "django.core.signals")
WEB = ("rest_framework", "drf_spectacular", "django_filters")
FACES = {"api", "management", "demo", "migrations", "mailcatcher", "servers"}
# Where the clock may be read: at the edge, from where every domain function is told.
EDGES = FACES | {"tasks", "front", "health", "metrics", "heartbeat"}

Source = tuple[Path, ast.Module]


@cache
def sources() -> list[Source]:
    """Return every module of the apps, parsed."""
    files = chain.from_iterable((PROJECT / app).rglob("*.py") for app in LAYERS)
    return [(path.relative_to(PROJECT), ast.parse(path.read_text())) for path in sorted(files)]


def our_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in LAYERS]


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def begins(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def stands_in(path: Path, places: set[str]) -> bool:
    return bool(places & {*path.parts[:-1], path.stem})


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_it_points_every_foreign_key_downwards() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignObject)
        and isinstance(field.related_model, type)
        and field.related_model._meta.app_label in LAYERS
        and LAYERS.index(field.related_model._meta.app_label) > LAYERS.index(model._meta.app_label)
    ]
    assert upward == []


def test_it_names_each_module_after_what_it_does() -> None:
    assert [str(path) for path, _ in sources() if path.stem in VAGUE] == []


def test_it_keeps_each_file_short() -> None:
    lengths = {
        str(path): len((PROJECT / path).read_text().splitlines())
        for path, _ in sources()
        if "migrations" not in path.parts
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_it_uses_no_signals_of_django() -> None:
    users = [
        f"{path}: {name}"
        for path, tree in sources()
        for name in imported(tree)
        if begins(name, SIGNALS)
    ]
    assert users == []


def test_it_keeps_logic_out_of_save_and_delete() -> None:
    clever = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        if "models" in path.parts or path.stem == "models"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in {"save", "delete"}
    ]
    assert clever == []


def test_it_orders_rows_where_they_are_read() -> None:
    assert [model._meta.label for model in our_models() if model._meta.ordering] == []


def test_it_keeps_the_web_out_of_the_domain() -> None:
    leaks = [
        f"{path}: {name}"
        for path, tree in sources()
        if not stands_in(path, FACES)
        for name in imported(tree)
        if begins(name, WEB)
    ]
    assert leaks == []


def test_it_reads_the_clock_only_at_the_edge() -> None:
    readers = [
        f"{path}:{call.lineno}"
        for path, tree in sources()
        if not stands_in(path, EDGES)
        for name, call in calls(tree)
        if name in {"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time"}
    ]
    assert readers == []


def test_it_never_hands_a_due_time_to_the_broker() -> None:
    handed = [
        f"{path}:{call.lineno}"
        for path, tree in sources()
        for name, call in calls(tree)
        if name.endswith((".apply_async", ".s", ".si", ".signature", ".retry"))
        and {"eta", "countdown"} & {keyword.arg for keyword in call.keywords}
    ]
    assert handed == []


def test_it_marks_only_rows_that_exist(request: pytest.FixtureRequest) -> None:
    known = set((PROJECT / "tests" / "feature_rows.txt").read_text().split())
    marked = {
        (str(row), item.nodeid)
        for item in request.session.items
        for marker in item.iter_markers("feature")
        for row in marker.args
    }
    assert sorted(pair for pair in marked if pair[0] not in known) == []


@pytest.mark.parametrize("app", LAYERS)
def test_it_has_a_config_for_each_app(app: str) -> None:
    assert apps.get_app_config(app).name == app
