import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { HostileImages } from '../helpers/hostile-image.js';

/* The engine's own doors: its socket, its directories, its programs. */

const engine = await Engine.open();
const images = new HostileImages(engine);
after(async () => {
  await images.removeAll();
  await engine.close();
});
const daemon = engine.daemon!;

const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

/** What another user of the machine can do. */
const asUser = (script: string, gid = 1000) => spawnSync('sh', ['-c', script], { uid: 1000, gid, encoding: 'utf8' });

describe('the socket', () => {
  test('is for root and a group, and for nobody else', async () => {
    assert.equal(mode(daemon.socket), '660');
    assert.equal(statSync(daemon.socket).uid, 0);
    const other = await TestDaemon.start({ args: ['--group', '1000'] });
    try {
      assert.equal(statSync(other.socket).gid, 1000);
      const ping = `node -e 'require("http").get({socketPath:"${other.socket}",path:"/_ping"},(r)=>{console.log(r.statusCode);process.exit()}).on("error",(e)=>console.log(e.code))'`;
      // The test's own directory of sockets is for root alone; /run, where they are by default, is not.
      execFileSync('chmod', ['711', other.execRoot]);
      assert.equal(asUser(ping).stdout, '200\n');
      assert.equal(asUser(ping, 1001).stdout, 'EACCES\n');
    } finally {
      await other.close();
    }
  });

  test('no socket of the engine’s is an abstract one, which a container with the host’s network could reach (CVE-2020-15257)', async () => {
    const ours = await engine.launch({ Cmd: ['sleep', '600'] });
    const inodes = readdirSync('/proc').flatMap((pid) => {
      try {
        if (Number(pid) !== daemon.pid && !/^td-/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) return [];
        const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
        return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
      } catch {
        return []; // no process, or one that has ended
      }
    });
    assert.ok(inodes.length > 2);
    const { stdout } = await engine.run(['cat', '/proc/net/unix'], { HostConfig: { NetworkMode: 'host' } });
    const listed = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const seen = listed.filter((field) => inodes.includes(field[6] ?? ''));
    assert.ok(seen.length > 0, 'the sockets of the engine are in the list');
    for (const field of seen) assert.doesNotMatch(field[7] ?? '', /^@/);
    await engine.remove(ours);
  });

  test('the sockets that shims listen on are for root alone, below a directory that is', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const bundle = join(daemon.execRoot, 'x/containers', id);
    assert.equal(mode(join(bundle, 'shim.sock')), '600');
    for (const directory of [bundle, join(daemon.execRoot, 'x/containers'), join(daemon.execRoot, 'x')])
      assert.equal(mode(directory), '700');
    await engine.remove(id);
  });
});

describe('the data root (CVE-2021-41089, CVE-2021-41091, CVE-2024-25621)', () => {
  test('is closed to others, also where its directory was open before', async () => {
    assert.equal(mode(daemon.dataRoot), '710');
    const open = TestDaemon.prepare();
    try {
      mkdirSync(open.dataRoot, { recursive: true });
      execFileSync('chmod', ['777', open.dataRoot]);
      await open.launch();
      assert.equal(mode(open.dataRoot), '710');
    } finally {
      await open.close();
    }
    for (const name of readdirSync(daemon.dataRoot)) {
      const { mode: bits, uid } = statSync(join(daemon.dataRoot, name));
      assert.equal(bits & 0o022, 0, name);
      assert.equal(uid, 0, name);
    }
    assert.equal(mode(join(daemon.dataRoot, 'tinydocker.db')), '600');
  });

  test('a setuid program of an image is out of reach of the host’s users', async () => {
    const image = await images.make([{ name: 'bin/busybox', mode: 0o4755, content: readFileSync('/bin/busybox') }]);
    const id = await engine.launch({
      Image: image,
      Cmd: ['sh', '-c', 'cp /bin/busybox /mine; chmod 4755 /mine; sleep 600'],
    });
    execFileSync('chmod', ['711', daemon.home]); // the test's own directory; /var/lib is open to all
    const found = execFileSync('find', [daemon.dataRoot, '-perm', '-4000', '-type', 'f'], { encoding: 'utf8' })
      .trim()
      .split('\n');
    assert.ok(found.length >= 1 && found[0] !== '', 'they are on the disk');
    for (const file of found) {
      const { status, stderr } = asUser(`${file} id`);
      assert.notEqual(status, 0);
      assert.match(stderr, /Permission denied/);
    }
    assert.match(asUser(`ls ${daemon.dataRoot}`).stderr, /Permission denied/);
    await engine.remove(id);
  });

  test('the files of a container and its log are its own: not for others', async () => {
    const id = await engine.launch({ Cmd: ['sh', '-c', 'echo secret; sleep 600'], Env: ['SECRET=1'] });
    const directory = join(daemon.dataRoot, 'containers', id);
    assert.equal(statSync(directory).mode & 0o007, 0);
    assert.equal(mode(join(directory, `${id}-json.log`)), '640');
    for (const name of ['config.json', 'shim.json'])
      assert.equal(statSync(join(daemon.execRoot, 'x/containers', id, name)).mode & 0o007, 0);
    await engine.remove(id);
  });
});

test('what a container writes into the engine’s files in /etc takes no memory of the host’s', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const free = () => {
    const { bfree, bsize } = statfsSync(join(daemon.execRoot, 'x/containers'));
    return bfree * bsize;
  };
  const before = free();
  for (const file of ['hosts', 'hostname', 'resolv.conf'])
    await engine.exec(id, ['dd', 'if=/dev/zero', `of=/etc/${file}`, 'bs=1M', 'count=24']);
  assert.ok(before - free() < 8 << 20, `${before - free()} bytes`);
  await engine.remove(id);
});

test('no process of the engine’s has the words of a request among its arguments', async () => {
  const words = ['$(touch /escaped)', '; touch /escaped;', '--help', '-v /:/host', '"\n`id`'];
  const id = await engine.launch({
    Cmd: ['sleep', '600', ...words.slice(0, 0)],
    Labels: Object.fromEntries(words.map((word) => [word, word])),
    Env: words.map((word) => `WORD=${word}`),
    Hostname: 'word-of-the-request',
  });
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let line = '';
    try {
      if (!/^td-/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'))) continue;
      line = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    } catch {
      continue; // it has ended
    }
    for (const word of [...words, 'word-of-the-request']) assert.ok(!line.includes(word), line);
  }
  await engine.remove(id);
});
