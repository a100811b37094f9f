"""Work: jobs, their messages and their lives. Knows no pixels and no boto3."""
