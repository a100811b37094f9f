"""The AWS twins of the interfaces in :mod:`tilework.jobs`: the only part of the package that knows boto3."""
