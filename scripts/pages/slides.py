"""One page of docs/workshop/slides.md: a section is a slide.  Everything is in the file: pictures, style, and a few keys.

Pictures go in as they are, each as an image of its own, so that what one says about colours has no say in another.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import make
from markdown_it import MarkdownIt

SOURCE = make.DOCS / "workshop" / "slides.md"
_IMAGE = re.compile(r'<img src="([^"]+)"')
_LINK = re.compile(r"</?a\b[^>]*>")

STYLE = """\
:root { color-scheme: light dark; font: clamp(16px, 2.8vmin, 32px)/1.45 "DejaVu Sans", Verdana, sans-serif; }
html { scroll-snap-type: y mandatory; }
body { margin: 0; background: Canvas; color: CanvasText; }
section { box-sizing: border-box; display: flex; flex-flow: column; height: 100vh; padding: 3vh 4vw 8vh; }
section { scroll-snap-align: start; }
section > p:has(img) { flex: 1 1 0; min-height: 0; max-width: none; }
h1, h2 { font-size: 2em; line-height: 1.15; margin: 0 0 .5em; }
p { margin: .4em 0; max-width: 60em; }
pre { margin: .6em 0; white-space: pre-wrap; }
code, pre { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }
img { display: block; width: 100%; height: 100%; object-fit: contain; object-position: left top; }
@media print { section { break-after: page; } }
"""
KEYS = """\
const slides = [...document.querySelectorAll("section")];
const step = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1};
addEventListener("keydown", event => {
  if (!(event.key in step) || event.ctrlKey || event.altKey || event.metaKey) return;
  const here = slides.reduce((best, slide, at) =>
    Math.abs(slide.getBoundingClientRect().top) < Math.abs(slides[best].getBoundingClientRect().top) ? at : best, 0);
  slides[Math.min(Math.max(here + step[event.key], 0), slides.length - 1)].scrollIntoView();
  event.preventDefault();
});
"""


def page(text: str) -> str:
    """The slides as one HTML page."""
    slides = "\n".join(f"<section>\n{slide(part)}</section>" for part in parts(text))
    title = html.escape(text.partition("\n")[0].lstrip("# "))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width">\n<style>\n{STYLE}</style>\n'
        f"{slides}\n<script>\n{KEYS}</script>\n</html>\n"
    )


def parts(text: str) -> list[str]:
    """The text of each slide."""
    return [part.strip() + "\n" for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)]


def slide(text: str) -> str:
    """One slide, with its pictures in it."""
    marked = MarkdownIt().render(text)
    return _LINK.sub("", _IMAGE.sub(lambda match: f'<img src="{_inside(match[1])}"', marked))


def _inside(name: str) -> str:
    data = (SOURCE.parent / Path(name)).read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
