/**
 * Measures images on their way, beside a reference engine where TINYDOCKER_REFERENCE names one: `npm run bench images [-- --runs 3]`.
 * An image of 500 MB in 20,000 files is loaded, pulled from a registry on loopback as gzip and as zstd, saved, pushed and removed;
 * meanwhile the daemon is asked for an answer to a ping.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, cpSync, createReadStream, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ok } from '../helpers/api.js';
import { referencePid } from '../helpers/reference.js';
import { Registry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';
import { authHeader, linesOf } from '../helpers/transfer.js';
import { until } from '../helpers/until.js';
import { memoryOf, milliseconds } from './measure.js';
import { reference, type Side, tinydocker } from './sides.js';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '3' } } });
const runs = Number(values.runs);
const LAYERS = 5;
const FILES = 4000;
const DEEP = 100;

const digest = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

/** Bytes that compress to about half of themselves, as programs do. */
function pieces(): (size: number) => Buffer {
  const noise = randomBytes(4_000_000);
  const words = Array.from({ length: 2000 }, () => randomBytes(5).toString('hex'));
  const text = Buffer.from(Array.from({ length: 350_000 }, (_, i) => words[(i * 7919) % words.length]).join(' '));
  let turn = 0;
  return (size) => {
    const source = turn++ % 2 ? noise : text;
    const from = (turn * 104_729) % (source.length - size);
    return source.subarray(from, from + size);
  };
}

/** Writes an image as an archive. */
function writeArchive(path: string, tag: string, layers: Iterable<Buffer>): void {
  const fd = openSync(path, 'w');
  const append = (archive: Buffer) => writeSync(fd, archive, 0, archive.length - 1024);
  const digests: string[] = [];
  for (const layer of layers) {
    digests.push(digest(layer));
    append(tar([{ name: `blobs/sha256/${digests.at(-1)}`, content: layer }]));
  }
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : 'arm64',
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: { Cmd: ['x'] },
    rootfs: { type: 'layers', diff_ids: digests.map((hex) => `sha256:${hex}`) },
    history: digests.map(() => ({ created: '2024-01-01T00:00:00Z', created_by: 'bench' })),
  });
  append(tar([{ name: `blobs/sha256/${digest(config)}`, content: config }]));
  const paths = digests.map((hex) => `blobs/sha256/${hex}`);
  const list = [{ Config: `blobs/sha256/${digest(config)}`, RepoTags: [tag], Layers: paths }];
  const last = tar([{ name: 'manifest.json', content: JSON.stringify(list) }]);
  writeSync(fd, last);
  closeSync(fd);
}

function* largeLayers(): Generator<Buffer> {
  const piece = pieces();
  for (let layer = 0; layer < LAYERS; layer++) {
    const size = (i: number) => 1000 + ((i * 7919) % 48_000);
    yield tar(
      Array.from({ length: FILES }, (_, i) => ({ name: `l${layer}/d${i % 40}/f${i}`, content: piece(size(i)) })),
    );
  }
}

interface Measured {
  side: Side;
  registry: Registry;
}

const body = (path: string) => ({
  raw: createReadStream(path, { highWaterMark: 1 << 20 }),
  headers: { 'content-type': 'application/x-tar' },
});
const remove = ({ engine }: Side, name: string) => engine.api.delete(`/images/${name}`, { force: true });

async function transfer(work: Promise<{ status: number; text: string }>): Promise<void> {
  const reply = await work;
  const failed = linesOf(reply as never).find(({ error }) => error !== undefined);
  if (reply.status >= 400 || failed) throw new Error(failed?.error ?? reply.text);
}

