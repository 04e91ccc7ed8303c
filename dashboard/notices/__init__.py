"""What people are told (通知): an outbox, channels by Apprise, digests, and a visible fate of every notice."""
