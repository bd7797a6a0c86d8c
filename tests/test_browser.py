"""What a browser makes of our pages: they work, and the content policy stops nothing of them.

Needs Chromium, which CI installs; without it these tests are skipped, but never in CI.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, sync_playwright

from coordination.servers.processes import free_port
from tests.servers.programs import StartProgram

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
IN_CI = bool(os.environ.get("CI"))
pytestmark = pytest.mark.skipif(
    not CHROMIUM and not IN_CI, reason="no Chromium here (apt-get install chromium); CI has it"
)
LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
    window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


@dataclass
class Visit:
    """A page, and whatever went wrong on it."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)

    def refused(self) -> list[str]:
        """Return what the content policy stopped."""
        found: list[str] = self.page.evaluate("window.refused")
        return found


@pytest.fixture
def visit(committed_db: None, start_program: StartProgram) -> Iterator[Visit]:
    """Open a browser beside a running server."""
    assert CHROMIUM, "CI must have Chromium: .ci/run installs it"
    port = free_port()
    server = start_program(
        "granian", "coordination.wsgi:application", "--interface=wsgi", f"--port={port}", "--no-ws"
    )
    server.wait_for("Started worker")
    with sync_playwright() as driver:
        # A container's root may not open Chromium's own sandbox.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(LISTEN)
        found = Visit(page, f"http://127.0.0.1:{port}")
        page.on("console", lambda said: _keep(found, said.type, said.text))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        yield found
        browser.close()


def _keep(visit: Visit, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        visit.errors.append(text)


def test_it_shows_every_operation_and_tries_one(visit: Visit) -> None:
    visit.page.goto(f"{visit.url}/api/docs/")
    visit.page.wait_for_selector(".opblock", timeout=60_000)
    document = visit.page.request.get(f"{visit.url}/api/schema").json()
    operations = {
        operation["operationId"]
        for verbs in document["paths"].values()
        for operation in verbs.values()
    }
    assert {shown.rsplit("-", 1)[1] for shown in _read_to_the_end(visit.page)} == operations
    assert len(operations) > 50
    summary = visit.page.locator("#operations-session-session_get .opblock-summary")
    while not summary.count():
        assert not _scroll(visit.page, -0.5), "the operation is not on the page"
    summary.click()
    visit.page.locator(".try-out__btn").first.click()
    assert visit.refused() == []
    assert visit.errors == []
    visit.page.locator(".execute").first.click()
    visit.page.wait_for_selector(".live-responses-table .response-col_status")
    assert visit.page.locator(".live-responses-table .response-col_status").nth(1).inner_text()[
        :3
    ] == ("401")
    assert visit.refused() == []


def _read_to_the_end(page: Page) -> set[str]:
    """Scroll down as a reader would: Swagger UI keeps only what is near the window in the page."""
    shown: set[str] = set()
    at_end = False
    while not at_end:
        shown |= set(page.locator(".opblock").evaluate_all("blocks => blocks.map(b => b.id)"))
        at_end = _scroll(page, 0.5)
    return shown


def _scroll(page: Page, windows: float) -> bool:
    """Scroll by so many windows, wait for what that shows, and say whether it was the end."""
    stands: bool = page.evaluate(
        """(windows) => new Promise((done) => {
            const before = window.scrollY;
            window.scrollBy(0, windows * window.innerHeight);
            requestAnimationFrame(() => setTimeout(() => done(window.scrollY === before), 100));
        })""",
        windows,
    )
    return stands


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_it_shows_its_other_pages(visit: Visit, path: str) -> None:
    visit.page.goto(f"{visit.url}{path}")
    assert visit.page.locator("h1").count() == 1
    assert visit.refused() == []


def test_it_would_notice_what_the_policy_stops(visit: Visit) -> None:
    visit.page.goto(f"{visit.url}/")
    for name in ("style", "script"):
        visit.page.evaluate(
            """(name) => {
                const planted = document.createElement(name);
                planted.textContent = name === "style" ? "p { color: red }" : "window.planted = 1";
                document.body.append(planted);
            }""",
            name,
        )
    visit.page.wait_for_function("window.refused.length === 2")
    assert visit.page.evaluate("window.planted") is None
