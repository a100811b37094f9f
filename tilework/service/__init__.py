"""What the small services, master and preview, have in common: errors in one shape, who asks, how one is served."""
