"""The function that takes dropped corrections."""
