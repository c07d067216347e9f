'use strict';

// Invoice documents, fetched only when a later step of the Zap uses them.

const invoicePdf = async (z, bundle) => {
  const response = z.request({ url: bundle.inputData.url, raw: true });
  return z.stashFile(response, undefined, `${bundle.inputData.name}.pdf`, 'application/pdf');
};

// An event with its invoice's document as a file; null where there is none.
const withFiles = (z, event) => {
  const invoice = event && event.data && event.data.invoice;
  if (!invoice) return event;
  const url = typeof invoice.pdf_url === 'string' && invoice.pdf_url.startsWith('https://') ? invoice.pdf_url : null;
  const name = String(invoice.number || invoice.id || 'invoice').replace(/[^\w.-]+/g, '-');
  return { ...event, invoice_pdf: url && z.dehydrateFile(invoicePdf, { url, name }) };
};

const FIELD = { key: 'invoice_pdf', label: 'Invoice PDF', type: 'file' };

module.exports = { FIELD, hydrators: { invoicePdf }, withFiles };
