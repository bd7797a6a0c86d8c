"""The web processes of one server count together, in a folder named after their parent.

This must run before the metrics are imported: their library reads the setting only once.
"""

import contextlib
import os
import shutil
from pathlib import Path
from tempfile import gettempdir

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share_counts(folder: Path) -> None:
    """Make this process count in a folder below `folder` that its siblings use too.

    A folder that the environment names wins. Where `folder` cannot be written, as in a container
    whose files are read-only, the system's temporary folder serves. What servers that have ended
    left behind is removed.
    """
    if os.environ.get(SHARED_FOLDER):
        return
    spare = Path(gettempdir()) / f"continuum-metrics-{os.getuid()}"
    for place in (folder, spare):
        ours = place / str(os.getppid())
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if place.stat().st_uid != os.getuid():
                continue
            ours.mkdir(exist_ok=True)
        except OSError:
            continue
        os.environ[SHARED_FOLDER] = str(ours)
        _tidy(place)
        return


def _tidy(place: Path) -> None:
    for other in place.iterdir():
        if other.name.isdecimal() and not _lives(int(other.name)):
            shutil.rmtree(other, ignore_errors=True)


def _lives(process: int) -> bool:
    with contextlib.suppress(PermissionError):  # another user's, which lives
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
