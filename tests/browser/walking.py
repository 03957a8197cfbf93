"""Looks at a page as axe, a phone and the content policy do, and says what is wrong."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

LOOKING = Path(__file__).with_name("looking.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FRAME = [".fk-sidebar", ".fk-topbar"]
PHONE_WIDTH = 390


@dataclass
class Watch:
    """What a page complained of while it was visited."""

    faults: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def on(self, page: Any) -> "Watch":
        page.add_init_script(path=LOOKING)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"script failed: {error}"))
        page.on("dialog", self._dialog)
        return self

    def _said(self, said: Any) -> None:
        if said.type == "error":
            self.faults.append(f"console: {said.text}")

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def taken(self) -> list[str]:
        faults, self.faults = self.faults + [f"a dialog: {d}" for d in self.dialogs], []
        self.dialogs = []
        return faults


def open_expanded(page: Any, address: str) -> int:
    """Visit a page, wait for its charts, open whatever folds; gives the status."""
    answer = page.goto(address, wait_until="load", timeout=60_000)
    page.evaluate("window.__look.expand()")
    page.wait_for_function("window.__look.drawn()")
    return int(answer.status) if answer else 0


def accessibility_faults(page: Any, *, frame: bool = True) -> list[str]:
    """What axe finds by WCAG 2.2 AA; without the frame, which is the same around every page."""
    context = None if frame else {"exclude": FRAME}
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = Axe().run(page, context=context, options=options)
    return [
        f"axe {one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])}): "
        + " ".join(one["nodes"][0].get("failureSummary", "").split())[:200]
        for one in found.response["violations"]
    ]


def policy_faults(page: Any) -> list[str]:
    return [f"content policy: {one}" for one in page.evaluate("window.__look.violations")]


def phone_faults(page: Any) -> list[str]:
    """What is wider than a phone."""
    before = page.viewport_size
    page.set_viewport_size({"width": PHONE_WIDTH, "height": 844})
    told = page.evaluate("(width) => window.__look.tooWide(width)", PHONE_WIDTH)
    page.set_viewport_size(before)
    return [f"at {PHONE_WIDTH} px {told}"] if told else []
