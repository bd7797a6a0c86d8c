from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Who will do it."""

    name = "referrals"

    def ready(self) -> None:
        """Register the kinds of message that this app sends."""
        from referrals.reminders import register_kinds

        register_kinds()
