"""How referrals are looked for."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from coordination.api.records import OfPatientFilter
from coordination.models import Discipline, WorkItem
from referrals.models import Referral

Rows = QuerySet[Referral, Referral]


class ReferralFilter(filters.FilterSet):
    """Filters of the list; several together narrow it."""

    status = filters.ChoiceFilter(choices=Referral.Status.choices)
    work_status = filters.ChoiceFilter(
        field_name="work_item__status", choices=WorkItem.Status.choices
    )
    discipline = filters.ChoiceFilter(choices=Discipline.choices)
    priority = filters.ChoiceFilter(choices=Referral.Priority.choices)
    patient = OfPatientFilter(field_name="patient_id")
    location = filters.UUIDFilter(field_name="location_id")
    requested_by = filters.UUIDFilter(field_name="requested_by_id")
    assignee = filters.UUIDFilter(field_name="work_item__owner_id")
    mine = filters.BooleanFilter(method="by_mine", label="Asked for by you, or assigned to you.")
    waiting = filters.BooleanFilter(
        method="by_waiting", label="Nobody is assigned yet: it is in the schedulers' queue."
    )
    to_acknowledge = filters.BooleanFilter(
        method="by_to_acknowledge", label="The report is there and waits for its acknowledgement."
    )

    class Meta:
        model = Referral
        fields: list[str] = []

    def by_mine(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what the asker is a party to."""
        request: Any = self.request
        mine = request.auth.practitioner_role_ids
        party = Q(requested_by_id__in=mine) | Q(
            work_item__isnull=False, work_item__owner__isnull=False, work_item__owner_id__in=mine
        )
        return rows.filter(party) if value else rows.exclude(party)

    def by_waiting(self, rows: Any, name: str, value: bool) -> Rows:
        """Keep (or leave out) what waits for a scheduler."""
        waiting: Rows = rows.waiting()
        return waiting if value else rows.exclude(pk__in=waiting.values("pk"))

    def by_to_acknowledge(self, rows: Rows, name: str, value: bool) -> Rows:
        """Keep (or leave out) what is reported and not acknowledged."""
        reported = Q(status=Referral.Status.ACTIVE, work_item__status=WorkItem.Status.COMPLETED)
        return rows.filter(reported) if value else rows.exclude(reported)
