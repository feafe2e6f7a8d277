import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { type BuildQuery, type Built, build as buildWith, type ContextFiles } from '../helpers/build.js';
import { Engine } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

const build = (
  dockerfile: string,
  files: ContextFiles = {},
  query: BuildQuery = {},
  headers: Record<string, string> = {},
) => buildWith(engine.api, dockerfile, files, query, headers);

async function made(...args: Parameters<typeof build>): Promise<Built> {
  const built = await build(...args);
  assert.equal(built.error, undefined, built.text);
  return built;
}

const said = async (id: string, command: string): Promise<string> =>
  (await engine.run(['sh', '-c', command], { Image: id, Entrypoint: [] })).stdout;

describe('RUN --mount', () => {
  test('bind: the context, parts of it, stages, images', async () => {
    const dockerfile = `FROM busybox AS tools
RUN mkdir /out && echo tool >/out/t
FROM busybox
WORKDIR /w
RUN --mount=type=bind,target=/ctx --mount=source=d/f,target=f cat /ctx/d/f f >/o && ! touch /ctx/x 2>/dev/null
RUN --mount=type=bind,from=tools,source=/out,target=/t cat /t/t >>/o
RUN --mount=from=busybox:latest,target=/b [ -x /b/bin/busybox ] && echo image >>/o
RUN --mount=source=d,target=/rw,rw echo changed >/rw/f && cat /rw/f >>/o
RUN --mount=source=d,target=/rw cat /rw/f >>/o`;
    const { id } = await made(dockerfile, { 'd/f': 'file\n' });
    // Nothing of where they were mounted stays.
    assert.equal(
      await said(id, 'cat /o; ls -d /ctx /w/f /t /b /rw 2>/dev/null'),
      'file\nfile\ntool\nimage\nchanged\nfile\n',
    );
    const { error } = await build('FROM busybox\nRUN --mount=source=nosuch,target=/x true', { f: '' });
    assert.match(error ?? '', /"\/nosuch": not found/);
  });

  test('cache: kept between builds, by id; of its own for each, or one after the other', async () => {
    const run = (flags: string, command: string) =>
      `FROM busybox\nRUN --mount=type=cache,target=/c,${flags} ${command}`;
    await made(run('id=kept,uid=5,gid=6,mode=0750', 'stat -c "%u:%g %a" /c; echo 1 >>/c/f'));
    const again = await made(run('id=kept,uid=5,gid=6,mode=0750', 'echo 2 >>/c/f; cat /c/f'));
    assert.match(again.text, /\n1\n2\n/);
    assert.equal(await said(again.id, 'ls -d /c 2>/dev/null'), '');
    const other = await made(run('id=other', 'ls -A /c; echo empty'));
    assert.match(other.text, /Running in [0-9a-f]+\nempty\n/);
    const filled = await made(
      `FROM busybox AS seed\nRUN mkdir /s && echo seed >/s/f\nFROM busybox\nRUN --mount=type=cache,from=seed,source=/s,target=/c cat /c/f`,
    );
    assert.match(filled.text, /\nseed\n/);
    // Two that want it for themselves never meet.
    const alone = (n: number) =>
      run('id=alone,sharing=locked', `[ ! -e /c/busy ] && touch /c/busy && sleep 0.1 && rm /c/busy && echo ${n}`);
    await Promise.all([made(alone(1)), made(alone(2)), made(alone(3))]);
  });

  test('tmpfs, and no network', async () => {
    const dockerfile = `FROM busybox
RUN --mount=type=tmpfs,target=/t,size=1m mount | grep " /t " | grep -q size=1024k && echo x >/t/f
RUN --network=none ls /sys/class/net >/net`;
    assert.equal(await said((await made(dockerfile)).id, 'ls -A /t; cat /net'), 'lo\n');
  });

  const secretHeader = (secrets: Record<string, string>) => ({
    'x-build-secrets': Buffer.from(
      JSON.stringify(
        Object.fromEntries(Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text).toString('base64')])),
      ),
    ).toString('base64'),
  });

  test('secrets: seen by the command, and nowhere else', async () => {
    const dockerfile = `FROM busybox
RUN --mount=type=secret,id=token,required cat /run/secrets/token | tr a-z A-Z >/o; stat -c "%a %u" /run/secrets/token >>/o
RUN --mount=type=secret,id=token,target=/etc/t,mode=0444,uid=7 stat -c "%a %u" /etc/t >>/o
RUN --mount=type=secret,id=none [ ! -e /run/secrets/none ]
RUN --mount=type=secret,id=token,env=TOKEN [ "\${#TOKEN}" = 8 ] && [ ! -e /run/secrets/token ] && echo variable >>/o`;
    const { id, text } = await made(dockerfile, {}, {}, secretHeader({ token: 'hushhush' }));
    const root = engine.daemon!.dataRoot;
    for (const name of readdirSync(root).filter((one) => one.startsWith('tinydocker.db')))
      assert.ok(!readFileSync(join(root, name)).includes('hushhush'), name);
    assert.equal(await said(id, 'cat /o; ls -d /run/secrets /etc/t 2>/dev/null'), 'HUSHHUSH400 0\n444 7\nvariable\n');
    const history = await ok<unknown>(engine.api.get(`/images/${id}/history`));
    const inspect = await ok<unknown>(engine.api.get(`/images/${id}/json`));
    for (const place of [text, JSON.stringify(history), JSON.stringify(inspect), engine.daemon!.log])
      assert.ok(!/hushhush/i.test(place));
    assert.equal(await said(id, 'grep -rl hushhush /etc /run /root /tmp /var; true'), '');
    // What it says is no part of what the cache knows; that it is there, is.
    const other = await made(dockerfile, {}, {}, secretHeader({ token: 'another' }));
    assert.equal(other.id, id);
    const { error } = await build(dockerfile);
    assert.match(error ?? '', /secret token: not found/);
    assert.deepEqual(readdirSync(join(engine.daemon!.execRoot, 'x', 'build')), []);
  });

  test('an agent’s socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tdt-agent-'));
    const socket = join(directory, 'agent');
    const server = net.createServer((connection) => connection.end('agent\n'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const dockerfile =
        'FROM busybox\nRUN --mount=type=ssh echo $SSH_AUTH_SOCK; nc local:$SSH_AUTH_SOCK </dev/null || [ -S $SSH_AUTH_SOCK ] && echo socket';
      const { text } = await made(dockerfile, {}, { ssh: `default=${socket}` });
      assert.match(text, /\n\/run\/buildkit\/ssh_agent.default\n/);
      assert.match(text, /socket\n/);
      const none = await build('FROM busybox\nRUN --mount=type=ssh,required true');
      assert.match(none.error ?? '', /agent default: not found/);
    } finally {
      server.close();
      rmSync(directory, { recursive: true });
    }
  });
});
