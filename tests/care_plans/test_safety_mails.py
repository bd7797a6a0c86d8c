"""What the mails about a safety alert say, where they lead, and who comes on call meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from care_plans import safety_alerts
from coordination.models import AccessGrant
from notifications import delivery
from notifications.models import Message
from tests.care_plans.calling import DAY, QUARTER, URL, alerts, answer, called, put_on_call
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")

RAISED = "Since: Monday 23 November 2026, 10:00 (EST)"
MINUTE = timedelta(minutes=1)
SECRETS = ("phq", "suicid", "depress", "9-8-8", "item 9")


def sent(cast: Cast, at: Any) -> list[Any]:
    """Let the mails go out that are due, and return those to Asha."""
    mail.outbox.clear()
    delivery.deliver_due("email", clock=lambda: at)
    return [letter for letter in mail.outbox if letter.to == [cast.asha.user.email]]


@pytest.mark.feature("OM-07", "DP-02")
def test_a_repetition_says_that_it_is_one_and_since_when_nobody_acts(cast: Cast) -> None:
    answer(cast, item_9=1)
    [first] = sent(cast, NOW)
    assert first.subject.endswith("A safety alert needs somebody now")
    assert RAISED in first.body
    assert "before" not in first.body
    for rung, before in ((1, "once"), (2, "2 times")):
        at = NOW + rung * QUARTER
        safety_alerts.escalate(now=at)
        [letter] = sent(cast, at)
        assert letter.subject.endswith("Nobody acts on a safety alert yet")
        assert "Nobody acts on a safety alert that stands since the time below" in letter.body
        assert f"It has been said {before} before." in letter.body
        assert RAISED in letter.body


@pytest.mark.feature("OM-07")
def test_it_says_that_whoever_had_taken_it_up_is_gone(cast: Cast) -> None:
    put_on_call(cast, cast.ben)
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    with cast.acting():
        safety_alerts.acknowledge(alert.pk, actor=cast.ben.actor(), now=NOW)
        ben = cast.ben.practitioner_role
        type(ben).objects.filter(pk=ben.pk).update(registered_until=NOW.date())
    later = NOW + 2 * DAY
    safety_alerts.escalate(now=later)
    [letter] = sent(cast, later)
    assert letter.subject.endswith("A safety alert is open again")
    assert "cannot act on it any more" in letter.body
    assert RAISED in letter.body


@pytest.mark.feature("OM-07")
def test_two_alerts_of_one_sheet_say_which_of_the_two_each_is(cast: Cast) -> None:
    answer(cast, item_9=1, total=25)
    letters = sent(cast, NOW)
    assert len(letters) == 2
    for alert, number in zip(alerts(cast), (1, 2), strict=True):
        [own] = [one for one in letters if f"/safety-alerts/{alert.pk}" in one.body]
        assert f"This is alert {number} of 2 that were raised together" in own.body
        assert "each for another reason" in own.body
    for secret in SECRETS:
        assert secret not in " ".join(f"{one.subject} {one.body}" for one in letters).lower()


@pytest.mark.feature("OM-07")
def test_its_mail_leads_to_a_page_that_says_what_to_do_now(cast: Cast, client: Client) -> None:
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    [letter] = sent(cast, NOW)
    assert f"/safety-alerts/{alert.pk}\n" in letter.body
    for language, words in (("en", "reach the person yourself"), ("fr-CA", "joignez la personne")):
        asked: Any = {"headers": {"Accept-Language": language}}
        page = client.get(f"/safety-alerts/{alert.pk}", **asked)
        text = page.content.decode()
        assert words in text
        assert f"POST {URL}/{alert.pk}/acknowledge" in text
        for word in ("9-1-1", "9-8-8"):
            assert word in text
        # alike for one that does not exist
        other = client.get(f"/safety-alerts/{cast.patient.id}", **asked)
        assert other.content.decode() == text.replace(str(alert.pk), str(cast.patient.id))


# Whoever comes on call while it is open


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("rungs", [0, 1])
def test_who_comes_on_call_hears_of_it_at_the_next_sweep(cast: Cast, rungs: int) -> None:
    put_on_call(cast, cast.farah)
    answer(cast, item_9=1)
    at = NOW + rungs * QUARTER
    safety_alerts.escalate(now=at)
    put_on_call(cast, cast.gus, since=at + MINUTE)
    assert safety_alerts.escalate(now=at + MINUTE - timedelta(seconds=1)) == 0
    before = called(cast, rungs)
    assert safety_alerts.escalate(now=at + MINUTE) == 1
    assert called(cast, rungs) - before == {cast.gus.practitioner_role.id}
    assert safety_alerts.escalate(now=at + 2 * MINUTE) == 0
    [alert] = alerts(cast)
    assert (alert.rung, alert.escalates_at) == (rungs, at + QUARTER)
    with cast.acting():
        said = Message.objects.filter(to_practitioner_role=cast.gus.practitioner_role)
        assert set(said.values_list("kind", flat=True)) == {
            "safety.alert-again" if rungs else "safety.alert"
        }
    with time_machine.travel(at + MINUTE, tick=False):
        assert cast.gus.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == 200


def test_who_comes_on_call_hears_nothing_of_what_somebody_has_in_hand(cast: Cast) -> None:
    answer(cast, item_9=1)
    [alert] = alerts(cast)
    assert cast.asha.client.post(f"{URL}/{alert.pk}/acknowledge").status_code == 200
    put_on_call(cast, cast.gus)
    assert safety_alerts.escalate(now=NOW + MINUTE) == 0
    with cast.acting():
        gus = cast.gus.practitioner_role
        assert not AccessGrant.objects.filter(practitioner_role=gus, basis="safety").exists()


def test_who_may_not_practise_is_not_looked_for_at_each_sweep(cast: Cast) -> None:
    put_on_call(cast, cast.gus)
    with cast.acting():
        gus = cast.gus.practitioner_role
        type(gus).objects.filter(pk=gus.pk).update(registered_until=NOW.date() - DAY)
    answer(cast, item_9=1)
    assert safety_alerts.escalate(now=NOW + MINUTE) == 0
