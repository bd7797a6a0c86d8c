"""`demo --check`: perform the main job and say, step by step, what it proved."""

import logging
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from rich.console import Console

from coordination.demo.main_job import MainJob
from coordination.demo.visits import Surprise


def run(*, base_url: str, mail_url: str, environment: Mapping[str, str]) -> bool:
    """Perform the main job against a running demo; print each step; say whether all held."""
    console = Console(highlight=False, soft_wrap=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the steps say what matters
    check = MainJob(base_url.rstrip("/"), mail_url.rstrip("/"), environment)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        check.folder = Path(folder)
        for number, step in enumerate(check.steps(), start=1):
            title = (step.__doc__ or "").split("\n")[0].rstrip(".")
            try:
                proved = step()
            except (Surprise, httpx.HTTPError, LookupError, subprocess.SubprocessError) as error:
                console.print(f"✗ {number:2}. {title}", style="bold red", markup=False)
                console.print(f"      {str(error) or type(error).__name__}", markup=False)
                return False
            console.print(f"✓ {number:2}. {title}", style="green", markup=False)
            console.print(f"      {proved}", markup=False)
    console.print(f"The main job holds ({time.monotonic() - began:.0f} s).", style="bold")
    return True
