"""Ways out: a module each, which says `Settings` and `send` (garrison.watch.export.destination)."""
