"""The function Predict: the HTTP API and its page."""
