"""The keys of issuers of tokens, fetched from where they publish them.

The gateway fetches them itself, as Envoy would go on to take tokens that it remembers though the key that signed them was withdrawn:
keys that are pushed come with a filter that remembers nothing.
"""
