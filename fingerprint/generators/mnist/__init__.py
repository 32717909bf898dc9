"""What the data sets with MNIST's images have in common: the published files, checked, and the folder that they fill.

A data set adds measurements that are made from the digits, an `Addition`; `complete` does the rest.

Reading order: published, fetch; tables, dataset.
"""

from __future__ import annotations

from fingerprint.generators.mnist.dataset import complete
from fingerprint.generators.mnist.published import MIRRORS
from fingerprint.generators.mnist.tables import Addition, ImageFile, write_ids, write_tables

__all__ = ["MIRRORS", "Addition", "ImageFile", "complete", "write_ids", "write_tables"]
