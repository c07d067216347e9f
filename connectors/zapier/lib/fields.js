'use strict';

// What a step gives: the output fields that it declares, and its results with the same keys. What is not known is null,
// never missing, so that every field can be mapped whatever the first result happens to hold.

const catalogue = require('../catalogue.json');
const files = require('./files');

const DATA = Object.fromEntries(catalogue.triggers.map((each) => [each.event_type, each.data]));

const prefixed = (prefix, fields) => fields.map((field) => ({ ...field, key: `${prefix}__${field.key}` }));

const ofData = (data) => [
  ...Object.entries(data).flatMap(([name, entity]) => prefixed(`data__${name}`, catalogue.entities[entity] || [])),
  ...('invoice' in data ? [files.FIELD] : []),
];

// Output fields of an event of a type: the envelope's, then those of each part of its data.
const ofEvent = (data) => [...catalogue.envelope, ...ofData(data)];

// Of events of several types: those of the usual one, whose sample is shown, and whatever the others have beyond it.
const ofEvents = (typesOf) => {
  const usual = ofEvent(DATA[catalogue.any_event.sample.type]);
  const shown = new Set(usual.map(({ key }) => key));
  const further = (z, bundle) => {
    const types = typesOf(bundle.inputData || {});
    const wanted = types.some((each) => each in DATA) ? types : Object.keys(DATA);
    const data = Object.assign({}, ...wanted.map((each) => DATA[each]));
    return ofData(data).filter(({ key }) => !shown.has(key));
  };
  return [...usual, further];
};

// An object with the keys of fields such as `name`, `owner__name` and `items[]amount`, before anything is known.
const blank = (fields) => {
  const made = {};
  for (const { key, list } of fields) {
    const [path, below] = key.split('[]');
    const names = path.split('__');
    const last = names.pop();
    const at = names.reduce((object, name) => (object[name] ??= {}), made);
    at[last] = list || below !== undefined ? [] : null;
  }
  return made;
};

// An event with every key that its type declares; one of a type that is newer than this app stays as it is.
const whole = (event) => {
  const parts = Object.entries(DATA[event.type] || {}).map(([name, entity]) => [
    name,
    event.data[name] || (entity in catalogue.entities ? blank(catalogue.entities[entity]) : null),
  ]);
  const customer = event.customer || blank(catalogue.envelope).customer;
  return { ...event, customer, data: { ...event.data, ...Object.fromEntries(parts) } };
};

// What a run of an action gives: how it stands, then the action's own output.
const resultOf = ({ output_fields: own, sample }) => ({
  sample: { ...catalogue.run.sample, ...sample },
  outputFields: [...catalogue.run.output_fields, ...own],
});

module.exports = { ofEvent, ofEvents, resultOf, whole };
