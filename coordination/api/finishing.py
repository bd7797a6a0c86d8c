"""Pages that PostgreSQL finishes: found, audited and printed as JSON in one round trip.

A page's SQL is compiled once for each shape: what is asked (view, filters, order, direction) by
whom (roles and disciplines, never a person). Ids of the reader, the moment and the cursor's
position are left open and filled in at each request. That this holds is proved when a shape is
compiled: it is compiled for the reader and for a stand-in, and kept only if both are the same but
for what was left open. A queryset that is projected must therefore be made of reader, moment and
filters alone, without asking the database anything in Python.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from coordination.actors import Actor
from coordination.api.projection import Projection
from coordination.audit_rows import insert_for
from coordination.models import PractitionerRole
from coordination.tenancy import SETTING

_MOST = 256  # shapes kept in a process; beyond, the one not asked for longest is compiled anew
_ORGANIZATION, _USER, _POSITION = uuid4(), uuid4(), uuid4()
_NOW = datetime(1, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
_TEXT_POSITION = uuid4().hex
_KNOWN = ("organization_id", "user_id", "practitioner_roles", "label", "request_id")
_REST = tuple(one.name for one in fields(Actor) if one.name not in _KNOWN)
_NO_PAGE = "SELECT NULL::uuid, NULL::text, NULL::uuid WHERE false"
_HOLE = re.compile(r"%(s|%)")
AUDIT = insert_for("(SELECT patient_ids FROM disclosed)")
CHOOSE = f"SELECT set_config('{SETTING}', $1, true)".encode()

FINISH = """
WITH page (id, position, patient) AS MATERIALIZED ({page}),
shown AS (SELECT page.*, row_number() OVER () AS n FROM page LIMIT {size}),
disclosed AS (
    SELECT coalesce(array_agg(patient ORDER BY n), '{{}}') AS patient_ids
    FROM (SELECT patient, min(n) AS n FROM shown WHERE patient IS NOT NULL GROUP BY patient) AS one
){audited}
SELECT (
    SELECT coalesce(json_agg(row_to_json(_row) ORDER BY shown.n {direction}), '[]'::json)
    FROM shown CROSS JOIN LATERAL ({row}) AS _row ({names})
)::text, (SELECT coalesce(json_agg(position), '[]'::json) FROM page)::text, {withheld}
"""
#: the patients whom a page discloses, for a condition on other rows
DISCLOSED = Q(patient_id__in=RawSQL("SELECT unnest(patient_ids) FROM disclosed", ()))


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL with `$1` and so on, and the values that stand for them."""

    sql: str
    params: tuple[Any, ...]

    def filled(self, values: dict[Any, Any]) -> list[Any]:
        """Return the parameters with these values in place of what was left open."""
        open_kinds = UUID | datetime | str
        return [values.get(one, one) if isinstance(one, open_kinds) else one for one in self.params]


