"""Two records are merged while something begins on the one that would rest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from care_plans import merging
from coordination.access import PatientMerged
from coordination.coverage import record_coverage
from coordination.models import Coverage, Patient
from referrals.requests import Request, request_referral
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast
from tests.held import MOMENT, Held


def merge(cast: Cast, review: UUID) -> Callable[[], Any]:
    return lambda: merging.decide(
        review,
        "merge",
        because="One person.",
        survivor_id=cast.patient.id,
        actor=cast.sam.actor(),
        now=NOW,
    )


def pay(cast: Cast, patient: UUID) -> Callable[[], Any]:
    fields = {"kind": "private", "payer": "Placeholder Mutual"}
    return lambda: record_coverage(patient, fields=fields, actor=cast.sam.actor(), now=NOW)


def refer(cast: Cast, patient: UUID) -> Callable[[], Any]:
    return lambda: request_referral(
        Request(discipline="massage_therapy", reason_code="pain"),
        patient_id=patient,
        requested_by_id=None,
        draft=False,
        actor=cast.ben.actor(),
        now=NOW,
    )


@pytest.mark.feature("PT-01")
def test_it_begins_nothing_on_a_record_that_is_being_merged(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        review = pair(cast, by=cast.ben)
    with ThreadPoolExecutor(2) as threads:
        merging_them = Held(threads, cast, merge(cast, review.id))
        assert merging_them.acted.wait(20)
        paying = Held(threads, cast, pay(cast, review.patient_id))
        assert not paying.acted.wait(MOMENT), "it began without waiting for the merge"
        merging_them.end()
        with pytest.raises(PatientMerged):
            paying.end()
    with cast.acting():
        assert not Coverage.objects.filter(patient_id=review.patient_id).exists()


@pytest.mark.feature("PT-01")
def test_it_merges_nothing_on_which_something_is_beginning(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        review = pair(cast, by=cast.ben)
    with ThreadPoolExecutor(2) as threads:
        referring = Held(threads, cast, refer(cast, review.patient_id))
        assert referring.acted.wait(20)
        merging_them = Held(threads, cast, merge(cast, review.id))
        assert not merging_them.acted.wait(MOMENT), "it merged without waiting for the referral"
        referring.end()
        with pytest.raises(merging.StillUnderWay):
            merging_them.end()
    with cast.acting():
        assert Patient.objects.get(pk=review.patient_id).merged_into is None
