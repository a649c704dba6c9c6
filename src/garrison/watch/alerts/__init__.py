"""Alerts: what detectors notice, told once, put together, and carried on to people.

signal.py   what a detector says
"""
