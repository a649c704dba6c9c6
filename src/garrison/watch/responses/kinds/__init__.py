"""A module per kind of response: `Settings`, whose tag is its `type` in the watch file, `hold` and `respond`."""
