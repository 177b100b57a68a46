"""What a model is worth: how it foresees books, and what it writes beside what was written."""
