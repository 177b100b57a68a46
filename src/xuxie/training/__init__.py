"""Training: the loop, its precision, its checkpoints, its evaluation."""
