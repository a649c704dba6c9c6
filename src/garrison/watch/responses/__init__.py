"""Responses: what is done about an alert beside telling it. A kind of response is a module in `kinds`: nothing registers it.

What is to be done waits in the file of alerts (`queue.py`) for somebody to approve it, or goes ahead by itself where the watch file says
so: never more often than that allows, and never against who is protected.
"""
