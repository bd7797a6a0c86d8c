"""Registers the test kind in a real worker, which is told to import this module."""

from notifications import kinds
from tests.notifications.said import Truth, ordinary_kind

kinds.register(ordinary_kind(Truth()))
