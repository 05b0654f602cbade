"""`python -m tidegate.replay`."""

from . import main

raise SystemExit(main())
