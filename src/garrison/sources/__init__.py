"""Formats, each read into the estate: a package per format, and the tables that say what means what."""
