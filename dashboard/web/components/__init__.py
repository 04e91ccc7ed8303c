"""Parts of pages (部件): each owns its state, its script and its style."""
