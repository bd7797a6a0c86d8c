"""Every goal of a pathway becomes a goal of the course, with its target and its measures."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans import goals
from care_plans.content.sourced import STAGES
from care_plans.criteria import leaves
from care_plans.models import Course, Goal, Pathway, PathwayVersion
from coordination.models import AuditEvent
from coordination.problems import NotAllowed
from tests.care_plans import underway
from tests.cast import NOW, Cast

LATER = NOW + timedelta(days=30)
pytestmark = pytest.mark.feature("PW-04")


def of(course: Course, **sought: Any) -> Any:
    return Goal.objects.filter(course=course, **sought)


def test_every_shipped_pathway_gives_all_its_goals_with_target_and_measures(cast: Cast) -> None:
    slugs = Pathway.objects.filter(stub__isnull=True).values_list("slug", flat=True)
    assert len(slugs) == 9
    with cast.acting():
        for slug in slugs:
            version = PathwayVersion.objects.newest(slug)
            side = "left" if version.definition.condition.side_required else ""
            course = underway.apply(cast, pathway_version_id=version.id, side=side, answers={})
            defined = {
                (stage, goal.id): goal
                for stage in STAGES
                for goal in version.definition.stage(stage).goals
            }
            made = {(goal.stage, goal.key): goal for goal in of(course)}
            assert made.keys() == defined.keys()
            assert of(course).count() == len(defined)
            for at, goal in made.items():
                target = defined[at].target
                assert goal.text == defined[at].text
                assert (goal.target is None) is (target is None)
                if target is not None:
                    assert goal.target == target.model_dump(mode="json", exclude_none=True)
                    asked = {getattr(leaf, "measure", None) for leaf in leaves(target)} - {None}
                    assert set(goal.measures) == asked
                assert goal.status == ("in_progress" if at[0] == "acute" else "planned")
            # and again: nothing is made twice
            underway.apply(cast, pathway_version_id=version.id, side=side, answers={})
            assert of(course).count() == len(defined)


def test_a_goal_of_a_later_stage_is_worked_on_once_the_stage_begins(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE)
        later = of(course, stage="subacute").first()
        with pytest.raises(NotAllowed, match="belongs to a later stage"):
            goals.move_goal(later.pk, "achieve", actor=cast.asha.actor(), now=NOW)
        total = of(course).count()
        underway.meet_acute_exit(cast, course, now=LATER)
        reached = of(course, stage="acute").first()
        goals.move_goal(reached.pk, "achieve", actor=cast.asha.actor(LATER), now=LATER)
        underway.move(cast, course, "advance", now=LATER, override=True, reason="all agreed")
        assert set(of(course, stage="subacute").values_list("status", flat=True)) == {"in_progress"}
        # stepping back works on the acute goals again: what was reached must be reached once more
        underway.move(cast, course, "regress", now=LATER, reason="flare-up")
        assert set(of(course, stage="acute").values_list("status", flat=True)) == {"in_progress"}
        said = AuditEvent.objects.filter(resource_id=reached.pk).values_list("event", flat=True)
        assert {"goal.achieve", "goal.reopen"} <= set(said)
        assert of(course).count() == total


def test_another_version_renews_what_is_planned_and_cancels_what_it_lacks(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        course = underway.start(cast)
        definition = course.pathway_version.definition
        stage = definition.stages["subacute"]
        first, *others = stage.goals
        changed = first.model_copy(update={"text": "Other words", "target": None})
        stages = {
            **definition.stages,
            "subacute": stage.model_copy(update={"goals": (changed,)}),
            "acute": definition.stages["acute"].model_copy(update={"goals": ()}),
        }
        goals.renew_planned(course, definition.model_copy(update={"stages": stages}), now=NOW)
        renewed = of(course, stage="subacute").order_by("id")
        assert [(goal.key, goal.text, goal.status) for goal in renewed] == [
            (first.id, "Other words", "planned"),
            *((goal.id, goal.text, "cancelled") for goal in others),
        ]
        assert set(of(course, stage="acute").values_list("status", flat=True)) == {"in_progress"}
        goals.renew_planned(course, definition, now=NOW)
        assert set(of(course, stage="subacute").values_list("status", flat=True)) == {"planned"}
