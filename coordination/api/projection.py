"""A serializer as SQL: PostgreSQL writes the JSON that the serializer would have printed.

`Projection` reads a serializer once, when its view is loaded, together with the queryset that the
view lists: nested rows come from its `Prefetch` objects, so that order and policy of the children
are those of the ordinary shape. A field that it cannot write, or one that the two would print
differently, is refused there and then with `Unprojectable`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet, FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.db.models import Case, F, Func, OuterRef, Prefetch, QuerySet, Subquery, TextField, When
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from coordination import moments

Rows = QuerySet[Any, Any]


class Unprojectable(ImproperlyConfigured):
    """A serializer's field that SQL cannot print as the serializer does."""


class Written(serializers.Field[Any, Any, Any, Any]):
    """A field that says itself how SQL prints it."""

    def expression(self, path: str) -> Any:
        """Return what prints the value; `path` leads to the field's source, with `__`."""
        raise NotImplementedError  # abstract: each field says it


class OnlyOne(serializers.Field[Any, Any, Any, Any]):
    """The first row of a prefetched list, or null: `child` prints it."""

    def __init__(self, child: serializers.Serializer[Any], **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **kwargs})
        self.child = child
        described: Any = extend_schema_field(child)
        described(self)
        # The stubs want a serializer as parent; `bind` takes any field, as DRF's own lists do.
        child.bind(field_name="", parent=self)  # type: ignore[arg-type] # DRF's own way

    def to_representation(self, value: Any) -> Any:
        """Print the first row, if there is one."""
        return self.child.to_representation(value[0]) if value else None


class Guarded(serializers.ModelSerializer[Any]):
    """Shows `Meta.guarded` fields only of rows whose annotation `discloses` is true, else null."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Print a row."""
        printed: dict[str, Any] = super().to_representation(instance)
        if not instance.discloses:
            printed |= dict.fromkeys(guarded_fields(self))
        return printed


def guarded_fields(serializer: serializers.BaseSerializer[Any]) -> tuple[str, ...]:
    """Return the names of the fields that a guarded serializer withholds."""
    meta = getattr(serializer, "Meta", None)
    return tuple(getattr(meta, "guarded", ())) if isinstance(serializer, Guarded) else ()


class _Json(Subquery):
    """A sub-select of rows whose columns are called as the serializer calls them."""

    nothing = ""

    def __init__(self, rows: Rows, columns: Mapping[str, Any]) -> None:
        aliases = {f"column_{number}": value for number, value in enumerate(columns.values())}
        super().__init__(
            rows.annotate(**aliases).values_list(*aliases),
            output_field=TextField(),
            names=", ".join(f'"{name}"' for name in columns),
        )

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        """Write the sub-select, or what it comes to when it cannot find a row."""
        try:
            return super().as_sql(compiler, connection, *args, **kwargs)
        except EmptyResultSet:
            return self.nothing, ()


class JsonRow(_Json):
    """One row as an object; null without one."""

    nothing = "NULL::json"
    template = "(SELECT row_to_json(_row) FROM (%(subquery)s) AS _row(%(names)s))"


class JsonRows(_Json):
    """All rows as an array."""

    nothing = "'[]'::json"
    template = (
        "(SELECT coalesce(json_agg(row_to_json(_row)), '[]'::json) "
        "FROM (%(subquery)s) AS _row(%(names)s))"
    )


class Decimal(Func):
    """A number with so many digits after the point, as text."""

    template = "round(%(expressions)s, %(places)s)::text"
    output_field = TextField()


def _plain(field: Any, path: str) -> Any:
    return F(path)


def _timestamp(field: serializers.DateTimeField, path: str) -> Any:
    if getattr(field, "format", None) not in (None, "iso-8601") or hasattr(field, "timezone"):
        raise Unprojectable("it has a format of its own")
    return moments.AsText(F(path))


def _date(field: serializers.DateField, path: str) -> Any:
    if getattr(field, "format", None) not in (None, "iso-8601"):
        raise Unprojectable("it has a format of its own")
    return F(path)


def _decimal(field: serializers.DecimalField, path: str) -> Any:
    if field.decimal_places is None or field.localize or field.normalize_output:
        raise Unprojectable("its number of places is not fixed")
    if getattr(field, "coerce_to_string", True) is False:
        raise Unprojectable("it is printed as a number")
    return Decimal(F(path), places=int(field.decimal_places))


def _list(field: serializers.ListField, path: str) -> Any:
    if not isinstance(field.child, serializers.CharField | serializers.ChoiceField):
        raise Unprojectable("its items are no plain text")
    return F(path)


_TEXT = (models.CharField, models.TextField)

