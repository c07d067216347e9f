"""Events of Square that are known and knowingly not said, by the reason why.

The list: https://developer.squareup.com/docs/webhooks/v2webhook-events-tech-ref
"""

_BY_REASON = {
    "each change that matters has an event of its own": """
        customer.deleted invoice.deleted dispute.evidence.added dispute.evidence.created dispute.evidence.deleted
        dispute.evidence.removed
    """,
    "an order only gathers what is sold, also over the counter; its payment and its invoice have events": """
        order.created order.updated order.fulfillment.updated order.custom_attribute.deleted
        order.custom_attribute.updated order.custom_attribute_definition.created
        order.custom_attribute_definition.deleted order.custom_attribute_definition.updated
        online_checkout.location_settings.updated online_checkout.merchant_settings.updated
    """,
    "money that Square pays out, and accounts it is paid to": """
        payout.failed payout.paid payout.sent bank_account.created bank_account.disabled bank_account.verified
    """,
    "gift cards and loyalty": """
        gift_card.created gift_card.customer_linked gift_card.customer_unlinked gift_card.updated
        gift_card.activity.created gift_card.activity.updated loyalty.account.created loyalty.account.deleted
        loyalty.account.updated loyalty.event.created loyalty.program.created loyalty.program.updated
        loyalty.promotion.created loyalty.promotion.updated
    """,
    "the shop, its staff and its devices": """
        booking.created booking.updated catalog.version.updated device.code.paired inventory.count.updated
        job.created job.updated labor.scheduled_shift.created labor.scheduled_shift.deleted
        labor.scheduled_shift.published labor.scheduled_shift.updated labor.shift.created labor.shift.deleted
        labor.shift.updated labor.timecard.created labor.timecard.deleted labor.timecard.updated location.created
        location.settings.updated location.updated merchant.settings.updated team_member.created
        team_member.updated team_member.wage_setting.updated terminal.action.created terminal.action.updated
        terminal.checkout.created terminal.checkout.updated terminal.refund.created terminal.refund.updated
        transfer_order.created transfer_order.deleted transfer_order.updated vendor.created vendor.updated
    """,
    "the application itself": """
        mobile.authorization.code.revoked oauth.authorization.revoked webhooks.test_notification
    """,
}

IGNORED = frozenset(name for names in _BY_REASON.values() for name in names.split())
