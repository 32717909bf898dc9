"""The experts that are shipped: a file of laws for each subject, each law with its source.

Importing it registers them.
"""
