"""Roles and permissions: the document is current, and everybody can read their own."""

import pytest

from coordination.api.permissions_listing import document, permissions
from coordination.environment import PROJECT
from coordination.models import ScopeNarrowing
from tests.cast import NOW, Cast

URL = "/api/v1/permissions"


@pytest.mark.feature("AD-01")
def test_it_keeps_its_document_current() -> None:
    told = (PROJECT / "docs" / "permissions.md").read_text()
    assert told == document(), "run manage.py print_permissions > docs/permissions.md"


@pytest.mark.feature("AD-01")
def test_it_tells_everybody_what_they_may_do_and_which_rule_refuses_the_rest(cast: Cast) -> None:
    for who in (cast.asha, cast.esi, cast.sam, cast.ada, cast.pia):
        told = who.client.get(URL)
        assert told.status_code == 200, told.data
        assert len(told.data) == len(permissions())
        assert all(row["may"] == (row["refused_by"] == "") for row in told.data)
    by_action = {row["action"]: row for row in cast.ada.client.get(URL).data}
    assert by_action["location.create"]["may"]
    assert by_action["care-plan.create"]["refused_by"] == "role.care-plan.create"
    asked = cast.ada.client.post("/api/v1/care-plans", {"patient": str(cast.patient.id)})
    assert (asked.status_code, asked.data["rule"]) == (403, "role.care-plan.create")


@pytest.mark.feature("AD-01")
def test_it_counts_what_the_organization_took_away(cast: Cast) -> None:
    def plan() -> tuple[bool, str]:
        rows = {row["action"]: row for row in cast.asha.client.get(URL).data}
        return rows["care-plan.create"]["may"], rows["care-plan.create"]["refused_by"]

    assert plan() == (True, "")
    with cast.acting():
        ScopeNarrowing.objects.create(
            organization=cast.riverside,
            entry="plan.open",
            discipline="physiotherapy",
            reason="x",
            actor="x",
            since=NOW,
        )
    assert plan() == (False, "scope.plan.open")
