"""`tracedemo variants`: the programs of the post, and what each teaches."""

from __future__ import annotations

import argparse

from tracedemo.cli.text import paragraph
from tracedemo.variants import VARIANTS

_INDENT = max(len(variant.name) for variant in VARIANTS) + 4


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    del args
    for variant in VARIANTS:
        print(paragraph(variant.title, f"  {variant.name}".ljust(_INDENT), _INDENT))
        post = (
            f"Not{variant.post[3:]}" if variant.post.startswith("not in") else f"In the post: {variant.post}"
        )
        for text in (variant.teaches, post):
            print(paragraph(text, " " * _INDENT, _INDENT))
    print(
        "\nRun one:        tracedemo run selector\nSide by side:   tracedemo compare blocking threads selector"
    )
    print(f"Read one:       {VARIANTS[0].path.parent}")
    return 0