class Shapes:
    """The compiled shapes of this process. None: one that depends on more than it should."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Compiled | None] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any) -> tuple[bool, Compiled | None]:
        """Return whether a shape is kept, and it."""
        with self._lock:
            if key not in self._kept:
                return False, None
            self._kept.move_to_end(key)
            return True, self._kept[key]

    def keep(self, key: Any, compiled: Compiled | None) -> None:
        """Keep a shape."""
        with self._lock:
            self._kept[key] = compiled
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)


SHAPES = Shapes()


class PageQuery:
    """A queryset as far as a paginator needs one; taking a slice of it asks the database."""

    def __init__(self, view: Any, *, kept_for: tuple[Any, ...] | None) -> None:
        self.model: Any = view.listed_model
        self.results = b"[]"
        self.is_withheld = False
        self._view = view
        self._kept_for = kept_for
        self._order: tuple[str, ...] = ()
        self._after: tuple[str, Any] | None = None

    def order_by(self, *order: str) -> "PageQuery":
        """Note the order."""
        self._order = order
        return self

    def filter(self, **position: Any) -> "PageQuery":
        """Note from which position on; the paginator has checked it."""
        [(lookup, value)] = position.items()
        field = self.model._meta.get_field(lookup.rpartition("__")[0])
        self._after = (lookup, field.to_python(value))
        return self

    def __getitem__(self, rows: slice) -> list[dict[str, Any]]:
        """Fetch a page: audit it, keep its JSON as `results`, and return the rows' positions."""
        audit_row = self._view.audited_search()
        compiled, values = self._compiled(rows), self._values(self._view.actor, self._view.now)
        params = [*compiled.filled(values), json.dumps([audit_row], default=str)]
        organization_id = self._view.actor.organization_id
        self.results, positions, self.is_withheld = run(organization_id, compiled.sql, params)
        name = self._order[0].lstrip("-")
        return [{name: position} for position in positions]

    def _values(self, actor: Actor, now: datetime) -> dict[Any, Any]:
        values: dict[Any, Any] = {_ORGANIZATION: actor.organization_id, _NOW: now}
        values[_USER] = actor.user_id
        for one, (stand_in, person) in zip(
            actor.practitioner_roles, _stand_in_ids(actor), strict=True
        ):
            values[stand_in], values[person] = one.id, one.practitioner_id
        if self._after is not None:
            values[_stand_in_position(self._after[1])] = self._after[1]
        return values

    def _compiled(self, rows: slice) -> Compiled:
        if self._kept_for is None:
            return self._compile(self._view, self._after, rows)
        lookup = self._after[0] if self._after else None
        whom = _kind_of(self._view.actor)
        key = (self._kept_for, whom, self._order, lookup, rows.start, rows.stop)
        is_known, kept = SHAPES.get(key)
        if is_known and kept is not None:
            return kept
        mine = self._compile(self._view, self._after, rows)
        if not is_known:
            SHAPES.keep(key, self._shape(mine, rows))
        return mine

    def _shape(self, mine: Compiled, rows: slice) -> Compiled | None:
        """Return what the page is compiled to for anybody of this kind, if there is such."""
        view = self._view
        actor = stand_in_for(view.actor)
        after = self._after and (self._after[0], _stand_in_position(self._after[1]))
        open_shape = self._compile(view.seen_by(actor, _NOW), after, rows)
        filled = open_shape.filled(self._values(view.actor, view.now))
        alike = open_shape.sql == mine.sql and filled == list(mine.params)
        return open_shape if alike else None

    def _compile(self, view: Any, after: tuple[str, Any] | None, rows: slice) -> Compiled:
        found = view.page_rows()
        if after is not None:
            found = found.filter(**{after[0]: after[1]})
        found = found.order_by(*self._order)[rows]
        start = rows.start or 0
        reverse = self._order != self._view.paginator.get_ordering(view.request, found, view)
        return compile_page(
            found,
            view.projected_rows(),
            view.get_serializer(),
            position=self._order[0].lstrip("-"),
            patient=view.patient_path,
            size=rows.stop - start - 1,
            direction="DESC" if reverse else "ASC",
            withheld=view.withheld_of(DISCLOSED),
        )


def compile_page(
    found: QuerySet[Any, Any],
    rows: QuerySet[Any, Any],
    serializer: Any,
    *,
    position: str,
    patient: str,
    size: int,
    direction: str = "ASC",
    withheld: QuerySet[Any, Any] | None = None,
    audited: bool = True,
) -> Compiled:
    """Compile one page of `found`, printed as `serializer` prints it over `rows`.

    One row among `withheld` is enough for the reader to be told that something is withheld. The
    last parameter is the audit row as JSON, which is not among the `params`.
    """
    named = {"page_id": F("pk"), "page_position": F(position), "page_patient": F(patient)}
    try:
        page, page_params = _sql(found.annotate(**named).values_list(*named))
    except EmptyResultSet:
        page, page_params = _NO_PAGE, ()
    columns = Projection(serializer, rows).columns
    aliases = {f"column_{number}": value for number, value in enumerate(columns.values())}
    every = rows.all()
    every.query.clear_where()
    every = every.filter(pk=RawSQL("shown.id", ())).annotate(**aliases)
    row, row_params = _sql(every.order_by().values_list(*aliases))
    told, told_params = "false", ()
    if withheld is not None:
        told, told_params = _sql(withheld.order_by().values_list("pk"))
        told = f"EXISTS ({told})"
    sql = FINISH.format(
        page=page,
        row=row,
        size=size,
        direction=direction,
        names=", ".join(f'"{name}"' for name in columns),
        audited=f", audited AS ({AUDIT})" if audited else "",
        withheld=told,
    )
    # the audit row stands between the page and its rows, whatever number it has
    return _numbered(sql, page_params, (*row_params, *told_params), audited=audited)


