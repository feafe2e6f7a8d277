// packages.mjs DIRECTORY: copies what node runs into DIRECTORY: the compiled code of the daemon and what it shares with the
// client, the client's bundle, and the packages that the daemon needs at run time, laid out as pnpm has laid them
// out: real ones in node_modules/.pnpm, all else links.
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const project = realpathSync(join(import.meta.dirname, '..'));
const destination = process.argv[2];

/** Packages that are there for the installation of others. */
const INSTALLERS = new Set(['prebuild-install']);
/** What no program reads: tests, types, documents, and what a native module was built from. */
const UNREAD_FILE = /\.(test\.js|d\.[mc]?ts|map|tsbuildinfo|md|markdown|o|a|d|mk|stamp)$|test_extension/;
const UNREAD_DIRECTORY =
  /^(test|tests|docs|examples?|benchmarks?|deps|prebuilds|build\/Release\/(obj(\.target)?|\.deps))$/;

/** Copies `path` (from the project) without what is not read. */
function copy(path) {
  const top = join(project, path);
  cpSync(top, join(destination, path), {
    recursive: true,
    filter: (source) => !UNREAD_FILE.test(source) && !UNREAD_DIRECTORY.test(relative(top, source)),
  });
}

/** The links in a node_modules directory, those in scopes as `@scope/name`. */
function links(directory) {
  const names = readdirSync(directory).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(directory, name)).map((inner) => join(name, inner)) : [name],
  );
  return names.filter((name) => lstatSync(join(directory, name)).isSymbolicLink());
}

const brought = new Set();

/** Makes the link `name` of a node_modules directory (from the project), and brings what it leads to. */
function bring(directory, name) {
  const link = join(directory, name);
  mkdirSync(dirname(join(destination, link)), { recursive: true });
  symlinkSync(readlinkSync(join(project, link)), join(destination, link));
  const real = relative(project, realpathSync(join(project, link)));
  if (brought.has(real) || !real.startsWith('node_modules/.pnpm/')) return;
  brought.add(real);
  copy(real);
  const siblings = real.slice(0, real.lastIndexOf('/node_modules/') + '/node_modules'.length);
  for (const next of links(join(project, siblings))) {
    if (!INSTALLERS.has(next) && !next.startsWith('@types/')) bring(siblings, next);
  }
}

for (const name of ['shared', 'daemon']) {
  copy(`${name}/dist`);
  cpSync(join(project, name, 'package.json'), join(destination, name, 'package.json'));
  const { dependencies } = JSON.parse(readFileSync(join(project, name, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(dependencies)) bring(`${name}/node_modules`, dependency);
}
for (const part of ['tdctl.cjs', 'tdctl.bundle', 'tdctl.cache']) copy(`client/dist/${part}`);
