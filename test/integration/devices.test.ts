import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { cgroupOf, readCgroup, unified } from '../helpers/cgroup.js';
import { Engine } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

/** With the capability that reading the kernel's log takes, so that the rules alone decide. */
const sh = async (script: string, HostConfig: Record<string, unknown> = {}) => {
  const { stdout, stderr, exitCode } = await engine.run(['sh', '-c', script], {
    HostConfig: { CapAdd: ['SYSLOG'], ...HostConfig },
  });
  assert.equal(exitCode, 0, stderr);
  return stdout;
};
/** Says how opening went, for reading and for writing. */
const open = (path: string) =>
  `(exec 3<${path}) 2>/dev/null && echo read; (exec 3>${path}) 2>/dev/null && echo write; true`;
/** A device that every Linux has and no container is given by itself: /dev/kmsg. */
const KMSG = { PathOnHost: '/dev/kmsg', PathInContainer: '/dev/log', CgroupPermissions: 'rwm' };

describe('what is held back', () => {
  test('nodes of devices can be made in /dev, and opened where Docker allows it', async () => {
    assert.equal(await sh(`mknod /dev/k c 1 11 && ${open('/dev/k')}`), '');
    assert.equal(await sh(`mknod /dev/d b 7 0 && ${open('/dev/d')}`), '');
    assert.equal(await sh(`mknod /dev/z c 1 5 && ${open('/dev/z')}`), 'read\nwrite\n');
    assert.match(await sh('mknod /dev/d b 7 0; cat /dev/d 2>&1 || true'), /Operation not permitted/);
  });

  test('a root shell by exec is held back too, and a privileged one of an ordinary container', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { CapAdd: ['SYSLOG'] } });
    for (const Privileged of [false, true]) {
      const exec = await engine.exec(id, ['sh', '-c', `mknod /dev/k$$ c 1 11; ${open('/dev/k$$')}`], { Privileged });
      assert.equal(exec.stdout, '');
    }
  });

  test('the rules are those of dockerd', async () => {
    if (unified) return; // a program has no list to read
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const list = readCgroup((await engine.inspect(id)).State.Pid, 'devices', 'devices.list');
    const terminals = ['c 5:0 rwm', 'c 5:1 rwm', 'c 5:2 rwm', 'c 10:200 rwm', 'c 136:* rwm'];
    const memory = [3, 5, 7, 8, 9].map((minor) => `c 1:${minor} rwm`);
    assert.deepEqual(list.split('\n').sort(), ['b *:* m', 'c *:* m', ...memory, ...terminals].sort());
  });

  test('a privileged container is not held back', async () => {
    assert.equal(await sh(`${open('/dev/kmsg')}`, { Privileged: true }), 'read\nwrite\n');
  });
});

describe('devices that are given', () => {
  test('a node with the host’s mode and numbers, under another name', async () => {
    const { mode, rdev } = statSync('/dev/kmsg');
    const line = await sh(`stat -c '%a %t:%T' /dev/log; ${open('/dev/log')}`, { Devices: [KMSG] });
    const numbers = `${Math.floor(rdev / 256).toString(16)}:${(rdev % 256).toString(16)}`;
    assert.equal(line, `${(mode & 0o777).toString(8)} ${numbers}\nread\nwrite\n`);
  });

  test('with the access that is asked for, and all of it by default', async () => {
    assert.equal(await sh(open('/dev/log'), { Devices: [{ ...KMSG, CgroupPermissions: 'r' }] }), 'read\n');
    assert.equal(await sh(open('/dev/kmsg'), { Devices: [{ PathOnHost: '/dev/kmsg' }] }), 'read\nwrite\n');
  });

  test('a directory with all that is in it', async () => {
    const Devices = [{ PathOnHost: '/dev/net', PathInContainer: '/dev/mine/net', CgroupPermissions: 'rwm' }];
    assert.equal(await sh('ls /dev/mine/net', { Devices }), 'tun\n');
  });

  test('outside of /dev too', async () => {
    const Devices = [{ PathOnHost: '/dev/kmsg', PathInContainer: '/srv/log', CgroupPermissions: 'rw' }];
    assert.equal(await sh(open('/srv/log'), { Devices }), 'read\nwrite\n');
  });

  test('a rule alone allows what is made by hand', async () => {
    const script = `mknod /dev/k c 1 11; ${open('/dev/k')}`;
    assert.equal(await sh(script, { DeviceCgroupRules: ['c 1:11 r'] }), 'read\n');
    assert.equal(await sh(script, { DeviceCgroupRules: ['a 1:* rwm'] }), 'read\nwrite\n');
  });

  test('inspect shows what was asked for', async () => {
    const HostConfig = { Devices: [KMSG], DeviceCgroupRules: ['c 1:11 r'] };
    const { HostConfig: shown } = await engine.inspect(await engine.create({ Cmd: ['true'], HostConfig }));
    assert.deepEqual([shown.Devices, shown.DeviceCgroupRules], [[KMSG], ['c 1:11 r']]);
  });
});

describe('what cannot be given', () => {
  const start = async (HostConfig: Record<string, unknown>) =>
    engine.api.post(`/containers/${await engine.create({ Cmd: ['true'], HostConfig })}/start`);

  test('is said at the start', async () => {
    const gathering = (path: string) => `error gathering device information while adding custom device "${path}"`;
    await refused(
      start({ Devices: [{ ...KMSG, PathOnHost: '/dev/nosuch' }] }),
      500,
      new RegExp(`${gathering('/dev/nosuch')}: no such file or directory$`),
    );
    await refused(
      start({ Devices: [{ ...KMSG, PathOnHost: '/etc/passwd' }] }),
      500,
      new RegExp(`${gathering('/etc/passwd')}: not a device node$`),
    );
  });

  test('what has no sense is refused at once', async () => {
    const create = (HostConfig: Record<string, unknown>) =>
      engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], HostConfig });
    for (const rule of ['c 1:3', 'x 1:3 r', 'c 1:3 z', 'c 1:3 rwm\nc 1:4 rwm', 'c -1:3 r'])
      await refused(create({ DeviceCgroupRules: [rule] }), 400, `invalid device cgroup rule format: '${rule}'`);
    await refused(create({ Devices: [{ ...KMSG, CgroupPermissions: 'x' }] }), 400, 'invalid device mode: x');
    await refused(
      create({ Devices: [{ ...KMSG, PathInContainer: 'dev/x' }] }),
      400,
      'invalid device: dev/x is not an absolute path',
    );
  });
});

test('the rules end with the container', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const dir = cgroupOf((await engine.inspect(id)).State.Pid, 'devices');
  await ok(engine.api.post(`/containers/${id}/kill`), 204);
  await engine.remove(id);
  assert.throws(() => statSync(dir), { code: 'ENOENT' });
});
