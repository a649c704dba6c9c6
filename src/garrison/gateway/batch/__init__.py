"""Batch predictions over a queue: what producers write is held to the rules of the gateway before a model server reads it."""
