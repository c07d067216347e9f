"""Signed webhooks as Stripe sends them, ready to be written to a socket."""

import hashlib
import hmac
import json
import time

SECRET = "whsec_benchmark_of_the_relay_only"


def requests(count: int, *, path: str, port: int, run: str, customers: int = 1000) -> tuple[list[bytes], list[str]]:
    """`count` whole HTTP requests, each a paid invoice of its own, signed now; and their events' ids."""
    stamp = int(time.time())
    made, ids = [], []
    for index in range(count):
        event = invoice_paid(f"{run}{index:08d}", stamp, index % customers)
        body = json.dumps(event, separators=(",", ":")).encode()
        mac = hmac.digest(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Stripe/1.0\r\nAccept: */*\r\n"
            f"Content-Type: application/json; charset=utf-8\r\nStripe-Signature: t={stamp},v1={mac}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
        ids.append(str(event["id"]))
    return made, ids


def invoice_paid(unique: str, created: int, customer: int) -> dict[str, object]:
    """A paid invoice in the shape of API version 2026-10-28.endive, without the fields that are null there."""
    invoice = {
        "id": f"in_{unique}",
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Example Hosting",
        "amount_due": 2400,
        "amount_paid": 2400,
        "amount_remaining": 0,
        "attempt_count": 1,
        "attempted": True,
        "auto_advance": False,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": created - 3600,
        "currency": "eur",
        "customer": f"cus_bench{customer:06d}",
        "customer_email": f"customer{customer}@acme-shop.example",
        "customer_name": "Zoë Müller",
        "hosted_invoice_url": f"https://invoice.example.com/i/{unique}",
        "invoice_pdf": f"https://invoice.example.com/i/{unique}/pdf",
        "lines": {
            "object": "list",
            "has_more": False,
            "total_count": 1,
            "data": [
                {
                    "id": f"il_{unique}",
                    "object": "line_item",
                    "amount": 2400,
                    "currency": "eur",
                    "description": "1 × Business hosting (at 24.00 EUR / month)",
                    "period": {"start": created, "end": created + 2592000},
                    "quantity": 1,
                    "pricing": {
                        "type": "price_details",
                        "price_details": {"price": "price_bench", "product": "prod_b"},
                    },
                }
            ],
        },
        "livemode": False,
        "metadata": {"service_id": "501"},
        "number": f"INV-{unique}",
        "status": "paid",
        "status_transitions": {"finalized_at": created - 3600, "paid_at": created},
        "subtotal": 2017,
        "total": 2400,
        "total_taxes": [{"amount": 383, "tax_behavior": "exclusive", "type": "tax_rate_details"}],
    }
    return {
        "id": f"evt_{unique}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": created,
        "data": {"object": invoice},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": f"req_{unique}"},
        "type": "invoice.paid",
    }
