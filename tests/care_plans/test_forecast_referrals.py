"""The played people go on from a referral of the course in whatever state it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from care_plans.models import Course
from care_plans.rehearsing import turns
from care_plans.rehearsing.playing import DAY, Player
from care_plans.rehearsing.scene import peopled, practising
from coordination.models import PractitionerRole
from referrals.lifecycle import perform
from referrals.models import Referral
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.referrals import walk

#: the moves that lead to each state; who is who in `walk`
WAYS = {
    **walk.WAYS,
    ("active", "declined"): [("sam", "assign"), ("chloe", "decline")],
    ("active", "given back"): [("sam", "assign"), ("chloe", "accept"), ("chloe", "requeue")],
}
#: where each of them ends up: what is being done stays so, what was reported is acknowledged
AFTER = {
    ("active", "in_progress"): ("active", "in_progress"),
    ("on_hold", "in_progress"): ("active", "in_progress"),
    ("active", "completed"): ("completed", "completed"),
    ("completed", "completed"): ("completed", "completed"),
    ("revoked", "cancelled"): ("revoked", "cancelled"),
}


def walked(cast: Cast, way: list[tuple[str, str]], *, now: datetime = NOW) -> Course:
    """Return a course whose massage referral went this way; the last step was within the hour."""
    course = underway.start(cast, now=now - 2 * DAY)
    referral_id = underway.lane(course, "massage_therapy").referral_id
    assert referral_id is not None
    for place, (who, action) in enumerate(way):
        at = now - timedelta(minutes=60 - place)
        given: dict[str, Any] = walk.given_with(action)
        perform(referral_id, action, actor=getattr(cast, who).actor(at), now=at, **given)
    return course


def played_on(cast: Cast, course: Course, *, now: datetime = NOW) -> Referral:
    """Let the played people take up the referrals a day later; return the massage referral."""
    role = cast.asha.practitioner_role
    scene = peopled(role.location, {role.discipline: practising(role)}, now=now)
    player = Player(scene, course.pk, practising(role), now)
    player.changed()
    player.pass_time(now + DAY)
    player.take_up_referrals()
    return underway.lane(course, "massage_therapy").referral  # type: ignore[return-value] # it has one


@pytest.mark.feature("PW-13")
@pytest.mark.parametrize("at", [pytest.param(at, id="-".join(at)) for at in WAYS])
def test_they_go_on_from(cast: Cast, at: tuple[str, str]) -> None:
    with cast.acting():
        course = walked(cast, WAYS[at])
        referral = played_on(cast, course)
        work = walk.work_of(referral)
        assert (referral.status, work.status) == AFTER.get(at, ("active", "accepted"))
        owner = underway.lane(course, "massage_therapy").practitioner_role_id
        assert owner == (None if at == ("revoked", "cancelled") else work.owner_id)


def test_they_ask_the_next_where_the_one_asked_may_not_practise_any_more(cast: Cast) -> None:
    with cast.acting():
        course = walked(cast, WAYS["active", "requested"])
        asked = cast.chloe.practitioner_role
        PractitionerRole.objects.filter(pk=asked.pk).update(registered_until=NOW.date() - 7 * DAY)
        work = walk.work_of(played_on(cast, course))
        assert work.status == "accepted"
        assert work.owner_id not in (None, asked.pk)


@pytest.mark.feature("PW-13")
def test_a_forecast_goes_on_from_a_referral_that_nobody_has_accepted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST", 3600)
    now = datetime.now(UTC)
    with cast.acting():
        course = walked(cast, WAYS["active", "requested"], now=now)
    answer = cast.asha.client.get(f"/api/v1/courses/{course.id}/forecast")
    assert (answer.status_code, answer.data.get("stopped")) == (200, ""), answer.data
    assert answer.data["ended_at"] is not None
