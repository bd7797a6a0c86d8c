"""An activity among those of its stage, asked what it waits for on a day in Toronto."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from care_plans.clinic_days import ClinicDays
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.timing import Related
from care_plans.evidence import Facts, LaneFact, Outcome, StayFact
from care_plans.timing import Clock, Planned, Timing
from tests.care_plans import imagined

DAY = timedelta(days=1)
#: a Monday, an hour after the stage began
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TORONTO = ClinicDays(UUID(int=9), "America/Toronto", "CA-ON")
FIRST, SECOND = "acute-diagnose", "acute-isometric"
MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


def facts(**known: Any) -> Facts:
    lanes = {
        name: LaneFact(uuid4(), needed)
        for name, needed in {
            "physiotherapy": True,
            "massage_therapy": True,
            "chiropractic": False,
            "psychotherapy": None,
        }.items()
    }
    began = NOW - timedelta(hours=1)
    stay = StayFact(UUID(int=2), "acute", began)
    return imagined.facts(**{"lanes": lanes, "stay": stay, **known})


def related(relationship: str, to: str = FIRST, **more: Any) -> Related:
    return Related.model_validate(
        {"activity": to, "relationship": relationship, "source": "expert_consensus", **more}
    )


def ask(
    definition: PathwayDefinition,
    key: str,
    *,
    now: datetime = NOW,
    known: Facts | None = None,
    days: ClinicDays = TORONTO,
    **rows: Planned,
) -> Timing:
    planned = {
        one.id: Planned(uuid4(), "not_started")
        for lane in definition.stages["acute"].lanes.values()
        for one in lane.activities
        if one.id.startswith("acute") and lane.needed == "always"
    }
    planned |= {name.replace("_", "-"): row for name, row in rows.items()}
    clock = Clock(definition, "acute", known or facts(), planned, now)
    return clock.timing(key, days)


def begun(at: datetime = NOW) -> Planned:
    return Planned(uuid4(), "in_progress", at)


def done(at: datetime = NOW, status: str = "completed") -> Planned:
    return Planned(uuid4(), status, at - DAY, at)
