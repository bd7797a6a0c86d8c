"""The ways out, by name."""

from collections.abc import Mapping

from notifications.channels.contract import Delivers
from notifications.channels.email import Email
from notifications.channels.in_app import InApp
from notifications.models import Channel

CHANNELS: Mapping[str, Delivers] = {Channel.EMAIL: Email(), Channel.IN_APP: InApp()}
