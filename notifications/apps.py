from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Messages to people and systems."""

    name = "notifications"

    def ready(self) -> None:
        """Register what this app says, and let the metrics say how far behind the outbox is."""
        from coordination import metrics
        from notifications import backlog, overrides

        metrics.register(backlog.gauges)
        overrides.register_kinds()
