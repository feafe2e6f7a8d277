import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import { applyInstructions } from './instructions.js';

const apply = (changes: string[], config: ImageConfig = {}) =>
  applyInstructions(config, changes, (text) => /^(SIG)?(TERM|KILL|9)$/.test(text));
const fails = (change: string, message: string) => assert.throws(() => apply([change]), { kind: 'invalid', message });

test('commands as lists and as text for the shell', () => {
  assert.deepEqual(apply(['CMD ["a", "b c"]']).Cmd, ['a', 'b c']);
  assert.deepEqual(apply(['cmd a "b c" $X']).Cmd, ['/bin/sh', '-c', 'a "b c" $X']);
  assert.deepEqual(apply(['CMD a'], { Shell: ['/bin/ash', '-e'] }).Cmd, ['/bin/ash', '-e', 'a']);
  assert.deepEqual(apply(['CMD'], { Cmd: ['x'] }).Cmd, []);
  assert.deepEqual(apply(['ENTRYPOINT ["e"]'], { Cmd: ['x'] }), { Entrypoint: ['e'], Cmd: null });
  assert.deepEqual(apply(['CMD ["c"]', 'ENTRYPOINT ["e"]'], { Cmd: ['x'] }), { Entrypoint: ['e'], Cmd: ['c'] });
});

test('variables: pairs, the older form, quotes, and what is put in', () => {
  assert.deepEqual(apply([`ENV A=b C="d e" F='g $A' H=i\\ j`]).Env, ['A=b', 'C=d e', 'F=g $A', 'H=i j']);
  assert.deepEqual(apply(['ENV A some text'], { Env: ['A=old', 'B=1'] }).Env, ['A=some text', 'B=1']);
  const braced = 'ENV P=$A/x:$<A:-none>:$<N:-none>:$<A:+yes>:\\$A'.replaceAll('<', '{').replaceAll('>', '}');
  assert.deepEqual(apply([braced, 'ENV Q="$P"'], { Env: ['A=1'] }).Env, [
    'A=1',
    'P=1/x:1:none:yes:$A',
    'Q=1/x:1:none:yes:$A',
  ]);
  assert.deepEqual(apply(['ENV A=$B B=2'], { Env: ['B=1'] }).Env, ['B=2', 'A=1']);
});

test('labels, ports, volumes, user, directory, signal, triggers', () => {
  assert.deepEqual(apply(['LABEL a=1 "b c"="d e"', 'LABEL a=2']).Labels, { a: '2', 'b c': 'd e' });
  assert.deepEqual(apply(['EXPOSE 80 53/udp 8000-8001/tcp $P'], { Env: ['P=90 91/TCP'] }).ExposedPorts, {
    '80/tcp': {},
    '53/udp': {},
    '8000/tcp': {},
    '8001/tcp': {},
    '90/tcp': {},
    '91/tcp': {},
  });
  assert.deepEqual(apply(['VOLUME /a /b', 'VOLUME ["/c d"]']).Volumes, { '/a': {}, '/b': {}, '/c d': {} });
  assert.equal(apply(['USER www-data:adm']).User, 'www-data:adm');
  assert.equal(apply(['WORKDIR /a', 'WORKDIR b', 'WORKDIR ../c']).WorkingDir, '/a/c');
  assert.equal(apply(['STOPSIGNAL SIGTERM']).StopSignal, 'SIGTERM');
  assert.deepEqual(apply(['ONBUILD RUN x && y']).OnBuild, ['RUN x && y']);
});

test('health checks', () => {
  assert.deepEqual(apply(['HEALTHCHECK --interval=5s --retries=3 CMD true']).Healthcheck, {
    Interval: 5e9,
    Retries: 3,
    Test: ['CMD-SHELL', 'true'],
  });
  assert.deepEqual(apply(['HEALTHCHECK CMD ["a","b"]']).Healthcheck, { Test: ['CMD', 'a', 'b'] });
  assert.deepEqual(apply(['HEALTHCHECK none']).Healthcheck, { Test: ['NONE'] });
});

test('a change may be several lines', () => {
  assert.deepEqual(apply(['# a comment\nENV A=1 \\\n  B=2\nUSER x']), { Env: ['A=1', 'B=2'], User: 'x' });
});

test('what is given stays as it was', () => {
  const config: ImageConfig = { Env: ['A=1'], Labels: { a: 'b' } };
  apply(['ENV A=2', 'LABEL a=c'], config);
  assert.deepEqual(config, { Env: ['A=1'], Labels: { a: 'b' } });
});

test('what is wrong, in Docker’s words', () => {
  fails('FOO x', 'FOO is not a valid change command');
  fails('run x', 'RUN is not a valid change command');
  fails('constructor', 'CONSTRUCTOR is not a valid change command');
  fails('', 'file with no instructions');
  fails('ENV', 'ENV requires at least one argument');
  fails('ENV A', 'ENV must have two arguments');
  fails('ENV A=1 B', 'Syntax error - can\'t find = in "B". Must be of the form: name=value');
  fails('LABEL a', 'LABEL must have two arguments');
  fails('EXPOSE abc', 'Invalid containerPort: abc');
  fails('EXPOSE 70000', 'Invalid containerPort: 70000');
  fails('WORKDIR', 'WORKDIR requires exactly one argument');
  fails('USER', 'USER requires exactly one argument');
  fails('VOLUME', 'VOLUME requires at least one argument');
  fails('HEALTHCHECK', 'HEALTHCHECK requires at least one argument');
  fails('HEALTHCHECK foo', 'Unknown type "FOO" in HEALTHCHECK (try CMD)');
  fails('HEALTHCHECK CMD', 'missing command after HEALTHCHECK CMD');
  fails('STOPSIGNAL foo', 'invalid signal: foo');
  fails('ONBUILD', 'ONBUILD requires at least one argument');
  fails('ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger");
});
