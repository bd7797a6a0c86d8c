"""Every address: who may call it, and what the OpenAPI document promises about it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from coordination.api.permissions import ByRole, IsActor
from coordination.api.views import ContinuumViewSet, OfPatients
from coordination.api.wording import fields, read_words
from coordination.models import Event, Patient

# What anybody may ask without a login; everything else answers 401.
OPEN = {
    "/": "says what runs",
    "/courses/<uuid:record_id>": "the link in a mail; shows nothing",
    "/patients/<uuid:record_id>": "the link in a mail; shows nothing",
    "/referrals/<uuid:record_id>": "the link in a mail; shows nothing",
    "/safety-alerts/<uuid:record_id>": "the link in a mail; shows nothing",
    "/unsubscribe/<str:token>": "the signed link in a mail; shows nothing of anybody",
    "/health/live": "for probes",
    "/health/ready": "for probes",
    "/login": "logging in, for a portal's consent",
    "/login/password": "sends strangers to /login",
    "/oauth/authorize": "sends strangers to /login",
    "/oauth/token": "asks for the portal's secret, or its code's verifier",
    "/oauth/revoke": "asks for the portal's secret",
    "/oauth/introspect": "asks for the portal's secret",
    "/metrics": "decides by itself",
    "/api/schema": "the contract",
    "/api/docs": "leads to the documentation",
    "/api/docs/": "the contract, to read",
    "/api/v1/session": "logging in",
    "/api/v1/tokens": "logging in",
    "/api/v1/self-checks/pathways/<slug:slug>": "for people who are no patients yet",
    "/api/v1/self-checks/measures/<slug:slug>": "whom to call, for whoever asks",
}
# Feeds of ids that patients do not own.
NOT_OWNED: set[type[Model]] = {Event}
NOBODY = "0192e4a0-0000-7000-8000-000000000001"
PIECES = {
    "slug": "koos",
    "version": "1.0.0",
    "number": "1",
    "measure_version": "2",
    "questionnaire": "koos.v2",
}
WITHOUT_MODEL = {
    "PreferenceViewSet": "what a person wants to receive about others",
    "AccessCheckViewSet": "what the fences would say",
    "DenialViewSet": "by the id of a request",
    "PermissionViewSet": "read off the addresses",
    "RuleOutcomeViewSet": "counts, which name no patient",
    "ScopeOfPracticeViewSet": "the table in a file",
}


def addresses(under: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Return every address with what answers there."""
    for entry in (under or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern).removeprefix("^").removesuffix(r"\\Z").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def view_class(view: Any) -> type[Any] | None:
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def viewsets() -> list[Any]:
    """Return each address of a viewset once, with its actions by verb."""
    return [
        pytest.param(view_class(view), view.actions, id=path)
        for path, view in addresses()
        if getattr(view, "actions", None)
    ]


def owned_by_patients(model: type[Model], seen: frozenset[type[Model]] = frozenset()) -> bool:
    """Say whether a model is a patient or hangs on one, by whatever chain."""
    if model is Patient:
        return True
    targets = {
        field.related_model
        for field in model._meta.concrete_fields
        if isinstance(field.related_model, type)
    }
    return any(owned_by_patients(one, seen | {model}) for one in targets - seen - {model})


def model_of(view: type[Any]) -> type[Model] | None:
    queryset = getattr(view, "queryset", None)
    meta = getattr(getattr(view, "serializer_class", None), "Meta", None)
    found: type[Model] | None = queryset.model if queryset is not None else None
    return found or getattr(meta, "model", None)


def test_it_answers_strangers_only_where_that_is_meant() -> None:
    known = {path for path, view in addresses() if not asks_who(view)}
    assert known == set(OPEN)


def asks_who(view: Any) -> bool:
    cls = view_class(view)
    if not isinstance(cls, type) or not issubclass(cls, APIView):
        return False
    kinds = {kind for kind in cls.permission_classes if isinstance(kind, type)}
    # a view that decides for each request anew counts as open
    return cls.get_permissions is APIView.get_permissions and bool(kinds & {ByRole, IsActor})


