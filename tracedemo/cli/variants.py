"""`tracedemo variants`: the programs of the post, and what each teaches."""

from __future__ import annotations

import argparse
import textwrap

from tracedemo.variants import VARIANTS


def prepare(parser: argparse.ArgumentParser) -> None:
    """It takes no options."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Print the list."""
    del args
    wide = max(len(variant.name) for variant in VARIANTS) + 4
    for variant in VARIANTS:
        print(f"  {variant.name:<{wide - 2}}{variant.title}")
        for text in (variant.teaches, f"Post: {variant.post}"):
            print(textwrap.fill(text, 78, initial_indent=" " * wide, subsequent_indent=" " * wide))
    print(
        "\nRun one:        tracedemo run selector\nSide by side:   tracedemo compare blocking threads selector"
    )
    print(f"Read one:       {VARIANTS[0].path.parent}")
    return 0
