"""What may be downloaded: links, addresses, and the limits of a download."""
