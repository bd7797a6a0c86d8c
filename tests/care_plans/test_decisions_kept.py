"""What held of lanes when their decisions began to be kept is not lost at the next stage."""

from importlib import import_module

import psycopg
import pytest

from care_plans.models import Lane, LaneDecision
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.cast import NOW, Cast

KEEP = import_module("care_plans.migrations.0005_decisions_and_urgencies").KEEP
_FORCE = "ALTER TABLE care_plans_lanedecision {} FORCE ROW LEVEL SECURITY"


@pytest.mark.feature("CP-08")
def test_what_holds_of_a_lane_under_way_is_kept_once(
    committed_cast: Cast, owner_connection: psycopg.Connection
) -> None:
    cast = committed_cast
    with cast.acting():
        going, over = underway.start(cast), underway.start(cast, side="right")
        underway.move(cast, over, "discharge", now=NOW, reason="ends", outcome="not_achieved")
        before = set(LaneDecision.objects.values_list("pk", flat=True))
    # the table is fenced only after it was filled
    owner_connection.execute(_FORCE.format("NO"))
    owner_connection.execute(KEEP)
    owner_connection.execute(_FORCE.format(""))
    owner_connection.commit()
    with acting_in(cast.riverside.id):
        kept = LaneDecision.objects.exclude(pk__in=before)
        lanes = Lane.objects.filter(course=going)
        assert lanes
        names = ("needed", "decided_by", "reason", "rests_on")
        assert set(kept.values_list("lane_id", flat=True)) == {lane.pk for lane in lanes}
        for lane in lanes:
            [row] = kept.filter(lane=lane)
            assert [getattr(row, one) for one in names] == [getattr(lane, one) for one in names]
            assert (row.stage, row.recorded_at) == ("acute", lane.updated_at or going.applied_at)
    # what is fenced stays so
    assert owner_connection.execute("SELECT count(*) FROM care_plans_lane").fetchone() == (0,)
