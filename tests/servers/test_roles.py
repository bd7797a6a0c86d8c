"""The roles: each may do what its work needs, and nothing else."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from coordination.servers.processes import CannotStart, free_port
from coordination.servers.roles import (
    DatabaseUrls,
    copy_database,
    drop_database,
    prepare_roles,
    with_database,
)
from tests.servers.run import Servers

DATABASE = "continuum_roles_under_test"


@pytest.fixture
def urls(servers: Servers, request: pytest.FixtureRequest) -> Iterator[DatabaseUrls]:
    """Prepare a database of this test's own, with the passwords that the others rely on."""
    database = f"{servers.name}_roles_{abs(hash(request.node.name)) % 10**6}"
    found = prepare_roles(
        servers.admin_url,
        database,
        owner_password=servers.owner_password,
        runtime_password=servers.runtime_password,
    )
    yield found
    drop_database(servers.admin_url, database)


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _database(urls: DatabaseUrls) -> str:
    return urlsplit(urls.owner).path.lstrip("/")


def test_it_may_be_repeated(servers: Servers, urls: DatabaseUrls) -> None:
    _run(urls.owner, "CREATE TABLE kept (id int)")
    again = prepare_roles(
        servers.admin_url,
        _database(urls),
        owner_password=servers.owner_password,
        runtime_password=servers.runtime_password,
    )
    assert again == urls
    _run(urls.owner, "SELECT * FROM kept")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE continuum_owner",
        "SET ROLE continuum_lookup",
        "SELECT * FROM owned",
        "TRUNCATE owned",
        "ALTER TABLE owned DISABLE ROW LEVEL SECURITY",
    ],
)
def test_it_denies_the_runtime_role(urls: DatabaseUrls, statement: str) -> None:
    _run(urls.owner, "CREATE TABLE owned (id int)", "ALTER TABLE owned ENABLE ROW LEVEL SECURITY")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _run(urls.runtime, statement)


def test_it_binds_the_runtime_role_to_row_level_security(urls: DatabaseUrls) -> None:
    _run(
        urls.owner,
        "CREATE TABLE fenced (id int)",
        "INSERT INTO fenced VALUES (1)",
        "ALTER TABLE fenced ENABLE ROW LEVEL SECURITY",
        "GRANT SELECT ON fenced TO continuum_app",
    )
    with psycopg.connect(urls.runtime) as connection:
        assert connection.execute("SELECT * FROM fenced").fetchall() == []
        connection.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM fenced")


def test_it_lets_migrations_hand_functions_to_the_lookup_role(urls: DatabaseUrls) -> None:
    _run(
        urls.owner,
        "CREATE FUNCTION who() RETURNS text LANGUAGE sql SECURITY DEFINER "
        "SET search_path = pg_catalog AS 'SELECT current_user::text'",
        "ALTER FUNCTION who() OWNER TO continuum_lookup",
        "GRANT EXECUTE ON FUNCTION who() TO continuum_app",
    )
    with psycopg.connect(urls.runtime) as connection:
        assert connection.execute("SELECT who()").fetchone() == ("continuum_lookup",)


def test_it_takes_powers_away_that_somebody_gave(servers: Servers, urls: DatabaseUrls) -> None:
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE continuum_lookup WITH BYPASSRLS CREATEDB LOGIN")
        prepare_roles(
            servers.admin_url,
            _database(urls),
            owner_password=servers.owner_password,
            runtime_password=servers.runtime_password,
        )
        powers = admin.execute(
            "SELECT rolbypassrls, rolcreatedb, rolcanlogin, rolsuper FROM pg_roles "
            "WHERE rolname = 'continuum_lookup'"
        ).fetchone()
    assert powers == (False, False, False, False)


def test_it_keeps_strangers_out_of_the_database(servers: Servers, urls: DatabaseUrls) -> None:
    stranger = f"stranger_{servers.name[-8:]}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'x'")
        try:
            parts = urlsplit(urls.runtime)
            url = parts._replace(netloc=f"{stranger}:x@{parts.hostname}:{parts.port}").geturl()
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(url)
        finally:
            admin.execute(f"DROP ROLE {stranger}")


def test_it_copies_a_database_with_its_privileges(servers: Servers, urls: DatabaseUrls) -> None:
    _run(urls.owner, "CREATE TABLE kept (id int)", "GRANT SELECT ON kept TO continuum_app")
    copy = f"{_database(urls)}_copy"
    copy_database(servers.admin_url, _database(urls), copy)
    _run(with_database(urls.runtime, copy), "SELECT * FROM kept")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _run(with_database(urls.runtime, copy), "CREATE TEMP TABLE mine (id int)")
    drop_database(servers.admin_url, copy)


def test_it_derives_the_same_passwords_from_the_same_administrator(servers: Servers) -> None:
    from coordination.servers.roles import derived_password

    url = "postgresql://admin:secret@127.0.0.1/postgres"
    assert derived_password(url, "continuum_app") == derived_password(url, "continuum_app")
    assert derived_password(url, "continuum_app") != derived_password(url, "continuum_owner")
    without = "postgresql://admin@127.0.0.1/postgres"
    assert derived_password(without, "continuum_app") != derived_password(without, "continuum_app")


def test_it_says_that_the_server_does_not_answer() -> None:
    with pytest.raises(CannotStart, match=r"PostgreSQL at 127.0.0.1:\d+ does not answer"):
        prepare_roles(f"postgresql://admin:x@127.0.0.1:{free_port()}/postgres", DATABASE)


def test_it_says_that_the_user_is_no_administrator(servers: Servers, urls: DatabaseUrls) -> None:
    url = urls.runtime.replace(quote(_database(urls)), _database(urls))
    with pytest.raises(CannotStart, match="may not create roles and databases"):
        prepare_roles(url, DATABASE, owner_password="x", runtime_password="x")