/** The longest that a ping took while something goes on, in ms. */
async function pinged(side: Side, work: () => Promise<void>): Promise<{ ms: number; ping: number }> {
  let going = true;
  let ping = 0;
  const pings = (async () => {
    while (going) {
      ping = Math.max(ping, await milliseconds(() => side.engine.api.get('/_ping')));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const ms = await milliseconds(work);
  going = false;
  await pings;
  return { ms, ping };
}

const home = mkdtempSync(join(tmpdir(), 'tdt-bench-'));
const archive = join(home, 'large.tar');
const fresh = join(home, 'fresh.tar');
const deep = join(home, 'deep.tar');
writeArchive(archive, 'bench:large', largeLayers());
writeArchive(
  deep,
  'bench:deep',
  Array.from({ length: DEEP }, (_, i) => tar([{ name: `f${i}`, content: String(i) }])),
);

const own = await Registry.start();
for (const format of ['gzip', 'zstd']) {
  const options = ['--insecure-policy', '-q', '--dest-tls-verify=false', '--dest-compress-format', format];
  execFileSync('skopeo', ['copy', ...options, `docker-archive:${archive}`, `docker://${own.host}/bench:${format}`]);
}
const sides: Measured[] = [{ side: await tinydocker(), registry: own }];
const other = await reference();
if (other) {
  const theirs = await Registry.start({ enter: ['nsenter', '-t', String(referencePid()), '-n'] });
  cpSync(join(own.home, 'store'), join(theirs.home, 'store'), { recursive: true });
  sides.push({ side: other, registry: theirs });
}

type Step = [
  what: string,
  work: (measured: Measured) => Promise<void>,
  after?: (measured: Measured) => Promise<unknown>,
];
const STEPS: Step[] = [
  [
    'load',
    ({ side }) => transfer(side.engine.api.call('POST', '/images/load', body(archive))),
    ({ side }) => remove(side, 'bench:large'),
  ],
  ...['gzip', 'zstd'].map(
    (tag): Step => [
      `pull as ${tag}`,
      ({ side, registry }) =>
        transfer(
          side.engine.api.call('POST', '/images/create', {
            query: { fromImage: `${registry.host}/bench`, tag },
            headers: authHeader(),
          }),
        ),
      ({ side, registry }) => remove(side, `${registry.host}/bench:${tag}`),
    ],
  ),
  [
    'save',
    async ({ side }) => {
      const answer = await side.engine.api.open('GET', '/images/bench:large/get');
      for await (const _ of answer);
    },
  ],
  [
    'remove',
    async ({ side }) => void (await remove(side, 'bench:large')),
    ({ side }) => transfer(side.engine.api.call('POST', '/images/load', body(archive))),
  ],
  [
    'push',
    async ({ side, registry }) => {
      const repo = `${registry.host}/pushed`;
      await ok(side.engine.api.post('/images/bench:fresh/tag', undefined, { repo, tag: '1' }), 201);
      await transfer(
        side.engine.api.call('POST', `/images/${repo}/push`, { query: { tag: '1' }, headers: authHeader() }),
      );
      await side.engine.api.delete(`/images/${repo}:1`);
    },
  ],
  [
    `create on ${DEEP} layers`,
    async ({ side }) => {
      const { Id } = await ok<{ Id: string }>(
        side.engine.api.post('/containers/create', { Image: 'bench:deep', HostConfig: { NetworkMode: 'none' } }),
        201,
      );
      await ok(side.engine.api.delete(`/containers/${Id}`), 204);
    },
  ],
];

try {
  for (const { side } of sides) await transfer(side.engine.api.call('POST', '/images/load', body(deep)));
  for (const [what, work, after] of STEPS) {
    if (what === 'save') {
      for (const { side } of sides) await transfer(side.engine.api.call('POST', '/images/load', body(archive)));
    }
    const best = sides.map(() => ({ ms: Number.POSITIVE_INFINITY, ping: 0, memory: 0 }));
    if (what === 'push') {
      // A layer that an engine has pushed once, it knows to be there: one that nobody has seen, once.
      writeArchive(fresh, 'bench:fresh', largeLayers());
      for (const { side } of sides) await transfer(side.engine.api.call('POST', '/images/load', body(fresh)));
    }
    for (let run = 0; run < (what === 'push' ? 1 : runs); run++) {
      for (const [i, measured] of sides.entries()) {
        const { ms, ping } = await pinged(measured.side, () => work(measured));
        const { pss } = memoryOf(measured.side.owns);
        best[i] = {
          ms: Math.min(best[i]!.ms, ms),
          ping: Math.max(best[i]!.ping, ping),
          memory: Math.max(best[i]!.memory, pss),
        };
        await after?.(measured);
      }
    }
    const shown = best.map(
      ({ ms, ping, memory }, i) =>
        `${sides[i]!.side.name} ${ms.toFixed(0)} ms (ping ${ping.toFixed(0)} ms, ${(memory / 1024).toFixed(0)} MiB)`,
    );
    const ratio = best[1] ? `, ${(best[0]!.ms / best[1].ms).toFixed(2)} of it` : '';
    process.stdout.write(`${what}: ${shown.join(', ')}${ratio}\n`);
  }
} finally {
  for (const { side, registry } of sides) {
    for (const name of ['bench:large', 'bench:fresh', 'bench:deep']) await remove(side, name).catch(() => {});
    await registry.close();
    const trash = side.engine.daemon && join(side.engine.daemon.dataRoot, 'trash');
    if (trash) await until('the images are off the disk', () => readdirSync(trash).length === 0);
    await side.close();
  }
  rmSync(home, { recursive: true, force: true });
}
