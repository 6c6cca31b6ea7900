"""The edges: each module implements a protocol of :mod:`tapeline.ports` with a library."""
