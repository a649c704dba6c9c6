"""What is judged: a module per subject, a function per check, its examples beside it in `examples/<id>/`."""
