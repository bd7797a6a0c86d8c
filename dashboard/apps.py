from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The clinic's own screens."""

    name = "dashboard"
