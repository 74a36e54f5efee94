"""`python -m tracedemo`."""

import sys

from tracedemo.cli import main

sys.exit(main())
