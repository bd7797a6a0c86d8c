"""Why was this denied? Each refusal names a rule that is registered, and can be explained."""

import ast

import pytest

from coordination.models import AuditEvent, Denial
from coordination.rules import REACH, RULES, rule_named
from tests.cast import Cast
from tests.test_architecture import sources

NOBODY = "0192e4a0-0000-7000-8000-000000000001"


def named_rules() -> set[str]:
    """Return each rule that the code names; one that is put together counts as its family."""
    found = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "rule":
                if isinstance(node.value, ast.Constant):
                    found.add(str(node.value.value))
                elif isinstance(node.value, ast.JoinedStr):
                    first = node.value.values[0]
                    assert isinstance(first, ast.Constant), "a rule begins with its family"
                    found.add(str(first.value) + "*")
    return found


@pytest.mark.feature("AD-02")
def test_it_registers_every_rule_that_the_code_names() -> None:
    missing = {name for name in named_rules() if rule_named(name) is None}
    assert missing == set(), "add them to coordination/policy/rules.yaml"


@pytest.mark.feature("AD-02")
def test_it_registers_no_rule_that_nothing_names() -> None:
    named = named_rules()
    families = {name.partition(".")[0] for name in named}
    idle = {
        name
        for name in set(RULES) - {REACH}
        if name not in named and not (name.endswith(".*") and name.partition(".")[0] in families)
    }
    assert idle == set()


@pytest.mark.feature("AD-02")
def test_it_explains_a_refused_action_to_whoever_was_refused(cast: Cast) -> None:
    refused = cast.ada.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    assert refused.status_code == 403
    told = cast.ada.client.get(f"/api/v1/denials/{refused.headers['X-Request-ID']}")
    assert told.status_code == 200, told.data
    assert told.data["rule"] == refused.data["rule"] == "role.care-plan.create"
    assert told.data["says"]
    assert told.data["who"]
    assert told.data["whole_story"] is None
    for other in (cast.asha, cast.sam, cast.olu):
        path = f"/api/v1/denials/{told.data['id']}"
        assert other.client.get(path).status_code == 404


@pytest.mark.feature("AD-02")
def test_it_tells_of_what_was_not_found_only_to_the_privacy_officer(cast: Cast) -> None:
    there = cast.gus.client.get(f"/api/v1/patients/{cast.patient.id}")
    missing = cast.gus.client.get(f"/api/v1/patients/{NOBODY}")
    own = {}
    for name, refused in (("there", there), ("missing", missing)):
        told = cast.gus.client.get(f"/api/v1/denials/{refused.headers['X-Request-ID']}").data
        assert told["rule"] == REACH
        own[name] = {key: told[key] for key in ("rule", "says", "why", "who", "whole_story")}
    assert own["there"] == own["missing"], "the two look the same"
    with cast.acting():
        before = AuditEvent.objects.filter(event="denial.explained").count()
    story = cast.pia.client.get(f"/api/v1/denials/{there.headers['X-Request-ID']}").data
    assert story["whole_story"]["fence"].startswith("Circle of care")
    nothing = cast.pia.client.get(f"/api/v1/denials/{missing.headers['X-Request-ID']}").data
    assert "no such record" in nothing["whole_story"]["fence"]
    with cast.acting():
        rows = list(AuditEvent.objects.filter(event="denial.explained"))
    assert len(rows) == before + 2
    assert [cast.patient.id] in [row.patient_ids for row in rows]


@pytest.mark.feature("AD-02")
def test_it_keeps_only_so_many_of_one_login(cast: Cast, settings: object) -> None:
    settings.DENIALS_KEPT_PER_HOUR = 3  # type: ignore[attr-defined] # pytest-django's settings
    for _ in range(5):
        assert cast.gus.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 404
    assert cast.asha.client.get(f"/api/v1/patients/{NOBODY}").status_code == 404
    with cast.acting():
        assert Denial.objects.filter(user_id=cast.gus.user.id).count() == 3
        assert Denial.objects.filter(user_id=cast.asha.user.id).count() == 1
