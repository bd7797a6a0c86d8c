"""A password for a command: it never stands on the command line, where others see it."""

import os
import sys
from getpass import getpass

from django.core.management.base import CommandError

VARIABLE = "CONTINUUM_PASSWORD"


def ask_password(*, otherwise: str = "") -> str:
    """Return the password from the variable, or from a prompt; raises `CommandError`.

    `otherwise` is what else may be done where there is no terminal.
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        return given
    if not sys.stdin.isatty():
        raise CommandError(f"No terminal to ask at: set {VARIABLE}{otherwise}.")
    first = getpass("Password: ")
    if first != getpass("Password again: "):
        raise CommandError("The two passwords differ.")
    if not first:
        raise CommandError("The password is empty.")
    return first
