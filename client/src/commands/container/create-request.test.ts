import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseFlags } from '../../flags/parse.js';
import { CREATE_FLAGS } from './create-flags.js';
import { createRequest } from './create-request.js';

const directory = mkdtempSync(join(tmpdir(), 'tdctl-'));
after(() => rmSync(directory, { recursive: true }));

/** The request as it goes over the wire. */
function request(...argv: string[]): Record<string, unknown> & { HostConfig: Record<string, unknown> } {
  const { values, args } = parseFlags(CREATE_FLAGS, argv, false);
  const [image, ...command] = args;
  return JSON.parse(JSON.stringify(createRequest({ flags: values, image: image!, command, env: { HOME: '/h' } })));
}

test('an image alone says nothing else', () => {
  assert.deepEqual(request('busybox'), { Image: 'busybox', AttachStdout: true, AttachStderr: true, HostConfig: {} });
});

test('flags after the image are the command', () => {
  assert.deepEqual(request('busybox', 'ls', '-t', '--name', 'x').Cmd, ['ls', '-t', '--name', 'x']);
});

test('what goes with the container', () => {
  const { HostConfig: _, ...config } = request(
    ...[
      '-it',
      '-h',
      'host',
      '--domainname',
      'd',
      '-u',
      '1:2',
      '-w',
      '/w',
      '--entrypoint',
      '/e',
      '--stop-signal',
      'HUP',
    ],
    ...['--stop-timeout', '3', '-l', 'a=b', '-l', 'c', '-v', '/anonymous', 'busybox', 'x'],
  );
  assert.deepEqual(config, {
    ...{
      Image: 'busybox',
      Cmd: ['x'],
      Entrypoint: ['/e'],
      User: '1:2',
      WorkingDir: '/w',
      Hostname: 'host',
      Domainname: 'd',
    },
    ...{ Labels: { a: 'b', c: '' }, Tty: true, OpenStdin: true, StdinOnce: true, Volumes: { '/anonymous': {} } },
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, StopSignal: 'HUP', StopTimeout: 3 },
  });
});

test('what depends on the host', () => {
  const { HostConfig } = request(
    ...[
      '--rm',
      '--init',
      '--privileged',
      '--read-only',
      '-m',
      '64m',
      '--memory-swap',
      '-1',
      '--cpus',
      '0.5',
      '-c',
      '512',
    ],
    ...[
      '--pids-limit',
      '-1',
      '--network',
      'none',
      '--cap-add',
      'NET_ADMIN',
      '--cap-drop',
      'ALL',
      '--group-add',
      'audio',
    ],
    ...['--security-opt', 'no-new-privileges', '--tmpfs', '/t:size=1m', '--tmpfs', '/u', '--ulimit', 'nofile=1:2'],
    ...['--add-host', 'a:1.2.3.4', '--add-host', 'b=::1', '--shm-size', '32m', '--sysctl', 'a.b=1', '--pid', 'host'],
    ...[
      '--log-driver',
      'local',
      '--log-opt',
      'max-size=1m',
      '-v',
      '/a:/b:ro',
      '-v',
      'vol:/c',
      '-v',
      './d:/d',
      'busybox',
    ],
  );
  assert.deepEqual(HostConfig, {
    ...{ AutoRemove: true, Init: true, Privileged: true, ReadonlyRootfs: true, Memory: 64 * 1024 ** 2, MemorySwap: -1 },
    ...{
      NanoCpus: 500_000_000,
      CpuShares: 512,
      PidsLimit: -1,
      NetworkMode: 'none',
      CapAdd: ['NET_ADMIN'],
      CapDrop: ['ALL'],
    },
    ...{
      GroupAdd: ['audio'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/t': 'size=1m', '/u': '' },
      PidMode: 'host',
    },
    ...{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }], ExtraHosts: ['a:1.2.3.4', 'b:::1'], ShmSize: 32 * 1024 ** 2 },
    ...{ Sysctls: { 'a.b': '1' }, LogConfig: { Type: 'local', Config: { 'max-size': '1m' } } },
    Binds: ['/a:/b:ro', 'vol:/c', `${process.cwd()}/d:/d`],
  });
});

test('streams: -a chooses, and input is closed only by whom it was attached to', () => {
  const streams = (...argv: string[]) => {
    const { AttachStdin = false, AttachStdout, AttachStderr, StdinOnce = false } = request(...argv, 'busybox');
    return [AttachStdin, AttachStdout, AttachStderr, StdinOnce];
  };
  assert.deepEqual(streams('-a', 'stderr'), [false, false, true, false]);
  assert.deepEqual(streams('-i', '-a', 'STDIN', '-a', 'stdout'), [true, true, false, true]);
  assert.deepEqual(streams('-i', '-a', 'stdout'), [false, true, false, false]);
});

test('the environment: files first, bare names from ours', () => {
  const file = join(directory, 'env');
  writeFileSync(file, '\uFEFF# comment\n\n  A=1 # not a comment\nHOME\nNOSUCH\nQ="x"\r\n');
  const { Env } = request('--env-file', file, '-e', 'B=2', '-e', 'HOME', '-e', 'NOSUCH', '-e', 'EMPTY=', 'busybox');
  assert.deepEqual(Env, ['A=1 # not a comment', 'HOME=/h', 'Q="x"', 'B=2', 'HOME=/h', 'EMPTY=']);
});

test('files that cannot be used name themselves', () => {
  assert.throws(
    () => request('--env-file', '/nonexistent', 'busybox'),
    /open \/nonexistent: no such file or directory/,
  );
  const file = join(directory, 'wrong');
  writeFileSync(file, 'A=1\nB C=2\n');
  assert.throws(() => request('--env-file', file, 'busybox'), /variable 'B C' contains whitespaces on line 2/);
  writeFileSync(file, '=x\n');
  assert.throws(() => request('--env-file', file, 'busybox'), /no variable name on line '=x'/);
  assert.throws(
    () => request('--security-opt', 'seccomp=/nonexistent', 'busybox'),
    /opening seccomp profile \(\/nonexistent\)/,
  );
});

test('what it has of a network', () => {
  const { ExposedPorts, HostConfig } = request(
    ...[
      '--expose',
      '80',
      '--expose',
      '53-54/UDP',
      '--dns',
      '1.1.1.1',
      '--dns-search',
      'a.b',
      '--dns-opt',
      'x',
      'busybox',
    ],
  );
  assert.deepEqual(ExposedPorts, { '80/tcp': {}, '53/udp': {}, '54/udp': {} });
  assert.deepEqual(HostConfig, { Dns: ['1.1.1.1'], DnsSearch: ['a.b'], DnsOptions: ['x'] });
});

test('values that are none', () => {
  const message = (...argv: string[]) => assert.throws(() => request(...argv, 'busybox'));
  message('--ulimit', 'nofile=3:2');
  message('--add-host', 'x');
  message('-a', 'foo');
  message('--sysctl', 'x');
  message('-e', '=x');
  message('--pull', 'sometimes');
  for (const port of ['x', '80-79', '65536', '']) message('--expose', port);
  message('-p', '80:x');
  message('--dns', 'x');
  message('--gpus', 'all');
});

test('ports to be published', () => {
  const { ExposedPorts, HostConfig } = request('-p', '8080:80', '-P', '--expose', '9', 'busybox');
  assert.deepEqual(ExposedPorts, { '9/tcp': {}, '80/tcp': {} });
  assert.deepEqual(HostConfig, {
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
    PublishAllPorts: true,
  });
});
