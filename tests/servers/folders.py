"""Folders for servers under test: one that everybody may enter, one that only its owner may."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coordination.servers import postgres, valkey

_ENTERABLE = "/var/tmp"  # noqa: S108 - mkdtemp makes a folder of its own there


@contextmanager
def enterable_folder() -> Iterator[Path]:
    """Have a folder that any user may enter, and nothing of it afterwards."""
    folder = Path(tempfile.mkdtemp(dir=_ENTERABLE, prefix="continuum-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_folder() -> Iterator[Path]:
    """Have a folder inside one that only this user may enter, as root's home is."""
    with enterable_folder() as outside:
        folder = outside / "private" / "checkout"
        folder.mkdir(parents=True)
        folder.parent.chmod(0o700)
        yield folder
        remove_servers(folder)


def remove_servers(folder: Path) -> None:
    """End and delete every server whose data lies below `folder`."""
    for password in folder.rglob("password"):
        postgres.remove(password.parent)
    for configuration in folder.rglob("valkey.conf"):
        valkey.remove(configuration.parent)
