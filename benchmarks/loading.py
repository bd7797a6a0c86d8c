"""Fill one database: an organization with so many plans, and the two people who read."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django

PATHS = ("/api/v1/courses",)


def fill(admin_url: str, plans: int) -> dict[str, Any]:
    """Load the rows; return the organization, both tokens and what to look for."""
    import psycopg
    from django.db import transaction

    from coordination.logins import issue_token
    from coordination.models import (
        Discipline,
        Location,
        Membership,
        Organization,
        Practitioner,
        PractitionerRole,
        User,
        new_id,
    )
    from coordination.tenancy import acting_in

    now = datetime.now(UTC)
    before = now - timedelta(days=400)
    organization = Organization(
        id=new_id(), name="Benchmark", slug="benchmark", is_demo=True, created_at=before
    )
    tokens: dict[str, str] = {}
    with transaction.atomic(), acting_in(organization.id):
        organization.save(force_insert=True)
        place = Location.objects.create(
            organization=organization, name="Downtown", time_zone="America/Toronto"
        )
        for hat in (Membership.Role.PRACTITIONER, Membership.Role.SCHEDULER):
            user = User(email=f"{hat}@benchmark.example", name=str(hat))
            user.set_unusable_password()
            user.save()
            Membership.objects.create(organization=organization, user=user, role=hat, since=before)
            if hat == Membership.Role.PRACTITIONER:
                practitioner = Practitioner.objects.create(
                    organization=organization, user=user, name="Asha", languages=["en-CA"]
                )
                role = PractitionerRole.objects.create(
                    organization=organization,
                    practitioner=practitioner,
                    location=place,
                    discipline=Discipline.PHYSIOTHERAPY,
                    college="Benchmark college",
                    registration_number="B-0",
                    registered_from=before.date(),
                )
            _, tokens[str(hat)] = issue_token(user, organization.id, name="benchmark", now=now)
    given = {
        "plans": plans,
        "organization": organization.id,
        "location": place.id,
        "practitioner": practitioner.id,
        "role": role.id,
    }
    with psycopg.connect(admin_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as admin:
        for statement in _statements():
            admin.execute(statement, given)
        admin.execute("VACUUM ANALYZE")
        circle = admin.execute(
            "SELECT count(DISTINCT patient_id) FROM coordination_accessgrant "
            "WHERE practitioner_role_id = %s",
            [role.id],
        ).fetchone()
        names = admin.execute(
            "SELECT family_name, given_name, birth_date::text FROM coordination_patient "
            "ORDER BY md5(id::text) LIMIT 40"
        ).fetchall()
    return {
        "organization": str(organization.id),
        "tokens": tokens,
        "circle": circle[0] if circle else 0,
        "names": [f"{family} {given[:2]}" for family, given, _ in names],
        "birth_dates": [day for _, _, day in names],
        "identifiers": [f"MRN-{1 + number * 97 % plans}" for number in range(40)],
    }


def statements_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return, by reader, the very statements that our lists run, for the floor to run."""
    from rest_framework.test import APIClient

    from coordination.api import finishing

    found: dict[str, Any] = {}
    run = finishing.run
    for reader, token in told["tokens"].items():
        for path in PATHS:
            caught: list[tuple[str, list[Any]]] = []

            def catch(
                organization_id: UUID,
                sql: str,
                params: list[Any],
                caught: list[tuple[str, list[Any]]] = caught,
            ) -> Any:
                caught.append((sql, params))
                return run(organization_id, sql, params)

            finishing.run = catch
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
            answer = client.get(path, headers={"host": "127.0.0.1"})
            told.setdefault("queries", {})[reader] = _statements_of(client, path)
            finishing.run = run
            del caught[1:]
            assert answer.status_code == 200, answer.content
            assert len(answer.data["results"]) == 50, len(answer.data["results"])
            [(sql, params)] = caught
            [audit] = json.loads(params[-1])
            given = [_told(value) for value in params[:-1]]
            found[f"/{reader}{path}"] = {"sql": sql, "params": given, "audit": audit}
    return found


def _statements_of(client: Any, path: str) -> int:
    """Count what one request with a warm principal sends, BEGIN and COMMIT included."""
    from django.conf import settings
    from django.db import connection

    lives, settings.PRINCIPAL_SECONDS = settings.PRINCIPAL_SECONDS, 60.0
    client.get(path, headers={"host": "127.0.0.1"})
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    client.get(path, headers={"host": "127.0.0.1"})
    connection.force_debug_cursor = False
    settings.PRINCIPAL_SECONDS = lives
    # the finished page is logged as one and goes out with the choice of the organization
    return len(connection.queries_log) + 1


def _told(value: Any) -> tuple[str, str]:
    if isinstance(value, datetime):
        return ("now", "")
    return ("uuid", str(value)) if isinstance(value, UUID) else ("text", str(value))


def _statements() -> list[str]:
    text = Path(__file__).with_name("loading.sql").read_text()
    return [part.strip() for part in text.split(";\n") if part.strip()]


def main() -> None:
    """Load as told on standard input; tell on standard output what is there."""
    asked = json.load(sys.stdin)
    django.setup()
    told = fill(asked["admin_url"], asked["plans"])
    told["statements"] = statements_of(told)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
