// Builds dist/tinydockerd.mjs: all code of the daemon in one file, but the native modules. One file is read and compiled in half the
// time of its four hundred, and takes a sixth less memory. The client of registries has a file of its own beside it, dist/undici.mjs: the text
// alone of a file that is loaded is memory, and most daemons are idle most of the time.
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

const dist = `${import.meta.dirname}/dist`;

/**
 * What fastify brings along for those who give it no compilers of schemas, for tests without a socket, and for OpenAPI pages in YAML;
 * what pino brings for transports in threads of their own. Nothing of it is ever called here.
 */
const UNUSED =
  /^(@fastify\/ajv-compiler|@fastify\/fast-json-stringify-compiler|light-my-request|yaml|thread-stream|pino-abstract-transport)$/;

const unused = {
  name: 'unused',
  setup(builder) {
    builder.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }));
    builder.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error('${path} is not in this file') };`,
    }));
  },
};

/**
 * undici 7 ends the whole process where a server hangs up while its answer waits to be read (nodejs/undici#5360: an assertion in an event
 * handler); undici 8, which is mended, needs a newer Node.js. What has been received is parsed to its end instead.
 */
const PAUSED = `    assert(!this.paused)

    const { llhttp } = this

    let ret
`;
const RESUMED = `    for (let more = true; this.paused; ) {
      this.llhttp.llhttp_resume(this.ptr)
      this.paused = false
      if (!more) break
      const chunk = this.socket.read()
      more = chunk !== null
      this.execute(chunk ?? EMPTY_BUF)
    }

    const { llhttp } = this

    let ret
`;

const mended = {
  name: 'mended',
  setup(builder) {
    builder.onLoad({ filter: /undici\/lib\/dispatcher\/client-h1\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const at = text.indexOf(PAUSED);
      if (at < 0 || text.lastIndexOf('finish () {', at) < at - 200) {
        throw new Error(`${path} has changed: look whether it still needs mending`);
      }
      return { contents: text.replace(PAUSED, RESUMED) };
    });
  },
};

/** What is called of undici; its index brings along fetch, WebSockets, mocks and caches, and takes three times as long to load. */
const REQUESTS = `
import Agent from 'undici/lib/dispatcher/agent.js';
import send from 'undici/lib/api/api-request.js';
export { Agent };
export const request = (url, { dispatcher, ...options }) =>
  send.call(dispatcher, { ...options, origin: url.origin, path: url.pathname + url.search });
`;

/** Loaded with the first request to a registry, from a file of its own. */
const apart = {
  name: 'apart',
  setup(builder) {
    builder.onResolve({ filter: /^undici$/ }, () => ({ path: './undici.mjs', external: true }));
  },
};

/** TypeBox does not say that its modules do nothing when they are loaded: without that, all of them come along. */
const used = {
  name: 'used',
  setup(builder) {
    builder.onResolve({ filter: /^typebox$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === used) return undefined;
      const found = await builder.resolve(path, { kind, importer, resolveDir, pluginData: used });
      return { path: found.path, sideEffects: false };
    });
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'esm',
  // Packages that are CommonJS require() what is Node's.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

await Promise.all([
  build({
    ...common,
    entryPoints: [`${dist}/main.js`],
    outfile: `${dist}/tinydockerd.mjs`,
    external: ['koffi', 'better-sqlite3'],
    plugins: [unused, apart, used],
  }),
  build({
    ...common,
    stdin: { contents: REQUESTS, resolveDir: import.meta.dirname },
    outfile: `${dist}/undici.mjs`,
    plugins: [mended],
  }),
]);
