'use strict';

// Invoice documents, fetched only when a later step of the Zap uses them.

const invoicePdf = async (z, bundle) => {
  const response = z.request({ url: bundle.inputData.url, raw: true });
  return z.stashFile(response, undefined, `${bundle.inputData.name}.pdf`, 'application/pdf');
};

// An event with its invoice's document as a file: null where there is none, and no key where its type knows no invoice.
const withFiles = (z, event) => {
  if (!('invoice' in event.data)) return event;
  const { pdf_url: address, number, id } = event.data.invoice || {};
  const url = typeof address === 'string' && address.startsWith('https://') ? address : null;
  const name = String(number || id || 'invoice').replace(/[^\w.-]+/g, '-');
  return { ...event, invoice_pdf: url && z.dehydrateFile(invoicePdf, { url, name }) };
};

const FIELD = { key: 'invoice_pdf', label: 'Invoice PDF', type: 'file' };

module.exports = { FIELD, hydrators: { invoicePdf }, withFiles };
