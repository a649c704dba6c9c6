"""Garrison secures the infrastructure around machine-learning models."""

__version__ = "0.1.0"
