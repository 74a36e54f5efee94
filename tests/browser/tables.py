"""The page's tables of many rows, read as a person reads them: by scrolling."""

from __future__ import annotations

from typing import Any

from tests.browser.opened import Opened

_READ = """async selector => {
  const box = document.querySelector(selector)
  const found = new Map()
  const next = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  for (box.scrollTop = 0; ; box.scrollTop += box.clientHeight / 2) {
    await next()
    for (const row of box.querySelectorAll('.body .row')) {
      const cells = [...row.querySelectorAll('.cell')].map(it => [it.classList[1], it.textContent])
      found.set(Number(row.getAttribute('aria-rowindex')), cells)
    }
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) break
  }
  return [...found].sort((a, b) => a[0] - b[0]).map(pair => pair[1])
}"""


def rows_of(opened: Opened, selector: str) -> list[dict[str, str]]:
    """All rows of a table, each as the texts of its cells by the name of the column; lines below a call are joined."""
    rows = []
    for cells in opened.page.evaluate(_READ, selector):
        row: dict[str, str] = {}
        for name, text in cells:
            row[name] = f"{row[name]}\n{text}" if name in row else text
        rows.append(row)
    return rows


def row_count(opened: Opened, selector: str) -> int:
    """How many rows a table says that it has, its head not counted."""
    return int(opened.page.get_attribute(selector, "aria-rowcount") or 0) - 1


def in_page(opened: Opened, selector: str) -> int:
    """How many rows of it are elements of the page."""
    return opened.page.locator(f"{selector} .body .row").count()


def state(opened: Opened, **patch: Any) -> dict[str, Any]:
    """Change what is shown, if asked to, and say what is."""
    script = "patch => { window.tracedemo.setState(patch); return structuredClone(window.tracedemo.state) }"
    return dict(opened.page.evaluate(script, patch))
