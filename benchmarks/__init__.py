"""What is measured, against a floor that is measured in the same run."""
