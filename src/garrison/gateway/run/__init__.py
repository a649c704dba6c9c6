"""Envoy as a child process: found, started, watched over, and given what changes."""
