"""`python -m backend` is the command `saccade`."""

import sys

from backend.cli import main

sys.exit(main())
