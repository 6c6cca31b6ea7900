"""A small job to try Tapeline with: drawn product pictures, what to read off them, and the right answers."""
