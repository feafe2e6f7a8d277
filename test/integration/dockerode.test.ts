import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import Dockerode from 'dockerode';
import { Engine, uniqueName } from '../helpers/engine.js';
import { busyboxTar } from '../helpers/paths.js';
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
