'use strict';

// Events as a Zap sees them, delivered, listed or shown as a sample: by one and the same way.

const { whole } = require('./fields');
const { withFiles } = require('./files');

const shown = (z, event) => withFiles(z, whole(event));

// A sample has the address of the document where a real event has the file.
const sampleOf = (sample) => {
  const event = whole(sample);
  return 'invoice' in event.data ? { ...event, invoice_pdf: event.data.invoice.pdf_url } : event;
};

module.exports = { sampleOf, shown };
