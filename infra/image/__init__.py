"""What the Dockerfile runs: fetch and convert models, remove what isn't used, answer one picture."""
