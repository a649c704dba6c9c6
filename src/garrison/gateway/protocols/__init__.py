"""What each protocol of model servers can be asked for: its routes, the action each one is, and how it says that it refuses.

A protocol is a TOML file in this folder, found by its name; an interface of one's own is read from its OpenAPI file.
"""
