"""The process that tells: from the file of alerts to routes, and to what is done about them. Whatever ends it, it goes on from there."""

from garrison.watch.tell.tell import Telling, tell

__all__ = ["Telling", "tell"]
