"""Object stores: how long one is waited for, and what its refusals mean."""

from __future__ import annotations

import re

from fingerprint.errors import StoreError

_PATIENCE = {"connect_timeout": "5s", "retry_timeout": "30s"}  # its own would be three minutes for every request
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_DOCS = "See docs/store.md, In an object store."
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_SERVICE_ACCOUNT",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_SCHEMES = {"s3a": "s3", "gcs": "gs", "azure": "az", "abfs": "az", "abfss": "az", "adl": "az"}

# What stands in a report -> what it means, what was expected; the first that fits.
_MEANINGS = (
    (r"Unknown scheme", "there are no object stores of that kind", "A folder, or a URL such as s3://bucket/store."),
    (
        r"scheme is not allowed",
        "its endpoint is http, and only https is allowed",
        "AWS_ALLOW_HTTP=true in the environment, where that is meant.",
    ),
    (
        r"169\.254\.169\.254|metadata/instance|Account must be specified|Missing.*(?:key|credential)",
        "no credentials are found",
        "{credentials} in the environment.",
    ),
    (
        r"NoSuchBucket|BucketNotFound|ContainerNotFound|bucket does not exist",
        "there is no such bucket",
        "A bucket that exists: only what is in it is made.",
    ),
    (
        r"403 Forbidden|401 Unauthorized|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch",
        "access is denied",
        "{credentials} of someone who may read it and, to store anything, write there.",
    ),
    (
        r"301 Moved|PermanentRedirect|configured region",
        "the bucket is in another region",
        "AWS_REGION in the environment: the bucket's.",
    ),
    (
        r"dns error|\(Connect\)|timed out|error sending request",
        "the object store does not answer",
        "A network, and the address of the service in AWS_ENDPOINT_URL where it is not that of Amazon.",
    ),
)


def options(url: str) -> dict[str, str] | None:
    """What deltalake is told besides the environment: nothing for a folder."""
    return dict(_PATIENCE) if "://" in url else None


def remote_error(url: str, report: str) -> StoreError | None:
    """What deltalake reported of an object store as an error of ours; None where `url` is a folder's.

    Args:
        url: of the table.
        report: of several lines; the cause is in the last ones.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    if not scheme or scheme == "file":
        return None
    credentials = _CREDENTIALS.get(_SCHEMES.get(scheme, scheme), "Credentials")
    for pattern, what, expected in _MEANINGS:
        if re.search(pattern, report):
            return StoreError(what, where=url, expected=expected.format(credentials=credentials), next=_DOCS)
    return None


def plain(report: str) -> str:
    """A report of many indented and coloured lines as one."""
    lines = [_COLOUR.sub("", line).strip(" \u21b3\t") for line in report.splitlines()]
    return ": ".join(line for line in lines if line)[:500]
