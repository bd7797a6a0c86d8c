"""The web processes of one server count together, in a folder named after their parent.

This must run before the metrics are imported: their library reads the setting only once.
"""

import contextlib
import os
import shutil
from pathlib import Path

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share_counts(folder: Path) -> None:
    """Make this process count in a folder below `folder` that its siblings use too.

    A folder that the environment names wins. Where nothing can be written, each process counts
    for itself. What servers that have ended left behind is removed.
    """
    if os.environ.get(SHARED_FOLDER):
        return
    ours = folder / str(os.getppid())
    try:
        ours.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    os.environ[SHARED_FOLDER] = str(ours)
    for other in folder.iterdir():
        if other.name.isdecimal() and not _lives(int(other.name)):
            shutil.rmtree(other, ignore_errors=True)


def _lives(process: int) -> bool:
    with contextlib.suppress(PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
