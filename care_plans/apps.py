from django.apps import AppConfig


class CarePlansConfig(AppConfig):
    """What should happen."""

    name = "care_plans"

    def ready(self) -> None:
        """Tell the outbox what this app may say."""
        from care_plans import hand_off_reminders, reminders

        reminders.register_kinds()
        hand_off_reminders.register_kinds()
