"""What is happening, and whether it is normal: logs are received, kept, judged, and told about."""
