"""From a picture to a scene: its text, laid out, and the lines that are drawn in it."""
