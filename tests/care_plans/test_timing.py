"""What an activity waits for, reckoned from rows and facts alone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.timing import HOLDS, WAITS_FOR
from care_plans.evidence import Outcome
from care_plans.timing import Clock, Planned
from tests.care_plans import imagined
from tests.care_plans.clocked import (
    DAY,
    FIRST,
    MET,
    NOT_MET,
    NOW,
    SECOND,
    TORONTO,
    UNKNOWN,
    ask,
    begun,
    done,
    facts,
    related,
)
from tests.care_plans.drafts import changed


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
