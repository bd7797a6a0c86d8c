"""Programs started for a test."""
