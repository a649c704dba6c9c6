"""Ways of an attacker: the steps he can make, and the search for the shortest ways to what is worth taking."""
