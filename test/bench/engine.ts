/**
 * Measures tinydocker, beside a reference engine where TINYDOCKER_REFERENCE names one: `npm run bench [-- --runs 30]
 * [--only lifecycle,exec]`. Read the ratios rather than the times, which are the machine's.
 */
import { parseArgs } from 'node:util';
import { ok } from '../helpers/api.js';
import { buildArchive, contextTar } from '../helpers/build.js';
import { inTurns, type Memory, median, memoryOf, milliseconds } from './measure.js';
import { reference, run, type Side, tinydocker } from './sides.js';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '30' }, only: { type: 'string' } } });
const runs = Number(values.runs);
const only = values.only?.split(',');

async function lifecycle({ engine }: Side): Promise<void> {
  const id = await engine.create({ Cmd: ['true'] });
  await engine.start(id);
  await engine.wait(id);
  // Not engine.remove(), which waits for what nobody but a test waits for.
  await ok(engine.api.delete(`/containers/${id}`, { force: true }), 204);
}

async function execute({ engine }: Side, id: string): Promise<void> {
  const { exitCode } = await engine.exec(id, ['true']);
  if (exitCode !== 0) throw new Error(`exec of true ended with ${exitCode}`);
}

/** Runs 40 lives, 8 at a time. @returns ms for one */
async function parallel(side: Side): Promise<number> {
  let left = 40;
  const worker = async () => {
    while (left-- > 0) await lifecycle(side);
  };
  return (await milliseconds(() => Promise.all(Array.from({ length: 8 }, worker)))) / 40;
}

/** What ten more running containers take of the engine's memory, for one of them. */
async function memory(side: Side, fits: Side['owns'], field: keyof Memory): Promise<number> {
  await lifecycle(side);
  const before = memoryOf(fits);
  const ids = await Promise.all(Array.from({ length: 10 }, () => side.engine.launch({ Cmd: ['sleep', '600'] })));
  const after = memoryOf(fits);
  for (const id of ids) await side.engine.remove(id);
  return (after[field] - before[field]) / ids.length;
}

/** Ten steps: five commands, two copies, a directory, two that change the configuration only. */
const tenSteps = (image: string): Buffer =>
  contextTar(
    [
      `FROM ${image}`,
      ...[1, 2, 3].map((n) => `RUN echo ${n} >/${n}`),
      ...['COPY a /a', 'COPY b /b', 'LABEL tdt=bench', 'RUN echo 4 >/4', 'RUN echo 5 >/5', 'WORKDIR /w', 'CMD ["x"]'],
    ].join('\n'),
    { a: 'a'.repeat(1000), b: 'b'.repeat(100_000) },
  );

async function build({ engine }: Side, query: { nocache?: number } = {}): Promise<void> {
  const { error } = await buildArchive(engine.api, tenSteps(engine.image), query);
  if (error !== undefined) throw new Error(`build: ${error}`);
}

/** Takes away what builds have left without a name. */
async function removeBuilt(sides: Side[]): Promise<void> {
  const filters = JSON.stringify({ dangling: ['true'], label: ['tdt=bench'] });
  for (const { engine } of sides) await ok(engine.api.post('/images/prune', undefined, { filters }));
}

const each = async (sides: Side[], measure: (side: Side) => Promise<number>): Promise<number[]> => {
  const results: number[] = [];
  for (const side of sides) results.push(await measure(side));
  return results;
};

const MEASURES: Record<string, { what: string; unit: string; measure: (sides: Side[]) => Promise<number[]> }> = {
  lifecycle: {
    what: 'create, start, wait, remove; no network',
    unit: 'ms',
    measure: (sides) =>
      inTurns(
        runs,
        sides.map((side) => () => lifecycle(side)),
      ),
  },
  parallel: {
    what: 'the same, 40 of them 8 at a time, for one',
    unit: 'ms',
    measure: (sides) =>
      each(sides, async (side) => median([await parallel(side), await parallel(side), await parallel(side)])),
  },
  exec: {
    what: 'exec create, start to the end of its stream, inspect',
    unit: 'ms',
    measure: async (sides) => {
      const ids = new Map<Side, string>();
      for (const side of sides) ids.set(side, await side.engine.launch({ Cmd: ['sleep', '600'] }));
      return inTurns(
        runs,
        sides.map((side) => () => execute(side, ids.get(side)!)),
      );
    },
  },
  list: {
    what: 'list 100 created containers',
    unit: 'ms',
    measure: async (sides) => {
      const made: [Side, string][] = [];
      for (const side of sides)
        for (let i = 0; i < 100; i++) made.push([side, await side.engine.create({ Cmd: ['true'] })]);
      const times = await inTurns(
        runs,
        sides.map((side) => () => ok(side.engine.api.get('/containers/json', { all: 1 }))),
      );
      for (const [side, id] of made) await side.engine.remove(id);
      return times;
    },
  },
  memory: {
    what: 'memory a running container, proportional',
    unit: 'KiB',
    measure: (sides) => each(sides, (side) => memory(side, side.owns, 'pss')),
  },
  'memory-shim': {
    what: 'private pages of the process beside it',
    unit: 'KiB',
    measure: (sides) => each(sides, (side) => memory(side, side.isShim, 'own')),
  },
  'memory-idle': {
    what: 'memory of the idle engine, proportional',
    unit: 'KiB',
    measure: (sides) => each(sides, async (side) => memoryOf(side.owns).pss),
  },
  build: {
    what: 'a build of ten steps, without cache',
    unit: 'ms',
    measure: (sides) =>
      inTurns(
        Math.ceil(runs / 5),
        sides.map((side) => () => build(side, { nocache: 1 })),
      ).finally(() => removeBuilt(sides)),
  },
  'build-cached': {
    what: 'the same, all of it cached',
    unit: 'ms',
    measure: (sides) =>
      inTurns(
        runs,
        sides.map((side) => () => build(side)),
      ).finally(() => removeBuilt(sides)),
  },
  command: {
    what: 'run --rm busybox true, the whole command',
    unit: 'ms',
    measure: (sides) =>
      inTurns(
        runs,
        sides.map((side) => () => side.command('run', '--rm', '--network', 'none', side.engine.image, 'true')),
      ),
  },
  'command-version': {
    what: 'version, the whole command',
    unit: 'ms',
    measure: (sides) =>
      inTurns(
        runs,
        sides.map((side) => () => side.command('version')),
      ),
  },
  node: {
    what: 'node -e 0, for comparison',
    unit: 'ms',
    measure: () => inTurns(runs, [() => run(process.execPath, ['-e', '0'])]),
  },
};

const sides = [await tinydocker(), await reference()].filter((side) => side !== undefined);
try {
  console.log(
    `${'measure'.padEnd(62)}${sides.map(({ name }) => name.padStart(12)).join('')}${sides.length > 1 ? '       ratio' : ''}`,
  );
  for (const [name, { what, unit, measure }] of Object.entries(MEASURES)) {
    if (only !== undefined && !only.includes(name)) continue;
    const [mine, theirs] = await measure(sides);
    const cells = [mine, theirs]
      .filter((value) => value !== undefined)
      .map((value) => value.toFixed(value < 100 ? 2 : 0).padStart(12));
    const ratio = mine !== undefined && theirs !== undefined ? `1/${(theirs / mine).toFixed(1)}`.padStart(12) : '';
    console.log(`${`${name}: ${what} (${unit})`.padEnd(62)}${cells.join('')}${ratio}`);
  }
} finally {
  for (const side of sides) await side.close();
}
