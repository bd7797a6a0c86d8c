"""What an activity waits for, reckoned from rows and facts alone."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from care_plans.clinic_days import ClinicDays, clinic_days
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import Duration
from care_plans.content.timing import HOLDS, WAITS_FOR, Related
from care_plans.evidence import Facts, LaneFact, Outcome, StayFact
from care_plans.timing import Clock, Planned, Timing
from coordination.models import Location
from coordination.organizations import is_holiday_calendar
from tests.care_plans import drafts, imagined
from tests.care_plans.drafts import changed

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


@pytest.mark.feature("PW-03", "CP-16")
@pytest.mark.parametrize("relationship", sorted(WAITS_FOR))
def test_it_waits_for_the_moment_that_the_relation_names(relationship: Any) -> None:
    definition = changed(imagined.hamstring(), SECOND, related=(related(relationship),))
    edge = WAITS_FOR[relationship]
    assert ask(definition, SECOND).outcome is NOT_MET
    while_it_goes_on = ask(definition, SECOND, acute_diagnose=begun())
    assert while_it_goes_on.outcome is (MET if edge == "start" else NOT_MET)
    over = ask(definition, SECOND, acute_diagnose=done())
    # what belongs beside another activity comes too late when that is over
    assert over.outcome is (NOT_MET if relationship == "concurrent" else MET)
    assert ask(definition, FIRST).outcome is MET


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize("relationship", sorted(HOLDS))
def test_it_holds_the_other_one_until_it_has_ended(relationship: Any) -> None:
    definition = changed(imagined.hamstring(), SECOND, related=(related(relationship),))
    assert ask(definition, SECOND).outcome is MET
    held, free = ask(definition, FIRST), ask(definition, FIRST, acute_isometric=done())
    if HOLDS[relationship] == "start":
        assert (held.outcome, free.outcome) == (NOT_MET, MET)
        assert held.finish == ()
    else:
        assert (held.outcome, free.outcome) == (MET, MET)
        assert [one.outcome for one in (*held.finish, *free.finish)] == [NOT_MET, MET]


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize(
    ("offset", "days", "first_day"),
    [
        ((0, "days"), "calendar", date(2026, 12, 23)),
        ((3, "days"), "calendar", date(2026, 12, 26)),
        ((1, "weeks"), "calendar", date(2026, 12, 30)),
        ((1, "months"), "calendar", date(2027, 1, 22)),
        # Christmas, Boxing Day on a Saturday and its observance on Monday, New Year's Day
        ((1, "days"), "business", date(2026, 12, 24)),
        ((2, "days"), "business", date(2026, 12, 29)),
        ((1, "weeks"), "business", date(2027, 1, 4)),
    ],
)
def test_it_counts_the_days_of_the_clinic(
    offset: tuple[int, str], days: str, first_day: date
) -> None:
    value, unit = offset
    relation = related("after-end", offset={"value": value, "unit": unit}, days=days)
    definition = changed(imagined.hamstring(), SECOND, related=(relation,))
    over = done(datetime(2026, 12, 23, 20, 0, tzinfo=UTC))
    found = ask(definition, SECOND, now=over.ended_at or NOW, acute_diagnose=over)
    assert found.due_from is not None
    assert TORONTO.day(found.due_from) == first_day
    assert found.since == found.due_from
    if value:
        assert found.due_from.astimezone(UTC).hour == 5  # midnight in Toronto
        early = ask(
            definition, SECOND, now=found.due_from - timedelta(seconds=1), acute_diagnose=over
        )
        assert early.outcome is NOT_MET
        assert str(first_day) in early.waits_for[0].sentence
    assert ask(definition, SECOND, now=found.due_from, acute_diagnose=over).outcome is MET


@pytest.mark.feature("PW-03")
def test_it_says_until_when_to_begin(draft: PathwayDefinition) -> None:
    # a Friday evening in Toronto, already Saturday in UTC
    over = done(datetime(2026, 11, 28, 1, 0, tzinfo=UTC))
    found = ask(draft, SECOND, acute_diagnose=over)
    assert found.due_from == datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    assert found.due_until == datetime(2026, 12, 5, 5, 0, tzinfo=UTC)  # all of Friday


@pytest.mark.feature("PW-03")
def test_without_a_named_calendar_only_weekends_are_passed_over() -> None:
    nowhere = clinic_days(None)
    christmas = datetime(2026, 12, 24, 20, 0, tzinfo=UTC)
    one = Duration.model_validate({"value": 1, "unit": "days"})
    assert nowhere.day(nowhere.after(christmas, one, "business")) == date(2026, 12, 25)
    assert nowhere.told() == {"location": None, "time_zone": "UTC", "holidays": None}
    # a calendar that the library has lost is none, and is shown as none
    lost = Location(time_zone="America/Toronto", holiday_calendar="CA-XX")
    assert clinic_days(lost).holidays == ""
    assert [is_holiday_calendar(one) for one in ("CA-ON", "CA", "CA-XX", "XX", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_days_are_days_when_the_clocks_change() -> None:
    spring = datetime(2027, 3, 13, 17, 0, tzinfo=UTC)
    two = Duration.model_validate({"value": 2, "unit": "days"})
    assert TORONTO.after(spring, two, "calendar") == datetime(2027, 3, 15, 4, 0, tzinfo=UTC)


@settings(deadline=None)
@given(
    days=st.integers(0, 5000),
    count=st.integers(0, 400),
    more=st.integers(1, 30),
    business=st.booleans(),
)
def test_a_longer_wait_never_ends_earlier(days: int, count: int, more: int, business: bool) -> None:
    at = NOW + days * DAY
    kind: Any = "business" if business else "calendar"
    lengths = [Duration.model_validate({"value": n, "unit": "days"}) for n in (count, count + more)]
    first, second = [TORONTO.after(at, length, kind) for length in lengths]
    assert at <= first <= second
    assert count == 0 or first < second  # no days at all wait for a business day too
    if business:
        assert TORONTO.is_business_day(TORONTO.day(second))


@pytest.mark.feature("CP-16", "PW-03")
@pytest.mark.parametrize(
    ("row", "counts", "outcome", "words"),
    [
        (Planned(uuid4(), "completed"), "completed", UNKNOWN, "is not known"),
        (Planned(uuid4(), "stopped", NOW, NOW), "completed", NOT_MET, "stopped, and not completed"),
        (Planned(uuid4(), "stopped", NOW, NOW), "ended", MET, "was stopped"),
        (Planned(uuid4(), "stopped", None, NOW), "ended", MET, "was stopped"),
        (Planned(uuid4(), "on_hold", NOW), "ended", NOT_MET, "has not been completed"),
    ],
)
def test_being_stopped_releases_nothing_unless_the_pathway_says_so(
    row: Planned, counts: str, outcome: Outcome, words: str
) -> None:
    relation = related("after", counts=counts)
    definition = changed(imagined.hamstring(), SECOND, related=(relation,))
    found = ask(definition, SECOND, acute_diagnose=row)
    assert found.outcome is outcome
    assert words in found.start[0].sentence
    assert [one.id for one in found.start[0].evidence] == [row.id]


@pytest.mark.feature("PW-02", "PW-03")
@pytest.mark.parametrize(
    ("to", "outcome", "words"),
    [
        ("acute-chiropractic", MET, "its lane is not needed"),
        ("acute-coping", UNKNOWN, "is not known"),
    ],
)
def test_it_waits_for_nobody_who_is_not_there_and_for_what_is_unknown(
    to: str, outcome: Outcome, words: str
) -> None:
    definition = changed(imagined.hamstring(), SECOND, related=(related("after", to),))
    found = ask(definition, SECOND)
    assert (found.outcome, words in found.start[0].sentence) == (outcome, True)


@pytest.mark.feature("PW-02")
@pytest.mark.parametrize(
    ("said", "outcome"),
    [((), UNKNOWN), (("sleep_affected", False), UNKNOWN), (("sleep_affected", True), MET)],
)
def test_what_does_not_apply_is_not_waited_for(said: tuple[Any, ...], outcome: Outcome) -> None:
    applies = imagined.criterion(reported="sleep_affected", answer=False)
    definition = changed(imagined.hamstring(), "acute-massage", when=applies)
    definition = changed(definition, SECOND, related=(related("after", "acute-massage"),))
    known = facts(answers=(imagined.said(*said),) if said else ())
    planned = {FIRST: Planned(uuid4(), "not_started"), SECOND: Planned(uuid4(), "not_started")}
    found = Clock(definition, "acute", known, planned, NOW).timing(SECOND, TORONTO)
    assert found.outcome is outcome


@pytest.mark.feature("CP-16")
def test_in_turn_waits_for_the_nearest_one_before_it_that_counts() -> None:
    definition = changed(imagined.hamstring(), "acute-ergonomics", release="in_turn")
    found = ask(definition, "acute-ergonomics")
    assert found.waits_for[0].id == "in-turn:acute-activity-modification"
    assert ask(definition, "acute-ergonomics", acute_activity_modification=done()).outcome is MET
    optional = changed(definition, "acute-activity-modification", optional=True)
    assert ask(optional, "acute-ergonomics").waits_for[0].id == "in-turn:acute-isometric"


@pytest.mark.feature("PW-02")
@pytest.mark.parametrize(
    ("scores", "outcome"), [((), UNKNOWN), (("7",), NOT_MET), (("6",), MET), (("7", "2"), MET)]
)
def test_an_unknown_start_condition_waits(scores: tuple[str, ...], outcome: Outcome) -> None:
    start = imagined.criterion(measure="nprs", at_most=6, source="expert_consensus")
    definition = changed(imagined.hamstring(), SECOND, start_when=start)
    taken = tuple(
        imagined.score("nprs", value, days_ago=0.01 - number / 1000)
        for number, value in enumerate(scores)
    )
    found = ask(definition, SECOND, known=facts(scores=taken))
    assert found.outcome is outcome
    (trace,) = found.start
    assert (trace.outcome, trace.source) == (outcome, ("expert_consensus",))
    assert [row.id for row in trace.evidence] == [taken[-1].id] if taken else True
    assert found.since is None  # nobody can say since when it is so


@pytest.mark.feature("PW-02")
@pytest.mark.parametrize(("value", "is_over"), [(None, False), ("5", False), ("6", True)])
def test_an_unknown_stop_condition_lets_it_go_on(value: str | None, is_over: bool) -> None:
    stop = imagined.criterion(measure="pain_load_24h", above=5)
    definition = changed(imagined.hamstring(), SECOND, stop_when=stop)
    scores = (imagined.score("pain_load_24h", value, days_ago=0.01),) if value else ()
    found = ask(definition, SECOND, known=facts(scores=scores), acute_isometric=begun())
    assert found.is_over is is_over
    assert found.stop is not None
    assert (found.stop.outcome is UNKNOWN) is (value is None)
    # what would be stopped at once does not begin
    assert found.outcome is (NOT_MET if is_over else MET)


@pytest.mark.feature("PW-02")
def test_it_traces_whether_an_activity_applies() -> None:
    applies = imagined.criterion(reported="sleep_affected", answer=False)
    definition = changed(imagined.hamstring(), SECOND, when=applies)
    assert ask(definition, SECOND).applicability is not None
    assert getattr(ask(definition, SECOND).applicability, "outcome", None) is UNKNOWN


def test_several_reasons_to_wait_are_all_told(draft: PathwayDefinition) -> None:
    found = ask(draft, SECOND)
    assert [(one.kind, one.outcome) for one in found.waits_for] == [
        ("Related", NOT_MET),
        ("Compared", UNKNOWN),
    ]
    assert (found.due_from, found.due_until) == (None, None)


def test_what_the_version_does_not_have_waits_for_nothing() -> None:
    found = ask(imagined.hamstring(), "an-own-idea")
    assert (found.outcome, found.since) == (MET, NOW - timedelta(hours=1))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted({*WAITS_FOR, *HOLDS})),
            st.sampled_from([FIRST, "acute-massage", "acute-chiropractic", "acute-coping"]),
            st.integers(0, 40),
            st.sampled_from(["calendar", "business"]),
            st.sampled_from(["completed", "ended"]),
        ),
        max_size=5,
    ),
    st.sampled_from(["not_started", "in_progress", "on_hold", "completed", "stopped"]),
    st.booleans(),
)
def test_it_is_total_and_the_same_every_time(
    relations: list[tuple[str, str, int, str, str]], status: str, dated: bool
) -> None:
    timings = tuple(
        related(name, to, offset={"value": n, "unit": "days"}, days=days, counts=counts)
        for name, to, n, days, counts in relations
    )
    definition = changed(imagined.hamstring(), SECOND, related=timings)
    row = Planned(uuid4(), status, NOW if dated else None, NOW if dated else None)
    known = facts()
    found = [ask(definition, key, known=known, acute_diagnose=row) for key in (SECOND, FIRST)]
    assert all(one.outcome in Outcome for one in found)
    assert bool(found[0].waits_for) is (found[0].outcome is not MET)
    # the later, the less is waited for on account of time: nothing is forgotten either
    later = ask(definition, SECOND, now=NOW + 90 * DAY, known=known, acute_diagnose=row)
    if found[0].outcome is MET:
        assert later.outcome is MET


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"relationship": "sometime"}, "'after-end'"),
        ({"offset": {"value": 9999, "unit": "days"}}, "is longer than 3650 days"),
        ({"offset": {"value": 1, "unit": "months"}, "days": "business"}, "not in months"),
        ({"relationship": "before", "latest": {"value": 1, "unit": "days"}}, "has `latest`"),
        (
            {"offset": {"value": 2, "unit": "days"}, "latest": {"value": 1, "unit": "days"}},
            "lies before its `offset`",
        ),
        ({"source": []}, "at least 1 item"),
    ],
)
def test_a_relation_that_makes_no_sense_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        Related.model_validate(
            {
                "activity": FIRST,
                "relationship": "after",
                "source": "expert_consensus",
                **asked,
            }
        )


@pytest.mark.feature("PW-03")
def test_it_names_file_and_line_of_what_leads_nowhere_or_in_a_circle(tmp_path: Path) -> None:
    def after(name: str, *others: str) -> tuple[str, str]:
        at = f"          - id: {name}\n"
        said = ", ".join(
            f"{{activity: {other}, relationship: after, source: expert_consensus}}"
            for other in others
        )
        return at, f"{at}            related: [{said}]\n"

    first = "          - id: acute-coping\n"
    flaws = drafts.flaws_of(
        drafts.draft(
            tmp_path,
            after("acute-diagnose", "acute-massage"),
            after("acute-isometric", "acute-diagnose", "acute-isometric", "subacute-eccentric"),
            after("acute-massage", "acute-isometric"),
            (first, f"{first}            release: in_turn\n"),
        )
    )
    at = "hamstring-tendinopathy/1.0.0.yaml:"
    assert all(flaw.startswith(at) for flaw in flaws)
    for words in (
        "activities[1].related[1].activity: is the activity itself",
        'activities[1].related[2].activity: "subacute-eccentric" is no activity of this stage',
        "psychotherapy.activities[0].release: waits its turn",
        "wait for one another: acute-diagnose, acute-isometric, acute-massage",
    ):
        assert sum(words in flaw for flaw in flaws) == 1, flaws
    assert len(flaws) == 4
