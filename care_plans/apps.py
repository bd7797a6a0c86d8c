from django.apps import AppConfig
from django.conf import settings


class CarePlansConfig(AppConfig):
    """What should happen."""

    name = "care_plans"

    def ready(self) -> None:
        """Tell the outbox what this app may say, and patients what they may ask about."""
        from care_plans import (
            flag_reminders,
            hand_off_reminders,
            recommending,
            record_kinds,
            reminders,
            safety_reminders,
        )
        from care_plans.content import translating

        translating.read_more(settings.CONTENT_TRANSLATIONS)
        reminders.register_kinds()
        hand_off_reminders.register_kinds()
        flag_reminders.register_kinds()
        recommending.register_kinds()
        safety_reminders.register_kinds()
        record_kinds.register_kinds()
