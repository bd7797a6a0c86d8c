#!/usr/bin/env python
"""Continuum's command line: `uv run manage.py help` lists every command."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db.utils import OperationalError


def main() -> None:
    """Run a command; say plainly when no database answers."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        lines = str(error).strip().splitlines()
        reason = next((line for line in lines if " failed: " in line), lines[-1])
        sys.exit(
            f"The database does not answer: {reason}\n"
            "Start `uv run manage.py demo` in another terminal, or set DATABASE_URL."
        )


if __name__ == "__main__":
    main()
