// Imports run downward only; each rule says why.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}` },
  to: {
    path: '^(shared|daemon|client|test)/',
    pathNot: [`^${from}`, '^shared/', ...allowed.map((a) => `^daemon/src/${a}`)],
  },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'a cycle has no bottom to start reading at',
      from: {},
      to: { circular: true },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('shared-stands-alone', 'shared/src', [], 'shared is what both sides of the socket say: it knows neither side'),
    only('client-is-a-guest', 'client/src', [], 'client and daemon meet only in shared'),
    only('lib-is-the-bottom', 'daemon/src/lib', [], 'lib is imported by everyone, so it imports nobody'),
    only('kernel-is-thin', 'daemon/src/kernel', ['lib'], 'kernel holds system calls and no policy'),
    only('store-is-sql', 'daemon/src/store', ['lib'], 'store is SQL and nothing else'),
    only(
      'runtime-alone',
      'daemon/src/runtime',
      ['kernel', 'lib'],
      'the engines never import each other: services combine them',
    ),
    only(
      'image-alone',
      'daemon/src/image',
      ['kernel', 'lib'],
      'the engines never import each other: services combine them',
    ),
    only(
      'build-alone',
      'daemon/src/build',
      ['kernel', 'lib'],
      'the engines never import each other: services combine them',
    ),
    only(
      'network-alone',
      'daemon/src/network',
      ['kernel', 'lib'],
      'the engines never import each other: services combine them',
    ),
    only(
      'services',
      'daemon/src/services',
      ['build', 'runtime', 'image', 'network', 'volume', 'store', 'kernel', 'lib', 'config', 'paths', 'deps'],
      'services are use cases: they know no HTTP',
    ),
    only(
      'api',
      'daemon/src/api',
      ['services', 'lib', 'deps', 'kernel/socket', 'runtime/connection'],
      'api decodes, makes one service call, encodes; hijack.ts hands over descriptors',
    ),
    {
      name: 'koffi-in-kernel',
      severity: 'error',
      comment: 'koffi is called in kernel only',
      from: { pathNot: '^daemon/src/kernel' },
      to: { path: 'node_modules/koffi' },
    },
    {
      name: 'sql-in-store',
      severity: 'error',
      comment: 'SQL is written in store only',
      from: { path: '^daemon', pathNot: '^daemon/src/store' },
      to: { path: 'node_modules/better-sqlite3' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
