"""The console's pages: each reads, draws and offers what to do next."""
