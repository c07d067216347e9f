'use strict';

// The one place that talks to the relay: its address, the key, and what its errors mean to Zapier.

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
const PREFIX = '/api/v1';

const invalid = (z, message) => {
  throw new z.errors.Error(message, 'invalid_relay_url', 400);
};

// The API's address from what a user entered. https only; tests may use http on loopback.
const baseUrl = (z, entered) => {
  let url;
  try {
    url = new URL(String(entered || '').trim());
  } catch {
    return invalid(z, 'The Relay URL must be a web address such as https://relay.example.com.');
  }
  const tested = process.env.NODE_ENV === 'test' && LOCAL.has(url.hostname);
  if (url.protocol !== 'https:' && !(tested && url.protocol === 'http:')) {
    invalid(z, 'The Relay URL must start with https://, so that your API key cannot be read on its way.');
  }
  if (url.username || url.password || url.search || url.hash) {
    invalid(z, 'The Relay URL must be the address alone, without a login, a question mark or a # in it.');
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  return url.origin + path + PREFIX;
};

// The key goes to the user's own relay and to nobody else.
const addKey = (request, z, bundle) => {
  const { relay_url: entered, api_key: key } = bundle.authData || {};
  if (entered && key && request.url.startsWith(`${baseUrl(z, entered)}/`)) {
    request.headers = { ...request.headers, Authorization: `Bearer ${key}` };
  }
  return request;
};

const said = (response) => {
  try {
    return (response.data && response.data.error) || {};
  } catch {
    return {}; // an answer that is no JSON
  }
};

// 429 never comes here: Zapier's core repeats the call after the time that the relay asks for.
const mapErrors = (response, z) => {
  if (response.status < 400 || response.skipThrowForStatus) return response;
  const { code, message } = said(response);
  if (response.status === 401) {
    throw new z.errors.ExpiredAuthError('The relay no longer accepts this API key. Connect your relay again with a new key.');
  }
  if (response.status === 403) {
    throw new z.errors.Error(
      `This API key may not do that. ${message || 'Make one with the scopes events:read, hooks:write and actions:run.'}`,
      code || 'forbidden',
      403,
    );
  }
  if (code === 'still_working') {
    throw new z.errors.ThrottledError('The relay is still at work on the first run with this Deduplication Key.', 60);
  }
  if (response.status === 409) {
    throw new z.errors.HaltedError(message || 'The relay has handled this already.');
  }
  if (response.status >= 500) {
    throw new z.errors.Error('The relay is not available right now. Try again later.', code || 'unavailable', response.status);
  }
  throw new z.errors.Error(message || `The relay answered with status ${response.status}.`, code || 'relay_error', response.status);
};

// One call of the API. Answers its content; undefined where it has none.
const call = async (z, bundle, path, options = {}) => {
  const response = await z.request({ ...options, url: baseUrl(z, bundle.authData.relay_url) + path });
  return response.status === 204 ? undefined : response.data;
};

// What is asked of a source by way of the relay: one thing, or none where there is no such thing.
const lookUp = async (z, bundle, { name, output_fields: fields }, body) => {
  const url = `${baseUrl(z, bundle.authData.relay_url)}/actions/${encodeURIComponent(name)}`;
  const response = await z.request({ url, method: 'POST', body, skipThrowForStatus: true });
  if (said(response).code === 'no_such_thing') return [];
  response.skipThrowForStatus = false;
  mapErrors(response, z);
  if (response.data.status !== 'succeeded') {
    throw new z.errors.Error('The source takes long to answer. Try again later.', 'still_running', 503);
  }
  const known = fields.some(({ key }) => response.data[key] !== null && response.data[key] !== undefined);
  return known ? [response.data] : [];
};

// What a user left empty is not sent.
const filled = (values) =>
  Object.fromEntries(
    Object.entries(values || {}).filter(
      ([, value]) => value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );

const YES_OR_NO = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

const typed = (type, value) => {
  if (type === 'boolean') return YES_OR_NO[String(value).toLowerCase()] ?? value;
  const isNumber = (type === 'number' || type === 'integer') && typeof value === 'string' && value.trim() !== '';
  return isNumber && Number.isFinite(Number(value)) ? Number(value) : value;
};

// What a user filled in, as the fields want it: a number that was mapped from a text is a number. What is none is sent
// as it is, and the relay says what it expected.
const inputOf = (fields, values) => {
  const given = Object.fromEntries(fields.map(({ key, type }) => [key, typed(type, (values || {})[key])]));
  return filled(given);
};

module.exports = { addKey, baseUrl, call, filled, inputOf, lookUp, mapErrors };
