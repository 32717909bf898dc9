"""`python -m fingerprint` is the command `fingerprint`."""

from fingerprint.cli import main

main()
