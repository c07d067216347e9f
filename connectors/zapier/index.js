'use strict';

// The Zapier app. Everything that it offers is read from catalogue.json, which `relay generate` derives; the words and
// the ways of Zapier are in lib/.

const { version: platformVersion } = require('zapier-platform-core');

const catalogue = require('./catalogue.json');
const { authentication } = require('./lib/authentication');
const { creates } = require('./lib/creates');
const { dropdowns } = require('./lib/dropdowns');
const { hydrators } = require('./lib/files');
const { addKey, mapErrors } = require('./lib/relay');
const { searches } = require('./lib/searches');
const { triggers } = require('./lib/triggers');
const { version } = require('./package.json');
const { profile } = require('./profile.json');

module.exports = {
  version,
  platformVersion,
  flags: { cleanInputData: false },
  authentication,
  beforeRequest: [addKey],
  afterResponse: [mapErrors],
  hydrators,
  triggers: { ...triggers(catalogue), ...dropdowns() },
  creates: creates(catalogue, profile),
  searches: searches(catalogue),
};
