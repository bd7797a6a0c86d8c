"""docs/security.md names tests; each of them exists."""

import re

from coordination.environment import PROJECT


def test_it_names_only_tests_that_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (PROJECT / "docs" / "security.md").read_text()))
    written = "\n".join(path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    assert len(named) >= 10
    assert {name for name in named if f"def {name}(" not in written} == set()
