// Builds tdctl: dist/tdctl.cjs (what is run), dist/tdctl.bundle (all of its code in one file) and dist/tdctl.cache (V8's compiled
// form of that). CommonJS and the cache together halve what a short command takes beyond Node's own start.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const here = import.meta.dirname;
const dist = `${here}/dist`;

await build({
  entryPoints: [`${here}/src/main.ts`],
  outfile: `${dist}/tdctl.bundle`,
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  // One function, called by boot.cjs with what a module is given.
  banner: { js: '(function (require, module, exports) {' },
  footer: { js: '})' },
  // import() of what is in the bundle or in Node becomes require(): no loader of modules is started for it.
  supported: { 'dynamic-import': false },
  charset: 'ascii',
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
});
copyFileSync(`${here}/scripts/boot.cjs`, `${dist}/tdctl.cjs`);
rmSync(`${dist}/tdctl.cache`, { force: true });
execFileSync(process.execPath, [`${here}/scripts/compile-cache.cjs`, dist], { stdio: ['ignore', 'ignore', 'inherit'] });
