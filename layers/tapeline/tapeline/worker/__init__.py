"""A worker's components put together: its settings and fetchers, and the process that holds the models.

``assembly`` is for Inference and Predict; ``starting`` starts the reading process, in which ``loading`` loads
the models.
"""
