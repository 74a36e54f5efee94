"""What axe-core, the usual judge of accessibility, finds in a page."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")


class Finding(NamedTuple):
    """A rule, and where it is broken."""

    rule: str
    impact: str
    help: str
    targets: tuple[str, ...]
    """CSS selectors."""


class Audit(NamedTuple):
    """All that was found."""

    findings: tuple[Finding, ...]
    unsure: tuple[Finding, ...]
    """What axe could not decide, such as the contrast of a text upon a picture: to be looked at by a person."""


@functools.cache
def source() -> str:
    """The text of axe-core, out of the package that brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def axe(page: Page) -> Audit:
    """Look for breaches of WCAG 2.0 and 2.1, A and AA, and of best practice, in the page as it is now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source())
    options = {"runOnly": list(TAGS), "resultTypes": ["violations", "incomplete"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    return Audit(_findings(found["violations"]), _findings(found["incomplete"]))


def _findings(rules: list[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule["id"],
            rule["impact"] or "",
            rule["help"],
            tuple(" ".join(map(str, node["target"])) for node in rule["nodes"]),
        )
        for rule in rules
    )
