"""`tracedemo workshop` on a terminal of 80 columns and 24 lines, as a learner uses it."""
