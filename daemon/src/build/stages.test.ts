import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GlobalArguments, StageArguments } from './arguments.js';
import { parseCopy } from './copy-words.js';
import { parseDockerfile } from './dockerfile.js';
import { parseRun } from './run-words.js';
import { planStages } from './stages.js';

const globals = (given: Record<string, string> = {}) =>
  new GlobalArguments(new Map(Object.entries(given)), 'linux/amd64', 'linux/arm64/v8', '');
const plan = (text: string, target = '', given: Record<string, string> = {}) =>
  planStages(parseDockerfile(text), globals(given), target);
const fails = (text: string, message: string | RegExp, target = '') =>
  assert.throws(() => plan(text, target), { kind: 'invalid', message });
const plain = { lookup: (name: string) => ({ A: 'one' })[name], escape: '\\' };
const instruction = (text: string) => parseDockerfile(text).instructions[0]!;

test('stages, what they begin with, and which are needed', () => {
  const text = [
    'ARG V=1',
    'FROM image:$V AS Base',
    'FROM scratch AS unused',
    'FROM base AS next',
    'RUN --mount=type=bind,from=tools,target=/t x',
    'FROM other',
    'COPY --from=0 /a /a',
    'COPY --from=some/image:1 /b /b',
  ].join('\n');
  const all = plan(text.replace('FROM scratch AS unused', 'FROM scratch AS tools'));
  assert.deepEqual(all.stages.map(({ image, base, name }) => [image, base, name]), [
    ['image:1', undefined, 'base'],
    ['', undefined, 'tools'],
    ['base', 0, 'next'],
    ['other', undefined, undefined],
  ]);
  assert.deepEqual([all.target, all.needed], [3, [0, 3]]);
  assert.deepEqual(plan(text.replace('unused', 'tools'), 'NEXT').needed, [0, 1, 2]);
  assert.deepEqual(plan(text, '1').needed, [1]);
  assert.equal(plan(text, 'base', { V: '2' }).stages[0]!.image, 'image:2');
  assert.equal(plan('FROM --platform=$BUILDPLATFORM x').stages[0]!.platform, 'linux/amd64');
});

test('what is wrong with stages', () => {
  fails('RUN x', 'no build stage in current context');
  fails('ENV a=b\nFROM x', 'no build stage in current context');
  fails('FROM a b', /line 1: FROM requires either one or three arguments/);
  fails('FROM a AS 1b', /invalid name for build stage: "1b"/);
  fails('FROM $NONE', /base name \(\$NONE\) should not be blank/);
  fails('FROM x', 'target stage "y" could not be found', 'y');
  fails('FROM x\nENV a', 'failed to parse Dockerfile: ENV must have two arguments');
  fails('FROM x\nCOPY a', /COPY requires at least two arguments/);
  fails('FROM x\nCOPY --checksum=x a b', 'dockerfile parse error on line 2: unknown flag: --checksum');
  fails('FROM x\nRUN --mont=x y', /unknown flag: --mont \(did you mean mount\?\)/);
});

test('who sees which argument', () => {
  const all = globals({ A: 'given', HTTP_PROXY: 'p', unused: '1', TARGETARCH: 'mine' });
  all.declare('A', 'default');
  all.declare('G', 'global');
  const stage = new StageArguments(all);
  assert.equal(stage.lookup('A'), undefined);
  assert.equal(stage.declare('A', 'other'), 'given');
  assert.equal(stage.declare('G', undefined), 'global');
  assert.equal(stage.declare('G2', 'own'), 'own');
  assert.equal(stage.declare('TARGETPLATFORM', undefined), 'linux/arm64/v8');
  assert.equal(stage.declare('NONE', undefined), undefined);
  assert.deepEqual(stage.values, [
    ['A', 'given'],
    ['G', 'global'],
    ['G2', 'own'],
    ['TARGETPLATFORM', 'linux/arm64/v8'],
  ]);
  assert.deepEqual(stage.hidden, [['HTTP_PROXY', 'p']]);
  assert.deepEqual(all.unused, ['TARGETARCH', 'unused']);
  const below = new StageArguments(all, stage);
  assert.equal(below.lookup('G2'), 'own');
  below.declare('HTTP_PROXY', undefined);
  assert.deepEqual(below.hidden, []);
  assert.equal(stage.lookup('HTTP_PROXY'), undefined);
});

test('COPY and ADD', () => {
  const copy = parseCopy(instruction('COPY --from=x --chown=$A:2 --chmod=0640 a "$A" /d/'), plain);
  assert.deepEqual([copy.from, copy.chown, copy.chmod, copy.sources, copy.destination], ['x', 'one:2', '0640', ['a', 'one'], '/d/']);
  assert.deepEqual(parseCopy(instruction('COPY ["a b", "c"]'), plain).sources, ['a b']);
  const text = parseCopy(instruction(`COPY <<a <<'b' c /d/\n"$A" it's\na\n$A\nb`), plain);
  assert.deepEqual(text.files, [
    { name: 'a', content: `"one" it's\n` },
    { name: 'b', content: '$A\n' },
  ]);
  assert.deepEqual(text.sources, ['c']);
  const wrong = (line: string, message: RegExp) => assert.throws(() => parseCopy(instruction(line), plain), { message });
  wrong('COPY a b /c', /destination must be a directory and end with a \//);
  wrong('COPY --chmod=9 a b', /invalid chmod parameter/);
  wrong('COPY --link=maybe a b', /expecting boolean value for flag --link/);
  wrong('ADD --from=x a b', /unknown flag: --from/);
});

test('mounts of RUN', () => {
  const run = (flags: string) => parseRun(instruction(`RUN ${flags} x`), plain, '/w');
  const [bind, cache, tmpfs, secret, ssh] = run(
    '--mount=target=t,source=s,from=f --mount=type=cache,id=c,dst=/c,sharing=locked,uid=5,mode=0700 --mount=type=tmpfs,target=/m,size=1m --mount=type=secret,id=$A,required --mount=type=ssh',
  ).mounts;
  assert.deepEqual([bind!.type, bind!.target, bind!.source, bind!.from, bind!.readOnly], ['bind', '/w/t', 's', 'f', true]);
  assert.deepEqual([cache!.id, cache!.target, cache!.sharing, cache!.uid, cache!.mode, cache!.readOnly], ['c', '/c', 'locked', 5, 0o700, false]);
  assert.equal(tmpfs!.size, 1024 * 1024);
  assert.deepEqual([secret!.id, secret!.target, secret!.required], ['one', '/run/secrets/one', true]);
  assert.deepEqual([ssh!.id, ssh!.target], ['default', '/run/buildkit/ssh_agent.default']);
  assert.equal(run('--mount=type=bind,target=/a,rw').mounts[0]!.readOnly, false);
  assert.equal(run('--network=none').network, 'none');
  const wrong = (flags: string, message: RegExp) => assert.throws(() => run(flags), { message });
  wrong('--network=x', /unsupported network mode "x"/);
  wrong('--security=insecure', /without privileges only/);
  wrong('--mount=type=foo,target=/a', /unsupported mount type "foo"/);
  wrong('--mount=type=bind', /invalid mount target/);
  wrong('--mount=target=/a,what=1', /unexpected key 'what'/);
  const variable = run('--mount=type=secret,id=a,env=X').mounts[0]!;
  assert.deepEqual([variable.env, variable.target], ['X', '']);
  wrong('--mount=type=secret,id=a,env=1=2', /invalid name of a variable/);
});
