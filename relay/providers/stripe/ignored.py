"""Events of Stripe that are known and knowingly not said, by the reason why.

The list: https://docs.stripe.com/api/events/types
"""

_BY_REASON = {
    "each change that matters has an event of its own": """
        charge.updated invoice.deleted invoice.overpaid invoice.updated payment_intent.created
        payment_intent.canceled payment_intent.partially_funded invoiceitem.created invoiceitem.updated
        invoiceitem.deleted customer.subscription.pending_update_applied
        customer.subscription.pending_update_expired customer.deleted checkout.session.expired
    """,
    "nothing was paid yet: money is only held or on its way": """
        charge.expired payment_intent.amount_capturable_updated cash_balance.funds_available
        customer_cash_balance_transaction.created
    """,
    "steps towards a payment method, which has events of its own": """
        mandate.updated setup_intent.canceled setup_intent.created setup_intent.requires_action
        setup_intent.setup_failed setup_intent.succeeded source.canceled source.chargeable source.failed
        source.mandate_notification source.refund_attributes_required source.transaction.created
        source.transaction.updated three_d_secure.authentication.canceled
        three_d_secure.authentication.challenge_started three_d_secure.authentication.errored
        three_d_secure.authentication.failed three_d_secure.authentication.requires_challenge
        three_d_secure.authentication.requires_submission three_d_secure.authentication.succeeded
    """,
    "plans for a subscription, whose changes come as customer.subscription.updated": """
        subscription_schedule.aborted subscription_schedule.canceled subscription_schedule.completed
        subscription_schedule.created subscription_schedule.expiring subscription_schedule.released
        subscription_schedule.updated quote.accepted quote.canceled quote.created quote.finalized
    """,
    "the price list, discounts and taxes": """
        coupon.created coupon.deleted coupon.updated customer.discount.created customer.discount.deleted
        customer.discount.updated customer.tax_id.created customer.tax_id.deleted customer.tax_id.updated
        payment_link.created payment_link.updated plan.created plan.deleted plan.updated price.created
        price.deleted price.updated product.created product.deleted product.updated promotion_code.created
        promotion_code.updated sku.created sku.deleted sku.updated tax.settings.updated tax_rate.created
        tax_rate.updated
    """,
    "credit on an account; what is given back in money comes as refund.*": """
        billing.credit_balance_transaction.created billing.credit_grant.created billing.credit_grant.updated
        credit_note.created credit_note.updated credit_note.voided
    """,
    "metered use and entitlements": """
        billing.alert.triggered billing.meter.created billing.meter.deactivated billing.meter.reactivated
        billing.meter.updated entitlements.active_entitlement_summary.updated
    """,
    "fraud review, which is answered in the Dashboard": """
        radar.early_fraud_warning.created radar.early_fraud_warning.updated review.closed review.opened
    """,
    "between the business and Stripe: balance, payouts, account, apps": """
        account.application.authorized account.application.deauthorized account.external_account.created
        account.external_account.deleted account.external_account.updated account.updated
        apps.install.created apps.install.deleted apps.install.updated balance.available
        balance_settings.updated billing_portal.configuration.created billing_portal.configuration.updated
        billing_portal.session.created file.created payout.canceled payout.created payout.failed payout.paid
        payout.reconciliation_completed payout.updated reporting.report_run.failed
        reporting.report_run.succeeded reporting.report_type.updated reserve.hold.created
        reserve.hold.updated reserve.plan.created reserve.plan.disabled reserve.plan.expired
        reserve.plan.updated reserve.release.created sigma.scheduled_query_run.created
        test_helpers.test_clock.advancing test_helpers.test_clock.created test_helpers.test_clock.deleted
        test_helpers.test_clock.internal_failure test_helpers.test_clock.ready topup.canceled topup.created
        topup.failed topup.reversed topup.succeeded transfer.created transfer.reversed transfer.updated
    """,
    "products of Stripe that hosting is not sold with": """
        application_fee.created application_fee.refund.updated application_fee.refunded capability.updated
        climate.order.canceled climate.order.created climate.order.delayed climate.order.delivered
        climate.order.product_substituted climate.product.created climate.product.pricing_updated
        financial_connections.account.account_numbers_updated financial_connections.account.created
        financial_connections.account.deactivated financial_connections.account.disconnected
        financial_connections.account.expected_deactivation_date_updated
        financial_connections.account.reactivated financial_connections.account.refreshed_balance
        financial_connections.account.refreshed_ownership
        financial_connections.account.refreshed_transactions
        financial_connections.account.supported_payment_method_types_updated
        financial_connections.account.upcoming_account_number_expiry
        financial_connections.account.upcoming_deactivation
        financial_connections.authorization.expected_deactivation_date_updated
        financial_connections.authorization.upcoming_deactivation identity.verification_session.canceled
        identity.verification_session.created identity.verification_session.processing
        identity.verification_session.redacted identity.verification_session.requires_input
        identity.verification_session.verified issuing_authorization.created issuing_authorization.request
        issuing_authorization.updated issuing_card.created issuing_card.updated issuing_cardholder.created
        issuing_cardholder.updated issuing_dispute.closed issuing_dispute.created
        issuing_dispute.funds_reinstated issuing_dispute.funds_rescinded issuing_dispute.submitted
        issuing_dispute.updated issuing_personalization_design.activated
        issuing_personalization_design.deactivated issuing_personalization_design.rejected
        issuing_personalization_design.updated issuing_token.created issuing_token.updated
        issuing_transaction.created issuing_transaction.purchase_details_receipt_updated
        issuing_transaction.updated person.created person.deleted person.updated
        terminal.reader.action_failed terminal.reader.action_succeeded terminal.reader.action_updated
        treasury.credit_reversal.created treasury.credit_reversal.posted treasury.debit_reversal.completed
        treasury.debit_reversal.created treasury.debit_reversal.initial_credit_granted
        treasury.financial_account.closed treasury.financial_account.created
        treasury.financial_account.features_status_updated treasury.inbound_transfer.canceled
        treasury.inbound_transfer.created treasury.inbound_transfer.failed
        treasury.inbound_transfer.succeeded treasury.outbound_payment.canceled
        treasury.outbound_payment.created treasury.outbound_payment.expected_arrival_date_updated
        treasury.outbound_payment.failed treasury.outbound_payment.posted treasury.outbound_payment.returned
        treasury.outbound_payment.tracking_details_updated treasury.outbound_transfer.canceled
        treasury.outbound_transfer.created treasury.outbound_transfer.expected_arrival_date_updated
        treasury.outbound_transfer.failed treasury.outbound_transfer.posted
        treasury.outbound_transfer.returned treasury.outbound_transfer.tracking_details_updated
        treasury.received_credit.created treasury.received_credit.failed treasury.received_credit.succeeded
        treasury.received_debit.created
    """,
}

IGNORED = frozenset(name for names in _BY_REASON.values() for name in names.split())
