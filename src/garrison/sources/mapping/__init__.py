"""Tables to assets: what a provider's attribute is called, and what it means."""
