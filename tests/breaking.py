"""Breaking tables, so that what is said of a failure can be looked at."""

from collections.abc import Callable

import psycopg


def break_tables(owner: psycopg.Connection, *tables: str) -> Callable[[], None]:
    """Let every write to these tables fail, with the whole row in the error's detail."""
    owner.execute("""
        CREATE OR REPLACE FUNCTION fail_with_the_row() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'made to fail' USING DETAIL = NEW::text, ERRCODE = 'XX000'; END $$
    """)
    for table in tables:
        owner.execute(
            f"CREATE TRIGGER fail_with_the_row BEFORE INSERT OR UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION fail_with_the_row()"
        )
    owner.commit()

    def mend() -> None:
        for table in tables:
            owner.execute(f"DROP TRIGGER fail_with_the_row ON {table}")
        owner.commit()

    return mend
