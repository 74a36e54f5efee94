# fails: resume/told
"""Drives the generator as fast as it goes, without a selector."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    try:
        while True:
            next(gen)
    except StopIteration as stop:
        return stop.value
