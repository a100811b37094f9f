"""Photos from drop to result, through the local system with its embedded AWS on the same cores."""
