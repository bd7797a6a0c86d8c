"""Whatever rows are imagined, PostgreSQL prints each list as its serializer prints it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import models, transaction
from django.db.models import F, Value
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from coordination import moments
from coordination.actors import Role
from coordination.api import finishing, projection
from coordination.api.projection import JsonRow, Projection
from coordination.models import Discipline, Membership, Patient
from tests.cast import LONG_AGO, Cast
from tests.coordination.imagined_lists import DAYS, LISTS, MOMENTS, TEXT, maybe, write
from tests.coordination.test_projection import HOT, both

_QUICK: dict[str, Any] = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.generate],  # the first example that differs says enough
    "suppress_health_check": list(HealthCheck),
}


def differ(cast: Cast, examples: int, **chosen: Any) -> None:
    """Compare both shapes of every list, for every kind of reader, over imagined rows."""
    readers = [cast.asha, cast.ben, cast.sam]  # a circle; both hats; the directory
    assert all(who.client for who in readers)  # with tokens that no example takes back

    @settings(max_examples=examples, **chosen, **_QUICK)
    @given(imagined=LISTS)
    def alike(imagined: list[dict[str, Any]]) -> None:
        with transaction.atomic():
            with cast.acting():
                write(cast, imagined)
            for who in readers:
                for address in HOT:
                    if who is not cast.asha or not address.endswith("queue"):
                        both(who, address)
            transaction.set_rollback(True)

    alike()


@pytest.fixture
def readers(cast: Cast) -> Cast:
    """Let Ben treat and schedule."""
    with cast.acting():
        Membership.objects.create(
            organization=cast.riverside, user=cast.ben.user, role=Role.SCHEDULER, since=LONG_AGO
        )
    return cast


def test_it_prints_imagined_rows_as_the_serializer_does(readers: Cast) -> None:
    differ(readers, 8)


def _unzoned(patched: pytest.MonkeyPatch) -> None:
    template = moments.AsText.template.replace(" AT TIME ZONE 'UTC'", "")
    patched.setattr(moments.AsText, "template", f"({template} || '')".replace("Z", "+00:00"))


def _unguarded(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(projection, "Case", lambda when, output_field: when.result)


def _disordered(patched: pytest.MonkeyPatch) -> None:
    children = projection._children
    patched.setattr(projection, "_children", lambda rows, path: children(rows, path).reverse())


def _childless(patched: pytest.MonkeyPatch) -> None:
    template = projection.JsonRows.template.replace("'[]'::json", "NULL")
    patched.setattr(projection.JsonRows, "template", template)


@pytest.mark.parametrize("plant", [_unzoned, _unguarded, _disordered, _childless])
def test_a_planted_difference_is_found(
    readers: Cast, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    monkeypatch.setattr(finishing, "SHAPES", finishing.Shapes())
    plant(monkeypatch)
    # the same imaginings each time, so that what is planted is found each time
    with pytest.raises(AssertionError, match=r"^/api/v1/"):  # and no refusal of another kind
        differ(readers, 12, derandomize=True)


class OddSerializer(serializers.ModelSerializer[Patient]):
    """One field of every kind that a projection writes."""

    text = serializers.CharField(allow_null=True)
    choice = serializers.ChoiceField(Discipline.choices, allow_null=True)
    flag = serializers.BooleanField(allow_null=True)
    number = serializers.IntegerField(allow_null=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    moment = serializers.DateTimeField(allow_null=True)
    day = serializers.DateField(allow_null=True)

    class Meta:
        model = Patient
        fields = ["id", "text", "choice", "flag", "number", "amount", "moment", "day"]


KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (models.TextField(), TEXT),
    "choice": (models.CharField(), st.sampled_from(["", *Discipline.values])),
    "flag": (models.BooleanField(), st.booleans()),
    "number": (models.IntegerField(), st.integers(-(2**31), 2**31 - 1)),
    "amount": (
        models.DecimalField(max_digits=20, decimal_places=4),
        st.decimals(-(10**15), 10**15, places=4, allow_nan=False) | st.just(Decimal("-0.0000")),
    ),
    "moment": (models.DateTimeField(), MOMENTS),
    "day": (models.DateField(), DAYS),
}


@settings(max_examples=60, **_QUICK)
@given(values=st.fixed_dictionaries({name: maybe(kind[1]) for name, kind in KINDS.items()}))
def test_each_kind_of_field_is_printed_as_it_prints_itself(
    cast: Cast, values: dict[str, Any]
) -> None:
    given_values = {name: Value(value, KINDS[name][0]) for name, value in values.items()}
    with cast.acting():
        rows = Patient.objects.filter(pk=cast.patient.pk).annotate(**given_values)
        row = rows.get()
        columns = Projection(OddSerializer(), rows).columns
        written = Patient.objects.filter(pk=cast.patient.pk).values_list(
            JsonRow(rows, columns), F("pk")
        )
        [(found, _)] = written
    printed = OddSerializer(row).data
    assert found == {**printed, "id": str(printed["id"])}
