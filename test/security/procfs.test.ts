import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { until } from '../helpers/until.js';
import { HostWatch } from '../helpers/watch.js';

/* The kernel's switches: what a request may set, and what a container may. */

const engine = await Engine.open();
const host = new HostWatch(engine);
after(() => engine.close());

/** Asks for sysctls, and for a start where that is taken. @returns the sentence of the refusal, or nothing */
async function attempt(
  Sysctls: Record<string, string>,
  config: Record<string, unknown> = {},
): Promise<string | undefined> {
  const HostConfig = { NetworkMode: 'none', Sysctls, ...config };
  const created = await engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], HostConfig });
  if (created.status !== 201) {
    assert.equal(created.status, 400, created.text);
    return created.message;
  }
  const id = created.json<{ Id: string }>().Id;
  engine.adopt(id);
  const started = await engine.api.post(`/containers/${id}/start`);
  const message = started.status === 204 ? undefined : started.message;
  await engine.remove(id);
  host.assertUnchanged();
  return message;
}

describe('sysctls (CVE-2022-0811)', () => {
  test('those of the host are refused, however they are written', async () => {
    for (const key of [
      ...['kernel.core_pattern', 'kernel/core_pattern', 'kernel.hostname', 'kernel.modprobe', 'vm.overcommit_memory'],
      ...['net/../kernel/core_pattern', 'net.ipv4.../../kernel/core_pattern', 'net/ipv4/../../kernel/core_pattern'],
      ...['net//../kernel/core_pattern', 'fs.mqueue.../../kernel.core_pattern', 'fs/mqueue/../../kernel/core_pattern'],
      ...[
        'net./kernel.core_pattern',
        '/kernel/core_pattern',
        '',
        '.',
        '..',
        'net',
        'net.',
        'kernel.sem/../core_pattern',
      ],
      ...[
        'kernel.shmmni\n kernel.core_pattern',
        'kernel.shmmni=1\nkernel.core_pattern',
        'kernel.shmmni+kernel.core_pattern',
      ],
    ]) {
      assert.ok(await attempt({ [key]: '|/evil' }), `${JSON.stringify(key)} was taken`);
    }
  });

  test('a value is one value: it sets nothing else', async () => {
    for (const value of [
      '1\nkernel.core_pattern=|/evil',
      '1+kernel.core_pattern=|/evil',
      '1&kernel.core_pattern=|/evil',
      '1 2\r\n3',
      'x',
    ])
      assert.ok(await attempt({ 'kernel.shmmni': value }), `${JSON.stringify(value)} was taken`);
  });

  test('where a namespace is the host’s, so are its sysctls', async () => {
    for (const [key, config] of [
      ['net.ipv4.ip_forward', { NetworkMode: 'host' }],
      ['kernel.shmmni', { IpcMode: 'host' }],
      ['fs.mqueue.msg_max', { IpcMode: 'host' }],
      ['kernel.domainname', { UTSMode: 'host' }],
    ] as const) {
      assert.match((await attempt({ [key]: '1' }, config)) ?? '', /is not in a separate kernel namespace$/);
    }
  });
});

test('a container writes no switch of the kernel: none that is the host’s, and through no remount or other instance of procfs', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const files = ['core_pattern', 'modprobe', 'hostname', 'sysrq', 'panic'].map((name) => `/proc/sys/kernel/${name}`);
  const script = [
    ...[...files, '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches'].map(
      (file) => `echo 1 >${file} && echo wrote ${file}`,
    ),
    'mount -o remount,rw /proc/sys && echo remounted',
    'umount /proc/sys && echo unmounted',
    'mkdir -p /p; mount -t proc proc /p && echo mounted',
    'mount -o bind /proc/self /p && echo bound',
    'mount -t sysfs sysfs /p && echo sysfs',
    'mount -t tmpfs none /proc && echo covered',
    'true',
  ].join('\n');
  const { stdout, exitCode } = await engine.exec(id, ['sh', '-c', script]);
  assert.deepEqual([stdout, exitCode], ['', 0]);
  host.assertUnchanged();
});

test('paths that a request wants masked or read-only stay inside, whatever they are', async () => {
  const paths = [
    `../../../../..${host.directory}`,
    '/proc/self/root',
    '/proc/self/fd/3',
    '/proc/1/cwd',
    '//etc//..//../',
  ];
  for (const HostConfig of [{ MaskedPaths: paths }, { ReadonlyPaths: paths }]) {
    const id = await engine.create({ Cmd: ['true'], HostConfig });
    const reply = await engine.api.post(`/containers/${id}/start`);
    assert.ok([204, 400, 500].includes(reply.status), reply.text);
    await engine.remove(id);
    host.assertUnchanged();
  }
});

test('a working directory is not another process’s (CVE-2024-21626)', async () => {
  for (const WorkingDir of [
    '/proc/self/cwd',
    '/proc/1/root',
    '/proc/self/root/etc',
    '/proc/thread-self/root',
    '/dev/fd/3',
  ]) {
    const id = await engine.create({ Cmd: ['true'], WorkingDir });
    await refused(engine.api.post(`/containers/${id}/start`), 500, /working directory "[^"]*": .+/);
    await engine.remove(id);
  }
});

test('a container has a session keyring of its own, which its execs share: no other’s keys, and none of who started the daemon', async () => {
  // Docker’s profile denies keyctl(2), and /proc/keys is masked: both are switched off to look.
  const HostConfig = {
    SecurityOpt: ['seccomp=unconfined'],
    MaskedPaths: [],
    ReadonlyPaths: [],
  };
  const sessions = (text: string) =>
    text.split('\n').flatMap((line) => (/keyring\s+_ses\b/.test(line) ? [line.split(' ')[0]!] : []));
  // Of the keyrings of logins root sees the names, in containers as well.
  const own = (text: string) =>
    sessions(text).filter((key) => !sessions(readFileSync('/proc/keys', 'utf8')).includes(key));
  const seen: (string | undefined)[][] = [];
  for (let i = 0; i < 2; i++) {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'cat /proc/keys; sleep 600'], HostConfig });
    const inExec = own((await engine.exec(id, ['cat', '/proc/keys'])).stdout);
    assert.equal(inExec.length, 1);
    const first = await until('the list', async () => (await engine.logs(id)).stdout);
    assert.deepEqual(own(first), inExec);
    seen.push(inExec);
    await engine.remove(id);
  }
  assert.notEqual(seen[0]![0], seen[1]![0]);
});
