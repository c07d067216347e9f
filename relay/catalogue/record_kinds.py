"""Of what there are records."""

KINDS = ("customer", "subscription", "invoice", "service", "domain", "payment_method", "alert")
