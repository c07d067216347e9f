'use strict';

const { oldest_relay: oldest } = require('../catalogue.json');
const { homepage } = require('../package.json');
const { baseUrl } = require('./relay');

const numbers = (version) => String(version).split('.').map((part) => parseInt(part, 10) || 0);

const isOlder = (version, wanted) => {
  const [mine, theirs] = [numbers(version), numbers(wanted)];
  for (let i = 0; i < 3; i += 1) {
    if ((mine[i] || 0) !== (theirs[i] || 0)) return (mine[i] || 0) < (theirs[i] || 0);
  }
  return false;
};

const content = (response) => {
  try {
    return response.data;
  } catch {
    return undefined;
  }
};

// Each way in which a connection can be wrong has its own words.
const test = async (z, bundle) => {
  const base = baseUrl(z, bundle.authData.relay_url);
  const { host } = new URL(base);
  const fail = (message, code, status) => {
    throw new z.errors.Error(message, code, status);
  };
  let response;
  try {
    response = await z.request({ url: `${base}/me`, skipThrowForStatus: true });
  } catch (error) {
    if (error.name === 'ThrottledError' || error.name === 'ResponseError') throw error;
    return fail(`Nothing answers at ${host}. Check the Relay URL, and that the relay can be reached from the internet.`, 'unreachable', 400);
  }
  const me = content(response);
  if (response.status === 401) {
    return fail('The relay does not know this API key. Copy it again, or make a new one with: relay key add', 'bad_key', 401);
  }
  if (response.status >= 500) {
    return fail(`The relay at ${host} is not available right now. Try again in a minute.`, 'unavailable', response.status);
  }
  if (response.status !== 200 || !me || me.product !== 'relay') {
    return fail(`There is no relay at ${host}: it answered something else. Check the Relay URL.`, 'not_a_relay', 400);
  }
  if (isOlder(me.version, oldest)) {
    return fail(`The relay at ${host} is version ${me.version}. This app needs ${oldest} or newer: update the relay.`, 'too_old', 400);
  }
  return me;
};

const authentication = {
  type: 'custom',
  test,
  connectionLabel: '{{workspace_name}} ({{host}})',
  fields: [
    {
      key: 'relay_url',
      label: 'Relay URL',
      type: 'string',
      required: true,
      isNoSecret: true,
      helpText: 'The web address of your relay, such as `https://relay.example.com`.',
    },
    {
      key: 'api_key',
      label: 'API Key',
      type: 'password',
      required: true,
      helpText: `Whoever runs your relay makes it with \`relay key add --name Zapier\`. [Read how to get an API key](${homepage}).`,
    },
  ],
};

module.exports = { authentication, isOlder };
