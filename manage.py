#!/usr/bin/env python
"""Continuum's command line: `uv run manage.py help` lists every command."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    execute_from_command_line(sys.argv)
