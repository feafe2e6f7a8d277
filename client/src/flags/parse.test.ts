import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../errors.js';
import { parseFlags } from './parse.js';
import { bool, bytes, cpus, filter, int, list, text } from './types.js';

const FLAGS = {
  detach: bool('', 'd'),
  interactive: bool('', 'i'),
  tty: bool('', 't'),
  'sig-proxy': bool('', undefined, true),
  env: list('', 'e'),
  name: text(''),
  user: text('', 'u'),
  memory: bytes('', 'm'),
  cpus: cpus(''),
  last: int('', 'n'),
  filter: filter(''),
};

const parse = (line: string, interspersed?: boolean) =>
  parseFlags(FLAGS, line.split(' ').filter(Boolean), interspersed);

test('every way to write a flag', () => {
  for (const line of ['--user root', '--user=root', '-u root', '-uroot', '-u=root', '-itu root', '-ituroot']) {
    assert.equal(parse(line).values.user, 'root', line);
  }
  const { values } = parse('-it --detach --sig-proxy=false -e A=1 --env B=2 -eC -n -1');
  assert.deepEqual([values.interactive, values.tty, values.detach, values['sig-proxy']], [true, true, true, false]);
  assert.deepEqual(values.env, ['A=1', 'B=2', 'C']);
  assert.equal(values.last, -1);
});

test('switches take a value with = only, and may be taken back', () => {
  assert.equal(parse('-d -d=false').values.detach, false);
  const { values, args } = parse('--detach false');
  assert.equal(values.detach, true);
  assert.deepEqual(args, ['false']);
});

test('a value may begin with a dash', () => {
  assert.equal(parse('--name --detach').values.name, '--detach');
  assert.equal(parse('--name --detach').values.detach, false);
});

test('flags after the first argument belong to the command inside, unless they are interspersed', () => {
  assert.deepEqual(parse('-d busybox ls -d --name x', false).args, ['busybox', 'ls', '-d', '--name', 'x']);
  const mixed = parse('one -d two --name x -- --tty');
  assert.deepEqual(mixed.args, ['one', 'two', '--tty']);
  assert.deepEqual([mixed.values.detach, mixed.values.tty], [true, false]);
  assert.deepEqual(parse('-d -- -x y', false).args, ['-x', 'y']);
  assert.deepEqual(parse('a - b').args, ['a', '-', 'b']);
});

test('what was given is told from what is so by default', () => {
  assert.deepEqual([...parse('--sig-proxy=true -d').given].sort(), ['detach', 'sig-proxy']);
});

test('mistakes are worded as Docker words them', () => {
  const cases: [string, string][] = [
    ['--foo', 'unknown flag: --foo'],
    ['--foo=1', 'unknown flag: --foo'],
    ['-dz', "unknown shorthand flag: 'z' in -z"],
    ['--name', 'flag needs an argument: --name'],
    ['-ie', "flag needs an argument: 'e' in -e"],
    ['--=x', 'bad flag syntax: --=x'],
    ['-m x', `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`],
    ['--cpus x', 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
    ['-d=x', 'invalid argument "x" for "-d, --detach" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    ['-n 1.5', 'invalid argument "1.5" for "-n, --last" flag: strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['-f x', 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'],
    ['--constructor', 'unknown flag: --constructor'],
  ];
  for (const [line, message] of cases) assert.throws(() => parse(line), new UsageError(message), line);
});

test('values of their own kinds', () => {
  assert.equal(parse('-m 1.5g').values.memory, 1.5 * 1024 ** 3);
  assert.equal(parse('--cpus 1.5').values.cpus, 1_500_000_000);
  assert.equal(parse('--cpus .000000001').values.cpus, 1);
  assert.throws(() => parse('--cpus 0.0000000001'), /value is too precise/);
  const { filter } = parse('-f label=a=b -f Label=c -f status=running').values;
  assert.deepEqual(filter, { label: ['a=b', 'c'], status: ['running'] });
});
