"""tracedemo: what Python network code really asks of the kernel.

This file is imported inside traced programs, too, and so does nothing: public names are loaded when they are asked for.
"""

__version__ = "0.1.0"
