"""What runs on a worker host: the supervisor, and the MPI program that its ranks run."""
