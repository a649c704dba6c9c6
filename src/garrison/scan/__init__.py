"""The one place that composes: sources -> link -> reach -> checks -> findings."""
