"""The lessons: one folder each, which `tracedemo.workshop.lesson` describes."""
