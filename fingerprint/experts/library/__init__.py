"""The experts that are shipped: a file of laws for each subject, each law with its source.

Importing it registers them.
"""

from fingerprint.experts.library import formula_expert, ode_expert

__all__ = ["formula_expert", "ode_expert"]
