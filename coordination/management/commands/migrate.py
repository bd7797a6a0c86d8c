"""`migrate`, as the role that owns the tables: the web and worker role may not create any."""

from argparse import ArgumentParser

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate


class Command(DjangoMigrate):
    """Django's own command with another default for `--database`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's arguments, and migrate through the alias `owner` unless told otherwise."""
        super().add_arguments(parser)
        _default_to_owner(parser)


def _default_to_owner(parser: ArgumentParser) -> None:
    parser.set_defaults(database="owner")
