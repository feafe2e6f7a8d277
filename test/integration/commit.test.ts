import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ok, type Query, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { Events } from '../helpers/events.js';
import { helpersOf, launchAfter } from '../helpers/files.js';
import { untar } from '../helpers/untar.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

interface Image {
  Id: string;
  RepoTags: string[];
  Author: string;
  Comment: string;
  Config: Record<string, unknown>;
  RootFS: { Layers: string[] };
  Size: number;
  GraphDriver: { Data: { UpperDir: string } };
}

const commit = async (container: string, query: Query = {}, body: unknown = {}): Promise<string> =>
  (await ok<{ Id: string }>(engine.api.post('/commit', body, { container, ...query }), 201)).Id;
const image = (id: string) => ok<Image>(engine.api.get(`/images/${id}/json`), 200);
const base = await image(engine.image);
const root = engine.daemon!.dataRoot;

describe('an image of a container', () => {
  const SCRIPT = `
    mkdir -p /w/deep; echo one >/w/f; ln /w/f /w/hard; ln -s f /w/link; mkfifo /w/fifo; chown 1000:2000 /w/f; chmod 4711 /w/f
    touch -d '2001-02-03 04:05:06' /w/deep; truncate -s 64M /w/sparse; echo end >>/w/sparse
    rm /bin/wget; rm -rf /usr; mkdir /usr; echo new >/usr/new; rm -rf /var/www`;

  test('holds what the container has written, and hides what it has removed', async () => {
    const id = await launchAfter(engine, SCRIPT);
    const made = await image(await commit(id));
    assert.deepEqual(made.RootFS.Layers.slice(0, -1), base.RootFS.Layers);
    const look = `
      cat /w/f /usr/new; ls /usr; ls -d /bin/wget /var/www; stat -c '%h %u:%g %a' /w/f; stat -c %Y /w/deep
      [ /w/f -ef /w/hard ] && echo same; readlink /w/link; [ -p /w/fifo ] && echo fifo; tail -c 4 /w/sparse; stat -c '%s' /w/sparse`;
    const { stdout, stderr } = await engine.run(['sh', '-c', look], { Image: made.Id });
    assert.equal(
      stdout,
      `one\nnew\nnew\n2 1000:2000 4711\n${Date.UTC(2001, 1, 3, 4, 5, 6) / 1000}\nsame\nf\nfifo\nend\n${(64 << 20) + 4}\n`,
    );
    assert.equal(stderr.split('\n').filter((line) => line.includes('No such file')).length, 2);
    // Holes stay holes.
    assert.ok(statSync(join(made.GraphDriver.Data.UpperDir, 'w/sparse')).blocks * 512 < 1 << 20);
    assert.equal(statSync(join(made.GraphDriver.Data.UpperDir, 'bin/wget')).isCharacterDevice(), true);
    await ok(engine.api.delete(`/images/${made.Id}`, { force: true }));
  });

  test('its layer is a tar archive under its digest, the same for the same content', async () => {
    if (!engine.own) return;
    const id = await launchAfter(engine, SCRIPT);
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    const first = await image(await commit(id, { comment: 'first' }));
    const second = await image(await commit(id, { comment: 'second' }));
    assert.notEqual(first.Id, second.Id);
    assert.deepEqual(first.RootFS.Layers, second.RootFS.Layers);
    const digest = first.RootFS.Layers.at(-1)!.slice('sha256:'.length);
    const blob = readFileSync(join(root, 'blobs', 'sha256', digest));
    assert.equal(createHash('sha256').update(blob).digest('hex'), digest);
    const names = untar(blob).map(({ name }) => name);
    assert.deepEqual(
      names,
      [...names].sort((a, b) => (a < b ? -1 : 1)),
    );
    for (const name of ['bin/.wh.wget', 'usr/', 'usr/.wh..wh..opq', 'usr/new', 'var/.wh.www', 'w/hard'])
      assert.ok(names.includes(name), name);
    for (const { Id } of [first, second]) await ok(engine.api.delete(`/images/${Id}`, { force: true }));
    assert.ok(!existsSync(join(root, 'blobs', 'sha256', digest)));
  });

  test('of a container that has changed nothing has no layer of its own, but a step in its history', async () => {
    const id = await engine.create({ Cmd: ['true'] });
    const made = await image(await commit(id, { comment: 'nothing', author: 'me <me@example.org>' }));
    assert.deepEqual(made.RootFS.Layers, base.RootFS.Layers);
    assert.deepEqual([made.Comment, made.Author, made.RepoTags], ['nothing', 'me <me@example.org>', []]);
    const history = await ok<{ CreatedBy: string; Size: number; Comment: string }[]>(
      engine.api.get(`/images/${made.Id}/history`),
    );
    assert.deepEqual([history[0]?.CreatedBy, history[0]?.Size, history[0]?.Comment], ['true', 0, 'nothing']);
    await ok(engine.api.delete(`/images/${made.Id}`));
  });

  test('has the container’s configuration, with changes, and starts with it', async () => {
    const id = await engine.create({
      Cmd: ['sh', '-c', 'old'],
      Env: ['OLD=1'],
      Labels: { a: 'b' },
      WorkingDir: '/tmp',
    });
    const repo = uniqueName('image');
    const changes = [
      'ENV NEW="two words" OLD=2',
      'CMD ["sh", "-c", "echo $OLD $NEW; pwd; id -u"]',
      'LABEL c=d',
      'USER 1000',
      'EXPOSE 80',
      'STOPSIGNAL SIGINT',
    ];
    const search = new URLSearchParams({ container: id, repo, tag: 'v1' });
    for (const change of changes) search.append('changes', change);
    const { Id } = await ok<{ Id: string }>(engine.api.post(`/commit?${search}`), 201);
    const { Config, RepoTags } = await image(Id);
    assert.deepEqual(RepoTags, [`${repo}:v1`]);
    assert.deepEqual(Config.Labels, { a: 'b', c: 'd' });
    assert.deepEqual([Config.User, Config.WorkingDir, Config.StopSignal], ['1000', '/tmp', 'SIGINT']);
    assert.deepEqual(Config.ExposedPorts, { '80/tcp': {} });
    const { stdout } = await engine.run([], { Image: `${repo}:v1`, Cmd: undefined });
    assert.equal(stdout, '2 two words\n/tmp\n1000\n');
    await ok(engine.api.delete(`/images/${repo}:v1`));
  });

  test('a configuration in the request goes before the container’s', async () => {
    const id = await engine.create({ Cmd: ['old'], Env: ['A=1', 'B=2'], Labels: { a: 'b' } });
    const { Config, Id } = await image(await commit(id, {}, { Cmd: ['new'], Env: ['A=9'], Labels: { c: 'd' } }));
    assert.deepEqual(Config.Cmd, ['new']);
    assert.deepEqual(
      (Config.Env as string[]).filter((entry) => /^[AB]=/.test(entry)),
      ['A=9', 'B=2'],
    );
    assert.deepEqual(Config.Labels, { a: 'b', c: 'd' });
    await ok(engine.api.delete(`/images/${Id}`));
  });

  test('images of images, as deep as one likes', async () => {
    const images: string[] = [];
    let from = engine.image;
    for (let i = 0; i < 4; i++) {
      const id = await engine.create({
        Image: from,
        Cmd: ['sh', '-c', `echo ${i} >>/lines; [ ${i} = 2 ] && rm -rf /etc; mkdir -p /etc/d${i}`],
      });
      await engine.start(id);
      await engine.wait(id);
      from = await commit(id);
      images.push(from);
      await engine.remove(id);
    }
    const { stdout } = await engine.run(['sh', '-c', 'cat /lines; ls /etc'], { Image: from });
    assert.equal(stdout, '0\n1\n2\n3\nd2\nd3\nhostname\nhosts\nresolv.conf\n');
    for (const id of images.reverse()) await ok(engine.api.delete(`/images/${id}`));
  });
});

