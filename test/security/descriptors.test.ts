import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { openHostile } from '../helpers/hostile-image.js';
import { PROJECT } from '../helpers/paths.js';
import { tar } from '../helpers/tar.js';
import { until } from '../helpers/until.js';
import { rounds } from '../helpers/watch.js';

/* What a process of the engine's could leave open, or show of itself, when it becomes the container's. */

const { engine, host, images } = await openHostile();

const LIST = ['sh', '-c', 'for f in /proc/self/fd/*; do readlink $f; done'];
/** What the shell itself has open beside its streams while it lists: the directory. */
const streamsOnly = (text: string) => {
  const lines = text.trim().split(/\r?\n/);
  assert.ok(lines.length <= 4, text);
  for (const line of lines) assert.match(line, /^pipe:\[\d+\]$|^\/dev\/(null|pts\/0|console)$|^\/proc\/\d+\/fd$/);
};

describe('open descriptors (CVE-2024-21626, CVE-2015-3627)', () => {
  test('a container has its three streams, with and without a terminal or an input', async () => {
    for (const config of [{}, { Tty: true }, { OpenStdin: true }, { Init: true }])
      streamsOnly((await engine.run(LIST, config)).stdout);
  });

  test('an exec has no more, with and without a terminal, detached, privileged', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    for (const config of [{}, { Tty: true }, { AttachStdin: true }, { Privileged: true }, { User: '1000' }])
      streamsOnly((await engine.exec(id, LIST, config)).stdout);
    const exec = await engine.createExec(id, [
      'sh',
      '-c',
      'for f in /proc/self/fd/*; do readlink $f; done >/list; mv /list /listed',
    ]);
    await ok(engine.api.post(`/exec/${exec}/start`, { Detach: true }));
    await until('the list', async () => (await engine.exec(id, ['test', '-e', '/listed'])).exitCode === 0);
    for (const line of (await engine.exec(id, ['cat', '/listed'])).stdout.trim().split('\n'))
      assert.match(line, /^pipe:\[\d+\]$|^\/dev\/null$|^\/list$|^\/proc\/\d+\/fd$/);
  });

  test('a health check has no more', async () => {
    const Healthcheck = { Test: ['CMD', ...LIST], Interval: 50e6, StartPeriod: 0 };
    const id = await engine.launch({ Cmd: ['sleep', '600'], Healthcheck });
    type Health = { Log?: { Output: string }[] };
    const log = await until('a check', async () => {
      const { Health } = (await engine.inspect(id)).State as unknown as { Health: Health };
      return Health.Log?.[0]?.Output;
    });
    streamsOnly(log);
    await engine.remove(id);
  });

  test('no number of one is a working directory', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const numbers = Array.from({ length: 1021 }, (_, i) => i + 3);
    // Every number at an exec, which is cheap; those that are likely at a start as well.
    const some = numbers.filter((n) => n < 64 || n % 64 === 63);
    for (const n of process.env.TD_ROUNDS ? numbers : some) {
      const exec = await engine.createExec(id, ['sh', '-c', 'pwd; ls'], { WorkingDir: `/proc/self/fd/${n}` });
      const reply = await engine.startExec(exec);
      await reply.finished();
      assert.equal((await engine.inspectExec(exec)).ExitCode === 0, false, `descriptor ${n}: ${reply.text()}`);
    }
    await engine.remove(id);
    for (const n of numbers.filter((number) => number < 24)) {
      const id = await engine.create({ Cmd: ['sh', '-c', 'pwd; ls ..'], WorkingDir: `/proc/self/fd/${n}` });
      const reply = await engine.api.post(`/containers/${id}/start`);
      assert.ok(reply.status >= 400, `descriptor ${n}`);
      assert.match(reply.message, /working directory "\/proc\/self\/fd\/\d+": /);
      await engine.remove(id);
    }
  });
});

