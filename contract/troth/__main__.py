"""`python -m troth`."""

from troth.cli.main import main

main()
