"""Code that makes example data from physics or from public files."""
