"""``make screenshots``: the pictures of docs/page.md and README.md, taken of the running system itself."""
