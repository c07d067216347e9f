'use strict';

// Standard Webhooks (https://www.standardwebhooks.com): whether a delivery is the relay's own.

const crypto = require('node:crypto');

// Zapier hands headers over as `Http-Webhook-Id`.
const header = (raw, name) => {
  const wanted = [`http-${name}`, name];
  const found = Object.entries(raw.headers || {}).find(([key]) => wanted.includes(key.toLowerCase()));
  return found ? String(found[1]) : '';
};

const isGenuine = (raw, secret) => {
  const id = header(raw, 'webhook-id');
  const stamp = header(raw, 'webhook-timestamp');
  const signatures = header(raw, 'webhook-signature');
  if (!secret || !id || !stamp || !signatures || typeof raw.content !== 'string') return false;
  const key = Buffer.from(String(secret).replace(/^whsec_/, ''), 'base64');
  const expected = crypto.createHmac('sha256', key).update(`${id}.${stamp}.${raw.content}`).digest();
  return signatures.split(' ').some((each) => {
    const [version, encoded] = each.split(',');
    const offered = Buffer.from(encoded || '', 'base64');
    return version === 'v1' && offered.length === expected.length && crypto.timingSafeEqual(offered, expected);
  });
};

module.exports = { isGenuine };
