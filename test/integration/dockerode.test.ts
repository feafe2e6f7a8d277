import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { buffer as bytes } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import Dockerode from 'dockerode';
import { Engine, uniqueName } from '../helpers/engine.js';
import { busyboxTar } from '../helpers/paths.js';
import { tar } from '../helpers/tar.js';
import { untar } from '../helpers/untar.js';
import { within } from '../helpers/until.js';

// The client library that other programs in Node use, unmodified.
const engine = await Engine.open();
after(() => engine.close());
const docker = new Dockerode({ socketPath: engine.api.socket });

const collected = (stream: NodeJS.ReadableStream) => {
  let text = '';
  stream.on('data', (data: Buffer) => {
    text += data;
  });
  return () => text;
};
const ended = (stream: NodeJS.ReadableStream) =>
  within(
    'the end of the stream',
    new Promise<void>((resolve, reject) => stream.on('end', resolve).on('close', resolve).on('error', reject)),
  );

describe('dockerode', () => {
  test('run', async () => {
    const output = new PassThrough();
    const text = collected(output);
    const end = ended(output);
    const [result, container] = (await docker.run(engine.image, ['sh', '-c', 'echo hi; exit 4'], output, {
      Tty: true,
      HostConfig: { NetworkMode: 'none' },
    })) as [{ StatusCode: number }, Dockerode.Container];
    engine.adopt(container.id);
    assert.equal(result.StatusCode, 4);
    await end;
    assert.equal(text(), 'hi\r\n');
    await container.remove();
  });

  test('create, attach, start, wait, inspect, logs, remove', async () => {
    const name = uniqueName();
    const container = await docker.createContainer({
      ...{
        name,
        Image: engine.image,
        Cmd: ['sh', '-c', 'cat; echo err >&2; exit 2'],
        OpenStdin: true,
        StdinOnce: true,
      },
      ...{ Labels: { a: 'b' }, HostConfig: { NetworkMode: 'none', Memory: 32 << 20 } },
    });
    engine.adopt(container.id);
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const [out, err] = [new PassThrough(), new PassThrough()];
    const [stdout, stderr] = [collected(out), collected(err)];
    docker.modem.demuxStream(stream, out, err);
    const end = ended(stream);
    await container.start();
    stream.end('through cat\n');
    assert.deepEqual(await container.wait(), { StatusCode: 2 });
    await end;
    assert.deepEqual([stdout(), stderr()], ['through cat\n', 'err\n']);
    const seen = await container.inspect();
    assert.equal(seen.Name, `/${name}`);
    assert.equal(seen.HostConfig.Memory, 32 << 20);
    assert.equal(seen.State.ExitCode, 2);
    const logs = await container.logs({ stdout: true, stderr: false, follow: false });
    assert.match(logs.toString(), /through cat\n$/);
    const listed = await docker.listContainers({ all: true, filters: { label: ['a=b'], name: [name] } });
    assert.deepEqual(
      listed.map(({ Id }) => Id),
      [container.id],
    );
    await container.remove();
    await assert.rejects(container.inspect(), { statusCode: 404 });
  });

  test('exec', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    const exec = await docker
      .getContainer(id)
      .exec({ Cmd: ['sh', '-c', 'cat; exit 5'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    const out = new PassThrough();
    const stdout = collected(out);
    docker.modem.demuxStream(stream, out, out);
    stream.end('into exec');
    await ended(stream);
    assert.equal(stdout(), 'into exec');
    assert.equal((await exec.inspect()).ExitCode, 5);
  });

  test('images: load, inspect, tag, remove', async () => {
    const progress = await docker.loadImage(busyboxTar());
    progress.resume();
    await ended(progress);
    const repo = uniqueName('node');
    await docker.getImage(engine.image).tag({ repo, tag: 'v1' });
    assert.ok((await docker.getImage(`${repo}:v1`).inspect()).RepoTags.includes(`${repo}:v1`));
    assert.deepEqual(await docker.getImage(`${repo}:v1`).remove(), [{ Untagged: `${repo}:v1` }]);
    assert.ok((await docker.listImages()).length > 0);
  });

  test('stats, top, pause, update, rename, restart, kill', async () => {
    const container = docker.getContainer(
      await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { Memory: 64 << 20 } }),
    );
    const numbers = await container.stats({ stream: false, 'one-shot': true });
    assert.equal(numbers.memory_stats.limit, 64 << 20);
    const live = await container.stats({ stream: true });
    const [line] = (await within('the first numbers', once(live, 'data'))) as [Buffer];
    assert.equal((JSON.parse(line.toString().split('\n')[0]!) as { id: string }).id, container.id);
    (live as unknown as { destroy(): void }).destroy();
    const top = (await container.top({ ps_args: '-o pid,args' })) as { Titles: string[]; Processes: string[][] };
    assert.deepEqual([top.Titles, top.Processes[0]![1]], [['PID', 'COMMAND'], 'sleep 600']);
    await container.pause();
    assert.equal((await container.inspect()).State.Paused, true);
    await container.unpause();
    assert.deepEqual(await container.update({ Memory: 96 << 20, MemorySwap: 192 << 20 }), { Warnings: null });
    assert.equal((await container.inspect()).HostConfig.Memory, 96 << 20);
    const name = uniqueName();
    await container.rename({ name });
    assert.equal((await container.inspect()).Name, `/${name}`);
    await container.restart({ t: 0 });
    await container.resize({ h: 10, w: 20 }).catch((error: { statusCode: number }) => assert.ok(error.statusCode));
    const end = container.wait();
    await container.kill();
    assert.deepEqual(await end, { StatusCode: 137 });
  });

  test('files: archive in and out, changes, export, commit', async () => {
    const container = docker.getContainer(await engine.create({ Cmd: ['cat', '/in/file'] }));
    await container.putArchive(tar([{ name: 'in/file', content: 'from outside' }]), { path: '/' });
    const info = await container.infoArchive({ path: '/in/file' });
    const stat = Buffer.from(info.headers['x-docker-container-path-stat'] as string, 'base64').toString();
    assert.equal((JSON.parse(stat) as { size: number }).size, 12);
    const entries = untar(await bytes(await container.getArchive({ path: '/in/file' })));
    assert.deepEqual(
      entries.map(({ name, content }) => [name, content.toString()]),
      [['file', 'from outside']],
    );
    const changes = (await container.changes()) as { Path: string; Kind: number }[];
    assert.deepEqual(changes, [
      { Path: '/in', Kind: 1 },
      { Path: '/in/file', Kind: 1 },
    ]);
    assert.ok(untar(await bytes(await container.export())).some(({ name }) => name === 'in/file'));
    const repo = uniqueName('commit');
    const { Id } = (await container.commit({ repo, tag: 'v1', comment: 'words', changes: 'ENV A=b' })) as {
      Id: string;
    };
    const image = await docker.getImage(`${repo}:v1`).inspect();
    assert.deepEqual([image.Id, image.Comment, image.Config.Env?.includes('A=b')], [Id, 'words', true]);
    await docker.getImage(`${repo}:v1`).remove();
  });

  test('logs that are followed; attached by an upgrade; a health check', async () => {
    const container = docker.getContainer(
      await engine.create({
        Cmd: ['sh', '-c', 'read x; echo "got $x"; echo err >&2'],
        OpenStdin: true,
        StdinOnce: true,
      }),
    );
    await container.start();
    const logs = await container.logs({ stdout: true, stderr: true, follow: true });
    const [out, err] = [new PassThrough(), new PassThrough()];
    const [stdout, stderr] = [collected(out), collected(err)];
    docker.modem.demuxStream(logs, out, err);
    const end = ended(logs);
    const stream = await container.attach({ stream: true, stdin: true, hijack: true });
    stream.end('typed\n');
    assert.deepEqual(await container.wait(), { StatusCode: 0 });
    await end;
    assert.deepEqual([stdout(), stderr()], ['got typed\n', 'err\n']);
  });

  test('exec: inspect, resize', async () => {
    const container = docker.getContainer(await engine.launch({ Cmd: ['sleep', '600'] }));
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'read x; stty size'],
      Tty: true,
      AttachStdin: true,
      AttachStdout: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
    const text = collected(stream);
    const end = ended(stream);
    await exec.resize({ h: 33, w: 44 });
    assert.equal((await exec.inspect()).Running, true);
    stream.write('\n');
    await end;
    assert.match(text(), /33 44/);
  });

  test('volumes, disk usage, prune', async () => {
    const Name = uniqueName('vol');
    const created = await docker.createVolume({ Name, Labels: { [Name]: '1' } });
    assert.equal((created as unknown as { name: string }).name, Name);
    const id = await engine.create({ Cmd: ['true'], HostConfig: { Binds: [`${Name}:/v`] } });
    assert.equal((await docker.getContainer(id).inspect()).Mounts[0]!.Name, Name);
    const { Volumes } = await docker.listVolumes({ filters: { name: [Name] } });
    assert.deepEqual(
      Volumes.map((volume) => volume.Name),
      [Name],
    );
    await assert.rejects(docker.getVolume(Name).remove(), { statusCode: 409 });
    const usage = (await docker.df()) as { Volumes: { Name: string; UsageData: { RefCount: number } }[] };
    assert.equal(usage.Volumes.find((volume) => volume.Name === Name)?.UsageData.RefCount, 1);
    await docker.getContainer(id).remove();
    assert.equal((await docker.getVolume(Name).inspect()).Name, Name);
    const pruned = await docker.pruneVolumes({ filters: { all: ['1'], label: [Name] } });
    assert.deepEqual(pruned.VolumesDeleted, [Name]);
    await docker.pruneContainers({ filters: { label: [Name] } });
  });

  test('ping, version, info, events', async () => {
    assert.equal((await docker.ping()).toString(), 'OK');
    assert.equal((await docker.version()).ApiVersion, '1.51');
    assert.equal(((await docker.info()) as { OSType: string }).OSType, 'linux');
    const name = uniqueName();
    const events = await docker.getEvents({ filters: { container: [name] } });
    const first = new Promise<string>((resolve) => events.once('data', (data: Buffer) => resolve(data.toString())));
    await engine.create({ Cmd: ['true'] }, name);
    assert.match(await within('the event', first), /"Action":"create"/);
    (events as unknown as { destroy(): void }).destroy();
  });

  test('errors carry status and reason', async () => {
    await assert.rejects(
      docker.getContainer('nobody').start(),
      (error: Error & { statusCode: number; json: { message: string } }) => {
        assert.equal(error.statusCode, 404);
        assert.equal(error.json.message, 'No such container: nobody');
        return true;
      },
    );
  });
});
