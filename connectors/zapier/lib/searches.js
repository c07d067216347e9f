'use strict';

// Finding what the relay knows by now, and what a source has at this moment. Nothing found is an empty list, never an error.

const { sampleOf, shown } = require('./events');
const { ofEvents, resultOf } = require('./fields');
const { call, filled, inputOf, lookUp } = require('./relay');

const MOST = 10;

const ofRecords = (search) => ({
  key: search.key,
  noun: search.noun,
  display: { label: search.label, description: search.description },
  operation: {
    inputFields: search.fields,
    perform: async (z, bundle) => {
      const asked = inputOf(search.fields, bundle.inputData);
      if (Object.keys(asked).length === 0) {
        throw new z.errors.Error('Fill in at least one field to search by.', 'nothing_asked', 400);
      }
      return (await call(z, bundle, search.path, { params: { limit: MOST, ...asked } })).items;
    },
    sample: search.sample,
    outputFields: search.output_fields,
  },
});

// Asked of the source itself, which is slower than what the relay knows by now, and never old.
const ofAction = (action) => ({
  key: action.key,
  noun: action.noun,
  display: { label: action.label, description: action.description, hidden: action.hidden },
  operation: {
    inputFields: action.fields,
    perform: (z, bundle) => lookUp(z, bundle, action, inputOf(action.fields, bundle.inputData)),
    ...resultOf(action),
  },
});

const findEvent = ({ event_types: choices, any_event: any }) => ({
  key: 'find_event',
  noun: 'Event',
  display: {
    label: 'Find Event',
    description: 'Finds the newest events of a type, of a customer or of a source, such as the last payment of a customer.',
  },
  operation: {
    inputFields: [
      { key: 'type', label: 'Event Type', type: 'string', choices, helpText: 'What happened.' },
      { key: 'customer', label: 'Customer', type: 'string', helpText: "The customer's e-mail address, or its reference at the source." },
      { key: 'source', label: 'Source', type: 'string', dynamic: 'source_list.id.name', helpText: 'Only what this connected account reported.' },
    ],
    perform: async (z, bundle) => {
      const { type, customer, source } = bundle.inputData;
      const { items } = await call(z, bundle, '/events', { params: { limit: MOST, ...filled({ type, customer, source }) } });
      return items.map((event) => shown(z, event));
    },
    sample: sampleOf(any.sample),
    outputFields: ofEvents(({ type }) => [type]),
  },
});

const searches = (catalogue) => {
  const live = catalogue.actions.filter(({ risk }) => risk === 'read').map(ofAction);
  return Object.fromEntries([...catalogue.searches.map(ofRecords), findEvent(catalogue), ...live].map((each) => [each.key, each]));
};

module.exports = { searches };
