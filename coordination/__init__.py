"""People, places and trust: the project package and the lowest app."""

from coordination.celery import app as celery_app

__all__ = ["celery_app"]
