"""Why somebody moved a referral: codes of our own, so that logistics never need free text."""

from collections.abc import Mapping

from django.db.models import TextChoices


class DeclineReason(TextChoices):
    """Why the one who was asked does not take it."""

    NO_CAPACITY = "no_capacity"
    OUTSIDE_SCOPE = "outside_scope"
    OTHER_DISCIPLINE = "other_discipline", "Another discipline should see this person"
    NEEDS_INFORMATION = "needs_information"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    PATIENT_DECLINED = "patient_declined"


class RequeueReason(TextChoices):
    """Why the work is taken from its owner and waits in the queue again."""

    NO_ANSWER = "no_answer"
    ABSENT = "absent"
    REGISTRATION_LAPSED = "registration_lapsed"
    NO_CAPACITY = "no_capacity"
    PATIENT_REQUEST = "patient_request"
    ASSIGNED_IN_ERROR = "assigned_in_error"


class ChoiceReason(TextChoices):
    """Why somebody else than the first of the ranking is asked."""

    PATIENT_PREFERENCE = "patient_preference"
    LANGUAGE = "language"
    EXPERTISE = "expertise"
    CONTINUITY = "continuity"
    AVAILABILITY = "availability"
    AGREED_WITH_ASSIGNEE = "agreed_with_assignee"


class HoldReason(TextChoices):
    """Why the request rests."""

    AWAITING_INFORMATION = "awaiting_information"
    PATIENT_REQUEST = "patient_request"
    COURSE_PAUSED = "course_paused"


class RevokeReason(TextChoices):
    """Why the request is withdrawn."""

    NO_LONGER_NEEDED = "no_longer_needed"
    ENTERED_IN_ERROR = "entered_in_error"
    PATIENT_DECLINED = "patient_declined"
    REPLACED = "replaced"
    COURSE_CLOSED = "course_closed"
    DECEASED = "deceased"


REASONS: Mapping[str, type[TextChoices]] = {
    "assign": ChoiceReason,
    "decline": DeclineReason,
    "hold": HoldReason,
    "requeue": RequeueReason,
    "revoke": RevokeReason,
}
