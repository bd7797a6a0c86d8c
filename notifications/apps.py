from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Messages to people and systems."""

    name = "notifications"
