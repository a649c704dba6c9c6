"""The gateway file: its form, where its keys stand, and what is said of one that is wrong."""
