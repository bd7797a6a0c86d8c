"""A summary is withdrawn while somebody asks about it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from care_plans.models import CareSummary
from care_plans.summaries import withdraw_summary
from coordination.corrections import receive_request
from coordination.models import RecordRequest
from coordination.problems import Invalid
from tests.care_plans import written
from tests.cast import NOW, Cast, Person
from tests.held import MOMENT, Held


def withdraw(cast: Cast, summary: CareSummary) -> Callable[[], Any]:
    return lambda: withdraw_summary(summary.id, actor=cast.farah.actor(), now=NOW)


def ask(cast: Cast, summary: CareSummary, who: Person) -> Callable[[], Any]:
    return lambda: receive_request(
        cast.patient.id,
        kind="correction",
        text="It says panic attacks, and that is wrong.",
        resource="CareSummary",
        resource_id=summary.id,
        actor=who.actor(),
        now=NOW,
    )


@pytest.fixture
def told(committed_cast: Cast) -> CareSummary:
    """Let Farah tell the team something."""
    written.join(committed_cast, committed_cast.ben, committed_cast.farah)
    return written.summary(committed_cast, committed_cast.farah)


@pytest.mark.feature("PV-10")
def test_it_closes_a_request_that_comes_in_while_its_summary_is_withdrawn(
    committed_cast: Cast, told: CareSummary
) -> None:
    cast = committed_cast
    with ThreadPoolExecutor(2) as threads:
        withdrawing = Held(threads, cast, withdraw(cast, told))
        assert withdrawing.acted.wait(20)
        asking = Held(threads, cast, ask(cast, told, cast.pia))
        assert not asking.acted.wait(MOMENT), "it was taken down before the summary was closed"
        withdrawing.end()
        assert asking.end().sensitivity == CareSummary.Sensitivity.WITHDRAWN


@pytest.mark.feature("PV-10")
def test_it_takes_no_request_about_a_summary_that_closed_to_its_writer_meanwhile(
    committed_cast: Cast, told: CareSummary
) -> None:
    cast = committed_cast
    with ThreadPoolExecutor(2) as threads:
        withdrawing = Held(threads, cast, withdraw(cast, told))
        assert withdrawing.acted.wait(20)
        asking = Held(threads, cast, ask(cast, told, cast.ben))
        assert not asking.acted.wait(MOMENT), "it was taken down before the summary was closed"
        withdrawing.end()
        with pytest.raises(Invalid):
            asking.end()
    with cast.acting():
        assert not RecordRequest.objects.exists()


@pytest.mark.feature("PV-10")
def test_it_withdraws_no_summary_past_a_request_that_is_coming_in(
    committed_cast: Cast, told: CareSummary
) -> None:
    cast = committed_cast
    with ThreadPoolExecutor(2) as threads:
        asking = Held(threads, cast, ask(cast, told, cast.ben))
        assert asking.acted.wait(20)
        withdrawing = Held(threads, cast, withdraw(cast, told))
        assert not withdrawing.acted.wait(MOMENT), "it was closed past the request"
        asking.end()
        withdrawing.end()
    with cast.acting():
        request = RecordRequest.objects.get()
    assert request.sensitivity == CareSummary.Sensitivity.WITHDRAWN
