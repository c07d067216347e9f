'use strict';

// Output fields of an event of a type: the envelope's, then those of each part of its data.

const catalogue = require('../catalogue.json');
const files = require('./files');

const prefixed = (prefix, fields) => fields.map((field) => ({ ...field, key: `${prefix}__${field.key}` }));

const ofEvent = (data) => [
  ...catalogue.envelope,
  ...Object.entries(data).flatMap(([name, entity]) => prefixed(`data__${name}`, catalogue.entities[entity] || [])),
  ...('invoice' in data ? [files.FIELD] : []),
];

// What a run of an action gives: how it stands, then the action's own output.
const resultOf = ({ output_fields: own, sample }) => ({
  sample: { ...catalogue.run.sample, ...sample },
  outputFields: [...catalogue.run.output_fields, ...own],
});

module.exports = { ofEvent, resultOf };
