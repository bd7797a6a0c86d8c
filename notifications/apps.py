from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Messages to people and systems."""

    name = "notifications"

    def ready(self) -> None:
        """Let the metrics say how far behind the outbox is."""
        from coordination import metrics
        from notifications import backlog

        metrics.register(backlog.gauges)
