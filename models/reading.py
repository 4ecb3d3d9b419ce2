"""NumPy's files are read by one thread at a time.

NumPy has Python parse the head of an array, and two threads that parse at once may fail both on
CPython 3.11 ("AST constructor recursion depth mismatch"). A pack is read without: it may take
minutes, in which no other array could be read.
"""

import threading

reading = threading.Lock()
