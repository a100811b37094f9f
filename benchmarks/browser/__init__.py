"""The page in a real browser: how soon it is there, follows a slider, and shows what is in a long list."""
