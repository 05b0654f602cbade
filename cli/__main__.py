"""`python -m cli` is the command `tidegate`."""

from cli.main import main

main()
