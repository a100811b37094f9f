"""A deployment through its API alone: for people who sign in, and have no AWS credentials."""
