from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Who will do it."""

    name = "referrals"
