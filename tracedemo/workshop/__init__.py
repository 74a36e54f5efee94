"""Lessons: predict, run, change, check.  A learner's own trace is what a check reads; no answer is written down anywhere.

lesson.py     a lesson: one folder, read into one record      catalogue.py  all of them, and the tracks
markers.py    exercise and solution in one file               formulas.py   options of questions
questions.py  predictions, and what a run says to them        measures.py   what questions ask of a run
checking.py   scenario -> run -> trace -> verdict             rules/        what a trace must show
case.py       what a rule looks at                            own.py        a lesson's own measures and rules
recording.py  runs that are kept for machines that cannot record
"""
