'use strict';

// Hidden polling triggers that fill dropdowns with the customer's own lists.

const { call } = require('./relay');

// Zapier counts pages from 0; the relay's cursor leads from one to the next.
const page = async (z, bundle, path, params) => {
  let cursor;
  for (let left = bundle.meta.page || 0; ; left -= 1) {
    const found = await call(z, bundle, path, { params: { limit: 100, ...params, ...(cursor ? { cursor } : {}) } });
    if (left === 0) return found.items;
    cursor = found.next_cursor;
    if (!cursor) return [];
  }
};

const list = (key, noun, path, shown, sample) => ({
  key,
  noun,
  display: {
    label: `List ${noun}s`,
    description: `Triggers when a ${noun.toLowerCase()} is listed for a dropdown.`,
    hidden: true,
  },
  operation: {
    type: 'polling',
    canPaginate: true,
    perform: async (z, bundle) => (await page(z, bundle, path)).map(shown),
    sample,
  },
});

const dropdowns = () => {
  const all = [
    list('source_list', 'Source', '/sources', ({ id, name, provider }) => ({ id, name: `${name} (${provider})` }), {
      id: 'src_1',
      name: 'Stripe EU (stripe)',
    }),
    list('hook_list', 'Hook', '/hooks', ({ id, event_types: types, platform }) => ({
      id,
      // A hook may want every event type by name: the first few show what it is, and its id which one.
      name: `${types.slice(0, 3).join(', ')}${types.length > 3 ? ' and more' : ''} (${platform || 'other'}, ${id})`,
    }), { id: 'hk_1', name: 'invoice.paid (zapier, hk_1)' }),
    list('event_list', 'Event', '/events', ({ id, summary, occurred_at: at }) => ({ id, name: `${summary} (${at})` }), {
      id: 'evt_1',
      name: 'Invoice INV-1042 of 24.00 EUR was paid. (2026-11-22T07:00:00Z)',
    }),
  ];
  return Object.fromEntries(all.map((each) => [each.key, each]));
};

module.exports = { dropdowns };
