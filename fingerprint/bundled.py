"""Where the shipped recipes and data sets are, in a wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path

from fingerprint.errors import FingerprintError

_PACKAGE = Path(__file__).parent


def bundled(path: str) -> Path:
    """The shipped file or folder `path`, such as `recipes/default.toml` or `datasets/silicon_vdos`.

    Raises:
        FingerprintError: nothing of that name is shipped.
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        found = root / path
        if found.exists():
            return found
    raise FingerprintError(
        f"{path} is not among the files that come with fingerprint",
        next="Reinstall the package: pip install --force-reinstall pima-fingerprint",
    )