#: DRF's field, what it may stand for, and what writes it; the most special first
_WRITERS: tuple[tuple[type[Any], tuple[type[Any], ...], Callable[[Any, str], Any]], ...] = (
    (serializers.UUIDField, (models.UUIDField,), _plain),
    (serializers.MultipleChoiceField, (), _plain),
    (serializers.ChoiceField, _TEXT, _plain),
    (serializers.CharField, _TEXT, _plain),
    (serializers.BooleanField, (models.BooleanField,), _plain),
    (serializers.IntegerField, (models.IntegerField,), _plain),
    (serializers.DecimalField, (models.DecimalField,), _decimal),
    (serializers.DateTimeField, (models.DateTimeField,), _timestamp),
    (serializers.DateField, (models.DateField,), _date),
    (serializers.ListField, (ArrayField,), _list),
    (serializers.PrimaryKeyRelatedField, (models.UUIDField,), _plain),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a serializer's field reads from: what lies there, and whether it may be missing."""

    path: str
    field: Any
    may_be_missing: bool


class Projection:
    """The columns of one serializer over the rows of one queryset.

    Raises `Unprojectable` when it is made.
    """

    def __init__(self, serializer: serializers.BaseSerializer[Any], rows: Rows) -> None:
        self.columns: dict[str, Any] = dict(_columns(serializer, rows))


def _columns(serializer: Any, rows: Rows) -> Iterator[tuple[str, Any]]:
    guarded = guarded_fields(serializer)
    if type(serializer).to_representation not in (
        serializers.Serializer.to_representation,
        Guarded.to_representation,
    ):
        raise Unprojectable(f"{type(serializer).__name__} prints its rows in its own way.")
    if guarded and "discloses" not in rows.query.annotations:
        raise Unprojectable(f"{type(serializer).__name__} guards fields of unguarded rows.")
    for field in serializer._readable_fields:  # noqa: SLF001 - what DRF prints has no public name
        try:
            value = _written(field, rows)
        except Unprojectable as error:
            name = f"{type(serializer).__name__}.{field.field_name}"
            raise Unprojectable(f"{name} cannot be written in SQL: {error}") from error
        if field.field_name in guarded:
            value = Case(When(discloses=True, then=value), output_field=TextField())
        yield field.field_name, value


def _written(field: Any, rows: Rows) -> Any:
    if field.source == "*":
        if not isinstance(field, serializers.Serializer):
            raise Unprojectable("it is given the whole row")
        same: Rows = QuerySet(rows.model)
        same = same.prefetch_related(*_lookups(rows))
        return JsonRow(same.filter(pk=OuterRef("pk")), dict(_columns(field, same)))
    path = field.source.replace(".", "__")
    if isinstance(field, serializers.ListSerializer):
        child = _children(rows, path)
        return JsonRows(child, dict(_columns(field.child, child)))
    if isinstance(field, OnlyOne):
        child = _children(rows, path)
        return JsonRow(child[:1], dict(_columns(field.child, child)))
    if isinstance(field, serializers.Serializer):
        one = _one(rows, path)
        return JsonRow(one, dict(_columns(field, one)))
    if isinstance(field, Written):
        return field.expression(path)
    return _value(field, rows, path)


def _value(field: Any, rows: Rows, path: str) -> Any:
    source = _source(rows, path)
    is_null = field.default is None or (field.default is empty and field.allow_null)
    if source.may_be_missing and not is_null:
        raise Unprojectable("what it reads from may be missing")
    if type(field).to_representation not in _PRINTING:
        raise Unprojectable(f"a {type(field).__name__} prints in its own way")
    for printed, stored, write in _WRITERS:
        if isinstance(field, printed):
            if isinstance(source.field, stored):
                return write(field, source.path)
            break
    raise Unprojectable(f"a {type(field).__name__} over a {type(source.field).__name__}")


#: what the writers imitate; a field that prints otherwise is none of theirs
_PRINTING = {
    printed.to_representation for printed, _, _ in _WRITERS if printed is not serializers.CharField
} | {serializers.CharField.to_representation}


def _source(rows: Rows, path: str) -> Source:
    if (annotation := rows.query.annotations.get(path)) is not None:
        return Source(path, annotation.output_field, False)
    model, missing = rows.model, False
    *steps, last = path.split("__")
    for step in steps:
        field = _field(model, step)
        if not field.is_relation or field.many_to_many or field.one_to_many:
            raise Unprojectable(f"`{step}` leads to no one row")
        missing = missing or field.null
        model = field.related_model
    field = _field(model, last)
    if isinstance(field, models.ForeignKey):
        return Source("__".join([*steps, field.attname]), field.target_field, missing)
    if field.is_relation:
        raise Unprojectable(f"`{last}` is a relation")
    return Source(path, field, missing)


def _field(model: Any, name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise Unprojectable(f"{model.__name__} has no column `{name}`") from error


def _lookups(rows: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = rows._prefetch_related_lookups  # noqa: SLF001 - told nowhere else
    return found


def _prefetches(rows: Rows, path: str) -> Iterator[Any]:
    for lookup in _lookups(rows):
        if isinstance(lookup, Prefetch) and lookup.prefetch_to == path:
            yield lookup


def _children(rows: Rows, path: str) -> Rows:
    """Return the rows that the queryset prefetches at `path`, each list in its own order."""
    for lookup in _prefetches(rows, path):
        *steps, last = lookup.prefetch_through.split("__")
        relation = _follow(rows.model, steps)._meta.get_field(last)
        child = lookup.queryset
        if child is None or not child.query.order_by:
            raise Unprojectable("its rows come in no order")
        if not relation.one_to_many:
            raise Unprojectable("it is no list of rows that name their owner")
        outer = "__".join(steps) or "pk"
        found: Rows = child.filter(**{relation.field.name: OuterRef(outer)})
        return found
    raise Unprojectable("the queryset does not prefetch it")


def _one(rows: Rows, path: str) -> Rows:
    """Return the one row that a foreign key leads to, as far as a prefetch allows it."""
    for lookup in _prefetches(rows, path):
        if lookup.queryset is not None:
            found: Rows = lookup.queryset.filter(pk=OuterRef(lookup.prefetch_through))
            return found
    *steps, last = path.split("__")
    field = _field(_follow(rows.model, steps), last)
    if not isinstance(field, models.ForeignKey):
        raise Unprojectable("it leads to no one row")
    related: Rows = QuerySet(field.related_model)
    return related.filter(pk=OuterRef(path))


def _follow(model: Any, steps: list[str]) -> Any:
    for step in steps:
        model = _field(model, step).related_model
    return model
