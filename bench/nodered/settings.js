// Loopback only, in memory, no editor, nothing phoned home.
module.exports = {
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.BENCH_PORT),
  httpAdminRoot: false,
  flowFile: 'flows.json',
  userDir: process.env.BENCH_DIR,
  functionExternalModules: false,
  functionGlobalContext: { crypto: require('crypto') },
  telemetry: { enabled: false, updateNotification: false },
  httpRequestTimeout: 15000,
  apiMaxLength: '1mb',
  logging: { console: { level: 'warn', metrics: false, audit: false } },
};
