"""The console: what stands in the store, as pages for people."""
