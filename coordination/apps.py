from django.apps import AppConfig


class CoordinationConfig(AppConfig):
    """People, places and trust."""

    name = "coordination"
