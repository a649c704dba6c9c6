"""Checks of a user's own: YAML files with an expression, and Python files where somebody allows them to run."""
