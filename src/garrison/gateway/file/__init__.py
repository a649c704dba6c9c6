"""The gateway file: its form, and what it must not say."""