def run(organization_id: UUID, sql: str, params: list[Any]) -> tuple[bytes, list[str], bool]:
    """Choose the organization and run the statement, in one round trip and one transaction.

    Returns the rows' JSON, the positions of the rows and of the one after them, and whether
    something is withheld.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    raw.prepare_threshold = 2
    with transaction.mark_for_rollback_on_error(), connection.wrap_database_errors:
        cursor = psycopg.RawCursor(raw)
        with raw.pipeline():
            psycopg.RawCursor(raw).execute(CHOOSE, [str(organization_id)], prepare=True)
            cursor.execute(sql, params, prepare=True)
        found: Any = cursor.pgresult
        cursor.close()
    if connection.queries_logged:
        connection.queries_log.append({"sql": sql, "time": ""})
    # as the server sent them: UTF-8, and never made into a string and back
    printed, positions, is_withheld = (found.get_value(0, column) for column in range(3))
    return printed, json.loads(positions), is_withheld == b"t"


def stand_in_for(actor: Actor) -> Actor:
    """Return somebody of the same kind whose ids are nobody's."""
    roles = tuple(
        PractitionerRole(
            id=stand_in,
            organization_id=_ORGANIZATION,
            practitioner_id=person,
            discipline=role.discipline,
        )
        for role, (stand_in, person) in zip(
            actor.practitioner_roles, _stand_in_ids(actor), strict=True
        )
    )
    user = _USER if actor.user_id else None
    return replace(actor, organization_id=_ORGANIZATION, user_id=user, practitioner_roles=roles)


def _stand_in_ids(actor: Actor) -> Iterator[tuple[UUID, UUID]]:
    """Return, for each role of an actor, the ids that stand for it and for its practitioner."""
    people: dict[Any, UUID] = {}
    for number, role in enumerate(actor.practitioner_roles):
        new = UUID(int=_USER.int ^ (len(people) + 1))
        person = people.setdefault(role.practitioner_id, new)
        yield UUID(int=_ORGANIZATION.int ^ (number + 1)), person


def _kind_of(actor: Actor) -> tuple[Any, ...]:
    rest = tuple(getattr(actor, name) for name in _REST)
    people: list[Any] = []
    disciplines = []
    for role in actor.practitioner_roles:
        if role.practitioner_id not in people:
            people.append(role.practitioner_id)
        disciplines.append((people.index(role.practitioner_id), role.discipline))
    return (rest, actor.user_id is None, tuple(disciplines))


def _stand_in_position(value: Any) -> Any:
    return _POSITION if isinstance(value, UUID) else _TEXT_POSITION


def _sql(rows: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    return str(sql), tuple(params)


def _numbered(sql: str, page: tuple[Any, ...], row: tuple[Any, ...], *, audited: bool) -> Compiled:
    """Number the holes; an id or a moment that occurs again keeps its number."""
    audit = object()
    given = iter([*page, *([audit] if audited else []), *row])
    params: list[Any] = []
    numbers: dict[Any, int] = {}
    last: list[int] = []

    def number(hole: re.Match[str]) -> str:
        if hole[1] == "%":
            return "%"
        value = next(given)
        if value is audit:
            return "${audit}"
        if isinstance(value, UUID | datetime):
            if value not in numbers:
                params.append(value)
                numbers[value] = len(params)
            return f"${numbers[value]}"
        params.append(value)
        last.append(len(params))
        return f"${len(params)}"

    text = _HOLE.sub(number, sql).replace("${audit}", f"${len(params) + 1}")
    return Compiled(text, tuple(params))
