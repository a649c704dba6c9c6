"""Who may do what: actions, roles by job function, Cedar policies and their decisions."""
