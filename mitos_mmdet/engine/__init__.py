"""What drives a training."""
