"""Ears: what writes raw facts down while a program runs, and turns them into Events afterwards.

Imported inside traced programs: keep it empty.
"""
