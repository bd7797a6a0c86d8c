from django.apps import AppConfig


class CarePlansConfig(AppConfig):
    """What should happen."""

    name = "care_plans"
