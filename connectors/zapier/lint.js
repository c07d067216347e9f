'use strict';

// Zapier's rules for published apps, as far as they can be checked without an account, and what its own offline
// validator passes over. Each finding has the name of Zapier's check, the place, and what to do.
// https://docs.zapier.com/integrations/publish/integration-checks-reference

const SECRET_WORD = /(api_?key|token|secret|password|signature|auth)/i;
const SMALL_WORDS = new Set(['a', 'an', 'and', 'at', 'by', 'for', 'in', 'of', 'on', 'or', 'the', 'to', 'with']);
const LINK = /\[([^\]]*)\]\(([^)]*)\)/g;
const BARE_URL = /https?:\/\/\S+/;
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;
const LOOKS_LIKE_TIME = /^\d{4}-\d{2}-\d{2}[T ]/;

const isTitleCase = (text) =>
  String(text)
    .split(/\s+/)
    .every((word, index) => !/^[a-z]/.test(word) || (index > 0 && SMALL_WORDS.has(word)));

const valuesAt = (value, path) => {
  if (path.length === 0) return [value];
  if (value === null || value === undefined) return [undefined];
  const [first, ...rest] = path;
  if (first === '[]') return Array.isArray(value) ? value.flatMap((each) => valuesAt(each, rest)) : [undefined];
  return valuesAt(value[first], rest);
};

const pathOf = (key) =>
  key.split('__').flatMap((part) => part.split(/(\[\])/).filter((piece) => piece !== ''));

const FITS = {
  string: (value) => typeof value === 'string' || Array.isArray(value),
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  datetime: (value) => typeof value === 'string' && ISO.test(value),
  file: (value) => typeof value === 'string' && value.startsWith('https://'),
};

const timesIn = (value, path = []) => {
  if (typeof value === 'string') return LOOKS_LIKE_TIME.test(value) && !ISO.test(value) ? [path.join('.')] : [];
  if (value && typeof value === 'object') return Object.entries(value).flatMap(([key, each]) => timesIn(each, [...path, key]));
  return [];
};

