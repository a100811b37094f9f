"""What a worker host needs of its machine and of the services, looked at one by one: before it starts, and by `doctor`."""
