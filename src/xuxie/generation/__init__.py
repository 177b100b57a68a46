"""Generation: from a prompt to the passage that continues it. Knows no HTTP."""
