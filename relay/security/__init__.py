"""What keeps secrets secret and proves who speaks: keys at rest, redaction, proofs of webhooks, trusted proxies."""
