"""What granian serves in a benchmark; BENCHMARK_SERVES says which of the variants.

ours: the project as it is. unaudited: the same without the audit row. ordinary: the same lists by
DRF's own machinery, rows fetched and printed by their serializers. floor, floor_unaudited: bare
psycopg, which runs our statement in one pipelined transaction and knows nothing else.
"""

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def _floor() -> Callable[[Environ, StartResponse], Iterable[bytes]]:
    import psycopg

    told = json.loads(Path(os.environ["BENCHMARK_FLOOR"]).read_text())
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection.prepare_threshold = 0
    choose = b"SELECT set_config('app.organization', $1, true)"
    statements = {
        path: (one["sql"].encode(), [_given(value) for value in one["params"]], one["audit"])
        for path, one in told["statements"].items()
    }
    organization = told["organization"]

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        sql, given, audit = statements[environ["PATH_INFO"]]
        now = datetime.now(UTC)
        params = [now if value is NOW else value for value in given]
        if audit is not None:
            params.append(json.dumps([audit | {"id": str(uuid4()), "recorded_at": str(now)}]))
        cursor = psycopg.RawCursor(connection)
        with connection.pipeline():
            psycopg.RawCursor(connection).execute(choose, [organization], prepare=True)
            cursor.execute(sql, params, prepare=True)
        found: Any = cursor.pgresult
        body = b'{"next":null,"previous":null,"results":' + found.get_value(0, 0) + b"}"
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    return answer


NOW = object()


def _given(value: Any) -> Any:
    kind, text = value
    if kind == "now":
        return NOW
    return UUID(text) if kind == "uuid" else text


def _below(view: Any) -> list[Any]:
    return [view, *(one for child in view.__subclasses__() for one in _below(child))]


def _ours(kind: str) -> Any:
    from coordination.wsgi import application  # first: it sets Django up

    from coordination.api import finishing  # isort: skip
    from coordination.api.projected import Projected  # isort: skip

    if kind == "ordinary":

        def ordinary_list(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            rows = self.paginate_queryset(self.page_rows()) or []
            self.audit_disclosure(rows, searched=True)
            return self.get_paginated_response(self.get_serializer(rows, many=True).data)

        # each class has a `list` of its own, which its description in the schema wraps
        for view in _below(Projected):
            view.projected, view.list = frozenset(), ordinary_list
    if kind == "unaudited":
        compile_page, run = finishing.compile_page, finishing.run
        finishing.compile_page = lambda *a, **k: compile_page(*a, **k, audited=False)
        finishing.run = lambda organization_id, sql, params: run(organization_id, sql, params[:-1])
    return application


_kind = os.environ["BENCHMARK_SERVES"]
application = _floor() if _kind.startswith("floor") else _ours(_kind)
