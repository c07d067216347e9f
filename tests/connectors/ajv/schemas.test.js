'use strict';

// Every file of the Make app against the schema that Make's own editor checks it with. MAKE_SCHEMAS is their folder.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const Ajv = require('ajv').default;
const addFormats = require('ajv-formats').default;

const SCHEMAS = process.env.MAKE_SCHEMAS;
const APP = process.env.MAKE_APP || path.join(__dirname, '..', '..', '..', 'connectors', 'make');
const BASE = 'https://schemas.invalid/';
const BY_CODE = {
  communication: 'api.json',
  attach: 'api.json',
  detach: 'api.json',
  update: 'api.json',
  params: 'parameters.json',
  'mappable-params': 'parameters.json',
  'static-params': 'parameters.json',
  interface: 'parameters.json',
  samples: 'samples.json',
  epoch: 'epoch.json',
};

const ajv = new Ajv({ strict: false, unicodeRegExp: false, allErrors: true });
addFormats(ajv);
for (const name of fs.readdirSync(SCHEMAS).filter((each) => each.endsWith('.json'))) {
  ajv.addSchema(JSON.parse(fs.readFileSync(path.join(SCHEMAS, name), 'utf8')), BASE + name);
}

const schemaOf = (name) => {
  if (name === 'makecomapp.json') return 'makecomapp.schema.json';
  if (name === 'modules/groups.json') return 'groups.json';
  if (name === 'general/base.iml.json') return 'base.json';
  if (name === 'general/common.json') return 'common.json';
  return BY_CODE[path.basename(name).split('.')[1]];
};

const files = fs
  .readdirSync(APP, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.json') && !name.startsWith('blueprints') && !path.basename(name).startsWith('.'));

test('there are files to check', () => assert.ok(files.length > 100));

for (const name of files) {
  test(`${name} is what Make's schema says`, () => {
    const validate = ajv.getSchema(BASE + schemaOf(name)) || ajv.compile({ $ref: BASE + schemaOf(name) });
    const good = validate(JSON.parse(fs.readFileSync(path.join(APP, name), 'utf8')));
    assert.ok(good, JSON.stringify(validate.errors));
  });
}
