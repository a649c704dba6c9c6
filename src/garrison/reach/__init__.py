"""What follows from the estate: links, exposure, what is held, where. Writes derived facts, judges nothing."""
