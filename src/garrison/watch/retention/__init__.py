"""For how long events are kept, and what is kept beyond that because somebody has to be able to show it: legal holds."""