const urlsIn = (text) => [...String(text).matchAll(/https?:\/\/[^\s)`"']+/g)].map(([url]) => url);

function* textRules(place, text) {
  if (!text) return;
  for (const url of urlsIn(text)) if (url.startsWith('http://')) yield ['D007', place, `use https in ${url}`];
  const plain = text.replace(/`[^`]*`/g, '');
  for (const [, label, target] of plain.matchAll(LINK)) {
    if (!label || !/^https:\/\/\S+$/.test(target)) yield ['D008', place, `write the link as [words](https://...), not [${label}](${target})`];
  }
  if (BARE_URL.test(plain.replace(LINK, ''))) yield ['D008', place, 'put the address between backticks, or make it a link'];
}

function* fieldRules(app, place, field) {
  const at = `${place}.${field.key}`;
  if (SECRET_WORD.test(field.key) || field.type === 'password') {
    yield ['D001', at, 'ask for keys, tokens and passwords in the connection only'];
  }
  if (!isTitleCase(field.label || field.key)) yield ['D018', at, `write the label in Title Case: ${field.label || field.key}`];
  if (field.helpText && field.helpText === field.label) yield ['D011', at, 'let the help text say more than the label'];
  yield* textRules(at, field.helpText);
  if (/\bID\b/.test(field.label || '') && !field.dynamic && !field.choices) {
    yield ['D004', at, 'give a field for an ID a dropdown'];
  }
  if (field.dynamic) {
    const [trigger] = field.dynamic.split('.');
    const found = app.triggers[trigger];
    if (!found) yield ['D005', at, `there is no trigger ${trigger} for its dropdown`];
    else if (found.operation.type === 'hook') yield ['D005', at, `the trigger ${trigger} of its dropdown must be a polling one`];
  }
  if (field.search) {
    if (!app.searches[field.search.split('.')[0]]) yield ['D013', at, `there is no search ${field.search}`];
    if (!field.dynamic) yield ['D014', at, 'a field with a search needs a dropdown too'];
  }
}

function* sampleRules(place, step) {
  const { sample, outputFields = [] } = step.operation;
  if (!sample || typeof sample !== 'object' || Array.isArray(sample) || Object.keys(sample).length === 0) {
    yield ['D012', place, 'give a sample: one object with realistic values'];
    return;
  }
  if (sample.id === undefined || sample.id === null) yield ['D010', place, 'give the sample an id'];
  for (const path of timesIn(sample)) yield ['D023', `${place}.sample.${path}`, 'write times in ISO 8601 with their offset'];
  for (const field of outputFields.filter((each) => typeof each === 'object')) {
    for (const value of valuesAt(sample, pathOf(field.key))) {
      if (value === undefined) yield ['T004', `${place}.sample.${field.key}`, 'show the field in the sample, since it is declared'];
      if (value !== null && value !== undefined && FITS[field.type] && !FITS[field.type](value)) {
        yield ['D024', `${place}.sample.${field.key}`, `the sample holds ${JSON.stringify(value)}, which is no ${field.type}`];
      }
    }
    if (!field.label) yield ['D018', `${place}.${field.key}`, 'give the output field a label'];
    else if (!isTitleCase(field.label)) yield ['D018', `${place}.${field.key}`, `write the label in Title Case: ${field.label}`];
  }
}

function* triggerRules(app, key, trigger) {
  const place = `triggers.${key}`;
  const { operation, display } = trigger;
  if (!display.hidden && !/^Triggers when .*\.$/.test(display.description)) {
    yield ['D021', place, 'let the description start with "Triggers when " and end with a full stop'];
  }
  if (operation.type === 'hook') {
    for (const name of ['performSubscribe', 'performUnsubscribe', 'performList', 'perform']) {
      if (typeof operation[name] !== 'function') yield [name === 'performList' ? 'D017' : 'D006', place, `it needs ${name}`];
    }
  }
}

function* actionRules(kind, key, step) {
  const place = `${kind}.${key}`;
  const { display, operation } = step;
  const fixed = (operation.inputFields || []).filter((field) => typeof field === 'object');
  if (fixed.length === 0) yield [kind === 'searches' ? 'D009' : 'D022', place, 'give it at least one input field'];
  const wanted = kind === 'searches' ? /^Finds .*\.$/ : /^[A-Z][a-z]+s .*\.$/;
  if (!wanted.test(display.description)) yield ['D021', place, 'let the description start with a verb such as "Creates" or "Finds", and end with a full stop'];
  if (kind === 'searches' && !/^Find /.test(display.label)) yield ['D018', place, 'call a search "Find ..."'];
  const optional = fixed.findIndex((field) => !field.required);
  if (optional >= 0 && fixed.slice(optional).some((field) => field.required)) yield ['order', place, 'put required fields first'];
}

function* stepRules(app, kind, key, step) {
  const place = `${kind}.${key}`;
  if (step.key !== key) yield ['key', place, `its key is ${step.key}`];
  if (!/^[a-zA-Z]+[a-zA-Z0-9_]*$/.test(key)) yield ['key', place, 'begin the key with a letter, then letters, digits and _'];
  if (!isTitleCase(step.display.label)) yield ['D018', place, `write the label in Title Case: ${step.display.label}`];
  if (/zapier|\bsync/i.test(`${step.display.label} ${step.display.description}`)) yield ['words', place, 'leave out "Zapier" and "sync"'];
  if (step.display.description.length > 140 || step.display.description.length < 20) {
    yield ['words', place, 'let the description have 20 to 140 characters'];
  }
  yield* textRules(place, step.display.description);
  for (const field of (step.operation.inputFields || []).filter((each) => typeof each === 'object')) {
    yield* fieldRules(app, place, field);
  }
  yield* sampleRules(place, step);
}

function* authRules({ authentication }) {
  if (!authentication.connectionLabel) yield ['D003', 'authentication', 'set a connection label'];
  for (const field of authentication.fields) {
    const place = `authentication.${field.key}`;
    if (field.type === 'password' && ![...String(field.helpText).matchAll(LINK)].length) {
      yield ['D002', place, 'say in the help text where to get it, with a link'];
    }
    yield* textRules(place, field.helpText);
  }
  if (typeof authentication.test !== 'function') yield ['D026', 'authentication', 'test the connection, and the address that a user gave'];
}

function* rules(app) {
  yield* authRules(app);
  for (const kind of ['triggers', 'creates', 'searches']) {
    for (const [key, step] of Object.entries(app[kind])) {
      yield* stepRules(app, kind, key, step);
      if (kind === 'triggers') yield* triggerRules(app, key, step);
      else yield* actionRules(kind, key, step);
    }
  }
}

const lint = (app) => [...rules(app)].map(([rule, place, remedy]) => ({ rule, place, remedy }));

module.exports = { lint };

if (require.main === module) {
  const found = lint(require('./index.js'));
  for (const { rule, place, remedy } of found) console.log(`${rule}  ${place}: ${remedy}`);
  console.log(found.length ? `${found.length} findings.` : 'No findings.');
  process.exitCode = found.length ? 1 : 0;
}
