"""What is answered over HTTP under /api."""
