"""How much a day: what is used is counted from the audit feed by a process of its own, and refused when it is spent."""
