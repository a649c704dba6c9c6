"""A module per kind of route: `Settings`, whose tag is its `type` in the watch file, and `send`."""