@pytest.mark.parametrize(("view", "actions"), viewsets())
def test_it_says_for_every_action_which_roles_may(
    view: type[ContinuumViewSet], actions: dict[str, str]
) -> None:
    assert issubclass(view, ContinuumViewSet)
    assert view.permission_classes == (ByRole,)
    assert AllowAny not in view.permission_classes
    for action in actions.values():
        assert action in view.roles, f"{view.__name__}.{action} is in no table"
        assert view.roles[action], f"nobody may call {view.__name__}.{action}"


@pytest.mark.parametrize(("view", "actions"), viewsets())
def test_it_audits_what_patients_own(view: type[ContinuumViewSet], actions: dict[str, str]) -> None:
    model = model_of(view)
    if model is None:
        assert view.__name__ in WITHOUT_MODEL
    elif owned_by_patients(model) and model not in NOT_OWNED:
        assert issubclass(view, OfPatients)
        assert view.audited_as


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/api/schema").json()
    return found


def test_it_is_a_valid_openapi_3_1_document(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def inputs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Return every field that some request body may carry, with the operation."""
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for name in resolved(document, media["schema"]).get("properties", {}):
                    yield f"{verb} {path}", name


def test_it_takes_no_status_and_no_stage_from_a_client(document: dict[str, Any]) -> None:
    states = {"status", "stage", "organization_id", "version"}
    named = [f"{where}: {name}" for where, name in inputs(document) if name in states]
    # FHIR's own element: that the sheet is complete, no state that anything here passes through
    assert named == ["post /api/v1/questionnaire-responses: status"]


def test_it_describes_every_operation(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            where = f"{verb} {path}"
            assert operation.get("summary"), f"{where} has no summary"
            assert operation["operationId"], where
            assert any(code.startswith("2") for code in operation["responses"]), where


def test_it_says_what_each_parameter_is(document: dict[str, Any]) -> None:
    operations = (one for path in document["paths"].values() for one in path.values())
    untold = [
        (operation["operationId"], parameter["name"])
        for operation in operations
        for parameter in operation.get("parameters", ())
        if not {"type", "enum", "$ref", "oneOf"} & set(parameter["schema"])
    ]
    assert untold == []


@pytest.mark.feature("AP-09")
def test_it_says_what_every_field_and_parameter_means(document: dict[str, Any]) -> None:
    silent = {
        f"{schema}.{name}"
        for schema, name, field in fields(document)
        if not {"description", "$ref"} & set(field)
    }
    silent |= {
        f"{verb} {path}: {parameter['name']}"
        for path, operations in document["paths"].items()
        for verb, operation in operations.items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    }
    assert silent == set(), "say it in the serializer, or in coordination/api/words.yaml"


def test_it_says_which_operations_may_find_the_server_busy(document: dict[str, Any]) -> None:
    busy = {
        path: operation["responses"]["503"]
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "503" in operation["responses"]
    }
    assert {path.rpartition("/")[2] for path in busy} == {"dry-run", "forecast"}
    assert len(busy) == 3
    assert all(one == {"$ref": "#/components/responses/Busy"} for one in busy.values())
    assert "Retry-After" in document["components"]["responses"]["Busy"]["headers"]


def test_it_explains_no_field_that_is_not_there(document: dict[str, Any]) -> None:
    there = {name for _, name, _ in fields(document)}
    told = {name.rpartition(".")[2] for name in read_words()["fields"]}
    assert told - there == set()


def test_it_names_each_operation_once(document: dict[str, Any]) -> None:
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(names) == len(set(names))


def filled_in(path: str) -> str:
    """Return an address with something in each of its holes."""
    return re.sub(r"\{(\w+)\}", lambda hole: PIECES.get(hole[1], NOBODY), path)


@pytest.mark.django_db
def test_it_refuses_strangers_at_every_other_address(
    client: Client, document: dict[str, Any]
) -> None:
    opened = {re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path in OPEN}
    for path, operations in document["paths"].items():
        if path in opened:
            continue
        for verb in operations:
            at = filled_in(path)
            answer = client.generic(verb.upper(), at, "{}", content_type="application/json")
            assert answer.status_code == 401, f"{verb} {path}: {answer.status_code}"
            assert answer.json()["type"] == "urn:continuum:problem:not-authenticated"