describe('the way of a commit', () => {
  test('processes stand still meanwhile, unless they should not; events tell of all', async () => {
    const id = await launchAfter(engine, ':');
    const events = await Events.listen(engine.api, { type: ['container', 'image'] });
    const made = [await commit(id, { comment: 'words', repo: uniqueName('i') }), await commit(id, { pause: false })];
    await events.count('commit', 2);
    const mine = events.seen.filter(({ Actor }) => [id, ...made].includes(Actor.ID));
    assert.deepEqual(
      mine.map(({ Type, Action }) => `${Type} ${Action}`),
      [
        'container pause',
        'container unpause',
        'image create',
        'image tag',
        'container commit',
        'image create',
        'container commit',
      ],
    );
    const { Attributes } = mine[4]!.Actor;
    assert.deepEqual([Attributes.comment, Attributes.imageID], ['words', made[0]]);
    assert.equal((await engine.inspect(id)).State.Status, 'running');
    events.leave();
    for (const image_ of made) await ok(engine.api.delete(`/images/${image_}`, { force: true }));
  });

  test('a container that is paused stays so', async () => {
    const id = await launchAfter(engine, ':');
    await ok(engine.api.post(`/containers/${id}/pause`), 204);
    const made = await commit(id);
    assert.equal((await engine.inspect(id)).State.Status, 'paused');
    await ok(engine.api.post(`/containers/${id}/unpause`), 204);
    await ok(engine.api.delete(`/images/${made}`));
  });

  test('what is wrong is said before anything is made', async () => {
    const id = await engine.create();
    const before = (await ok<Image[]>(engine.api.get('/images/json'))).length;
    const post = (query: Query) => engine.api.post('/commit', {}, query);
    await refused(post({ container: 'nosuch' }), 404, 'No such container: nosuch');
    await refused(post({}), 400, 'invalid name or ID supplied: ""');
    await refused(post({ container: id, repo: 'a/b', tag: '-bad' }), 400, 'invalid tag format');
    await refused(post({ container: id, repo: 'UP' }), 400, /must be lowercase/);
    await refused(post({ container: id, changes: 'FOO x' }), 400, 'FOO is not a valid change command');
    assert.equal((await ok<Image[]>(engine.api.get('/images/json'))).length, before);
  });

  test('names that mean a removal in a layer are refused, and nothing is left', async () => {
    const id = await launchAfter(engine, 'touch /tmp/.wh.passwd');
    await refused(engine.api.post('/commit', {}, { container: id }), 400, /"tmp\/\.wh\.passwd" cannot be in a layer/);
    if (engine.own) assert.deepEqual(readdirSync(join(root, 'ingest')), []);
    assert.equal((await engine.inspect(id)).State.Status, 'running');
  });

  test('kill -9 of the daemon in the middle leaves nothing', async () => {
    if (!engine.daemon) return;
    const id = await launchAfter(engine, 'dd if=/dev/urandom of=/big bs=1M count=128 2>/dev/null');
    const images = (await ok<Image[]>(engine.api.get('/images/json'))).length;
    const blobs = readdirSync(join(root, 'blobs', 'sha256'));
    const layers = readdirSync(join(root, 'layers'));
    for (const moment of [0, 1]) {
      const call = engine.api.post('/commit', {}, { container: id, pause: moment === 0 });
      call.catch(() => {});
      await until('the commit', () => readdirSync(join(root, 'ingest')).length > moment);
      await engine.daemon.kill9();
      await engine.daemon.launch();
      await until('the ingest directory to be empty', () => readdirSync(join(root, 'ingest')).length === 0);
      await until('no helper at work', () => helpersOf(engine.daemon!.pid).length === 0);
      assert.equal((await ok<Image[]>(engine.api.get('/images/json'))).length, images);
      assert.deepEqual(readdirSync(join(root, 'blobs', 'sha256')), blobs);
      assert.deepEqual(readdirSync(join(root, 'layers')), layers);
      // It stood still for the commit only.
      assert.equal((await engine.inspect(id)).State.Status, 'running');
    }
    const made = await commit(id);
    await ok(engine.api.delete(`/images/${made}`));
  });

  test('other programs read the layer', async () => {
    if (!engine.own) return;
    const id = await launchAfter(
      engine,
      `mkdir -p /x/${'n'.repeat(150)}; echo y >/x/${'n'.repeat(150)}/ü; mkfifo /x/p`,
    );
    const made = await image(await commit(id));
    const blob = join(root, 'blobs', 'sha256', made.RootFS.Layers.at(-1)!.slice(7));
    const out = mkdtempSync(join(tmpdir(), 'tdt-tar-'));
    execFileSync('tar', ['-xf', blob, '-C', out]);
    assert.equal(readFileSync(join(out, 'x', 'n'.repeat(150), 'ü'), 'utf8'), 'y\n');
    rmSync(out, { recursive: true });
    await ok(engine.api.delete(`/images/${made.Id}`));
  });
});
