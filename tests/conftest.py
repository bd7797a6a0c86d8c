"""Every run has servers of its own; see `tests/servers/run.py`."""

pytest_plugins = (
    "tests.servers.run",
    "tests.servers.databases",
    "tests.servers.programs",
    "tests.stage",
    "tests.garbage",
)
