"""Ways in: a module each, which says `TYPE`, `Settings` and `serve` (garrison.watch.receive.input)."""