describe('the runtime’s own program (CVE-2019-5736)', () => {
  const programs = ['td-shim', 'td-init', 'td-layer', 'td-tree'].map((name) =>
    join(PROJECT, 'native-shim/build', name),
  );
  const hashes = () => programs.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex'));

  test('a program that is /proc/self/exe, and an interpreter that is', async () => {
    const before = hashes();
    const image = await images.make([
      { name: 'entry', type: '2', link: '/proc/self/exe' },
      { name: 'script', mode: 0o755, content: '#!/proc/self/exe\n' },
      { name: 'lib', type: '5' },
    ]);
    for (const Cmd of [['/entry'], ['/script'], ['/proc/self/exe', 'sh']]) {
      const id = await engine.create({ Image: image, Cmd });
      const reply = await engine.api.post(`/containers/${id}/start`);
      // The kernel takes td-shim for the program: it refuses to be one without its arguments, and is sealed.
      if (reply.status === 204) assert.notEqual(await engine.wait(id), 0);
      await engine.remove(id);
    }
    const id = await engine.launch({ Image: image, Cmd: ['sleep', '600'] });
    for (const cmd of [['/entry'], ['/script']])
      await engine.api.hijack(`/exec/${await engine.createExec(id, cmd)}/start`, { body: {} }).then((s) => s.vanish());
    await engine.remove(id);
    assert.deepEqual(hashes(), before);
  });

  test('whoever opens /proc/PID/exe of the runtime for writing, in a loop, during execs', async () => {
    const before = hashes();
    const id = await engine.launch({
      Cmd: [
        'sh',
        '-c',
        'while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in *busybox*|/bin/*) ;; ?*) echo got $p; echo evil >$p/exe;; esac; done 2>/dev/null; done',
      ],
    });
    for (let round = 0; round < rounds(100); round++) await engine.exec(id, ['true']);
    assert.doesNotMatch((await engine.logs(id)).stdout, /evil/);
    await engine.remove(id);
    assert.deepEqual(hashes(), before);
  });

  test('a shim runs from a sealed memory file, and nothing of the host is mapped into a container but td-init, read-only', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Init: true } });
    const { Pid } = (await engine.inspect(id)).State;
    const parent = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${Pid}/status`, 'utf8'))![1]);
    assert.match(readlinkSync(`/proc/${parent}/exe`), /^\/memfd:td-shim/);
    const { stdout } = await engine.exec(id, [
      'sh',
      '-c',
      '(echo evil >/sbin/docker-init) 2>&1; mount -o remount,rw /sbin/docker-init 2>&1; rm -f /sbin/docker-init; true',
    ]);
    assert.match(stdout, /Read-only file system|Text file busy/);
  });
});

test('with the host’s processes in sight, none of the engine’s gives away its program, its root, its memory or its descriptors', async () => {
  const target = await engine.launch({ Cmd: ['sleep', '600'] });
  const names = 'td-layer|td-tree|td-shim|td-seccomp|tinydockerd|td-init';
  const script = `while :; do for p in /proc/[0-9]*; do
      n=$(cat $p/comm) || continue
      case $n in ${names}) echo "seen $n";; *) continue;; esac
      for f in exe maps environ mem fd/0 fd/1 fd/3; do [ "$(head -c 1 $p/$f | wc -c)" = 0 ] || echo "got $n $f"; done
      for f in root cwd; do [ -z "$(ls $p/$f/)" ] || echo "got $n $f"; done
    done 2>/dev/null; done`;
  const id = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { PidMode: 'host' } });
  // Helpers that are in the middle of their work: what they read does not come, and nobody reads what they write.
  const leave = new AbortController();
  const body = new PassThrough();
  const path = `/containers/${target}/archive`;
  const headers = { 'content-type': 'application/x-tar' };
  const put = engine.api.open('PUT', path, { raw: body, headers, query: { path: '/tmp' }, signal: leave.signal });
  put.catch(() => {});
  body.write(tar([{ name: 'a', content: Buffer.alloc(4 << 20) }]).subarray(0, 1 << 20));
  await until('it is seen at work', async () => /seen td-(layer|tree)/.test((await engine.logs(id)).stdout));
  for (let round = 0; round < 20; round++) {
    await engine.exec(target, ['true']);
    await engine.api.get(path, { path: '/bin/busybox' });
    await engine.run(['true'], { HostConfig: { Binds: [`filled-${round}:/etc`] } });
  }
  assert.equal((await engine.logs(id)).stdout.match(/^got .*$/gm)?.join('\n') ?? '', '');
  leave.abort();
  body.destroy();
  await engine.remove(id);
  await engine.remove(target);
});

test('a process of the engine’s that enters a container cannot be traced, nor its descriptors be taken (CVE-2016-9962)', async () => {
  const script = `while :; do for p in /proc/[0-9]*; do
      case $p in /proc/1|/proc/$$) continue;; esac
      for f in $p/fd/*; do l=$(readlink $f) || continue; case $l in pipe:*|socket:*|/dev/null|/proc/*|/dev/pts/*) ;; ?*) echo "$p $l";; esac; done
      r=$(readlink $p/root) && [ "$r" != / ] && echo "$p root $r"
      c=$(readlink $p/cwd) && [ "$c" != / ] && echo "$p cwd $c"
    done 2>/dev/null; done`;
  const id = await engine.launch({ Cmd: ['sh', '-c', script], HostConfig: { CapAdd: ['SYS_PTRACE'] } });
  for (let round = 0; round < rounds(150); round++) await engine.exec(id, ['true']);
  assert.equal((await engine.logs(id)).stdout, '');
  await engine.remove(id);
  host.assertUnchanged();
});

test('attaches and execs that leave something behind leave no descriptor and no memory (CVE-2023-25153, CVE-2025-64329)', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  const shim = Number(
    /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${(await engine.inspect(id)).State.Pid}/status`, 'utf8'))![1],
  );
  const count = () => [engine.daemon!.pid, shim].map((pid) => readdirSync(`/proc/${pid}/fd`).length);
  const round = async () => {
    await engine.exec(id, ['sh', '-c', 'sleep 0.1 & true']);
    (await engine.attach(id)).vanish();
    const exec = await engine.startExec(await engine.createExec(id, ['sh', '-c', 'sleep 0.1 & echo x']));
    exec.vanish();
  };
  for (let i = 0; i < 5; i++) await round();
  const before = await until(
    'quiet',
    async () =>
      (await engine.api.get(`/containers/${id}/top`)).json<{ Processes: unknown[] }>().Processes.length === 1 &&
      count(),
  );
  for (let i = 0; i < rounds(60); i++) await round();
  await until('no descriptor more than before', () => count().every((n, i) => n <= before[i]! + 2));
  await engine.remove(id);
});
