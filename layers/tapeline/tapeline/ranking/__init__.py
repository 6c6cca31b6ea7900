"""From a scene to an answer for each entity."""
