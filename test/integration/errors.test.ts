import assert from 'node:assert/strict';
import net from 'node:net';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { within } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const create = (body: Record<string, unknown>, name?: string) =>
  engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], ...body }, { name });
const raw = (raw: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  engine.api.call('POST', '/containers/create', { raw, headers });

describe('a body that is not understood', () => {
  test('is no JSON, or broken off', async () => {
    for (const body of ['{', 'nonsense', '{"Image":"busybox"', '{"Image":}']) await refused(raw(body), 400, /JSON/);
    await refused(raw(''), 400, /./);
  });

  test('is JSON of another kind', async () => {
    for (const body of ['[]', '5', '"text"', 'null']) await refused(raw(body), 400, /./);
    await refused(raw('{"Image":"busybox"} {"more":1}'), 400, /./);
  });

  test('has a field of the wrong type, which the sentence names', async () => {
    for (const [body, field] of [
      ['{"Image":5}', 'Image'],
      ['{"Image":"busybox","HostConfig":{"Memory":"lots"}}', 'Memory'],
      ['{"Image":"busybox","Env":{"A":"1"}}', 'Env'],
      ['{"Image":"busybox","Tty":"yes"}', 'Tty'],
      ['{"Image":"busybox","HostConfig":{"Binds":"/a:/b"}}', 'Binds'],
    ] as const) {
      await refused(raw(body), 400, new RegExp(field));
    }
  });

  test('claims another content type', async () => {
    await refused(
      raw('{"Image":"busybox"}', { 'content-type': 'text/plain' }),
      400,
      /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/,
    );
  });

  test('unknown fields are passed over, as Docker does', async () => {
    const reply = await create({ Nonsense: true, HostConfig: { NetworkMode: 'none', Rubbish: {} } });
    assert.equal(reply.status, 201, reply.text);
    engine.adopt(reply.json<{ Id: string }>().Id);
  });

  test('a huge body is refused, and the engine lives', async () => {
    const huge = Buffer.from(
      JSON.stringify({ Image: engine.image, Cmd: ['true'], Labels: { huge: 'x'.repeat(40 << 20) } }),
    );
    const status = await raw(huge).then(
      (reply) => {
        if (reply.status === 201) engine.adopt(reply.json<{ Id: string }>().Id);
        return reply.status;
      },
      (error: NodeJS.ErrnoException) => error.code, // hung up while the rest was still being sent
    );
    if (engine.own)
      assert.ok(status === 413 || status === 400 || status === 'EPIPE' || status === 'ECONNRESET', String(status));
    await ok(engine.api.get('/_ping'));
  });

  test('what is not even HTTP gets a 400', async () => {
    const answer = await within(
      'an answer to nonsense',
      new Promise<string>((resolve, reject) => {
        let text = '';
        net
          .connect(engine.api.socket, function (this: net.Socket) {
            this.end('complete nonsense\r\n\r\n');
          })
          .on('data', (data) => {
            text += data;
          })
          .on('end', () => resolve(text))
          .on('error', reject);
      }),
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
    await ok(engine.api.get('/_ping'));
  });
});

describe('names and ids', () => {
  test('a name that is taken', async () => {
    const name = uniqueName();
    const id = await engine.create({ Cmd: ['true'] }, name);
    await refused(
      create({}, name),
      409,
      `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  test('a name that is none', async () => {
    for (const name of ['a/b', 'x', '-xx', 'with space', 'ä-umlaut']) {
      await refused(
        create({}, name),
        400,
        `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      );
    }
  });

  test('a prefix of several ids', async () => {
    const ids: string[] = [];
    let prefix: string | undefined;
    while (prefix === undefined) {
      ids.push(await engine.create({ Cmd: ['true'] }));
      prefix = ids.map((id) => id[0]!).find((digit, at, all) => all.indexOf(digit) !== at);
    }
    await refused(
      engine.api.get(`/containers/${prefix}/json`),
      400,
      `multiple IDs found with provided prefix: ${prefix}`,
    );
  });

  test('a name wins over the prefix of an id', async () => {
    const other = await engine.create({ Cmd: ['true'] });
    const name = other.slice(0, 6);
    const id = await engine.create({ Cmd: ['true'] }, name);
    assert.equal((await engine.inspect(name)).Id, id);
    await engine.remove(id);
  });

  test('nobody of that name, for every verb', async () => {
    const message = 'No such container: nobody';
    for (const [method, path] of [
      ['GET', 'json'],
      ['GET', 'logs?stdout=1'],
      ['POST', 'start'],
      ['POST', 'stop'],
      ['POST', 'wait'],
      ['POST', 'resize?h=1&w=1'],
    ] as const) {
      await refused(engine.api.call(method, `/containers/nobody/${path}`), 404, message);
    }
    await refused(engine.api.post('/containers/nobody/kill'), 404, `cannot kill container: nobody: ${message}`);
    await refused(engine.api.delete('/containers/nobody'), 404, message);
  });
});

describe('a configuration that cannot be', () => {
  for (const [what, body, message] of [
    ['an image that is not there', { Image: 'no-such-image' }, [404, 'No such image: no-such-image:latest']],
    [
      'an image name that is none',
      { Image: 'UPPER' },
      [400, 'invalid reference format: repository name (library/UPPER) must be lowercase'],
    ],
    ['too little memory', { HostConfig: { Memory: 1024 } }, [400, 'Minimum memory limit allowed is 6MB']],
    [
      'more CPUs than there are',
      { HostConfig: { NanoCpus: 1e14 } },
      [400, /range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/],
    ],
    [
      'a CPU that is not there',
      { HostConfig: { CpusetCpus: '999' } },
      [400, /Requested CPUs are not available - requested 999, available: 0/],
    ],
    [
      'an unknown capability',
      { HostConfig: { CapAdd: ['FLY'] } },
      [400, 'invalid CapAdd: unknown capability: "CAP_FLY"'],
    ],
    [
      'an unknown restart policy',
      { HostConfig: { RestartPolicy: { Name: 'sometimes' } } },
      [400, /invalid restart policy: unknown policy 'sometimes'/],
    ],
    [
      'a restart policy and AutoRemove',
      { HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } },
      [400, "can't create 'AutoRemove' container with restart policy"],
    ],
    ['an unknown log driver', { HostConfig: { LogConfig: { Type: 'nothing' } } }, [400, /nothing/]],
    ['a negative /dev/shm', { HostConfig: { ShmSize: -1 } }, [400, 'SHM size can not be less than 0']],
    [
      'an impossible oom_score_adj',
      { HostConfig: { OomScoreAdj: 5000 } },
      [400, 'Invalid value 5000, range for oom score adj is [-1000, 1000]'],
    ],
    [
      'a relative working directory',
      { WorkingDir: 'rel' },
      [400, "the working directory 'rel' is invalid, it needs to be an absolute path"],
    ],
    ['a signal that is none', { StopSignal: 'NOPE' }, [400, 'invalid signal: NOPE']],
    ['a variable without a name', { Env: ['=x'] }, [400, 'invalid environment variable: =x']],
    ['a tmpfs on the root', { HostConfig: { Tmpfs: { '/': '' } } }, [400, /destination can't be '\/'/]],
  ] as [string, Record<string, unknown>, [number, string | RegExp]][]) {
    test(what, () => refused(create(body), ...message));
  }

  test('a mount point that is not absolute', async () => {
    const reply = await create({ HostConfig: { Binds: ['/tmp:relative'] } });
    assert.ok(reply.status === 400 || reply.status === 500, reply.text); // 500 is dockerd's
    assert.match(reply.message, /invalid volume specification: '\/tmp:relative'/);
  });
});

describe('a start that fails', () => {
  /** Starts and gives the refusal; the container must be left as it was created. */
  async function fails(
    config: Record<string, unknown>,
  ): Promise<{ status: number; message: string; exitCode: number }> {
    const id = await engine.create(config);
    const reply = await engine.api.post(`/containers/${id}/start`);
    const { State } = await engine.inspect(id);
    assert.equal(State.Status, 'created');
    assert.equal(State.Pid, 0);
    assert.ok(State.Error.length > 0);
    return { status: reply.status, message: reply.message, exitCode: State.ExitCode };
  }

  test('a command that is not there: 400 and 127', async () => {
    const { status, message, exitCode } = await fails({ Cmd: ['no-such-command'] });
    assert.deepEqual([status, exitCode], [400, 127]);
    assert.match(message, /"no-such-command": executable file not found in \$PATH/);
  });

  test('an absolute path that is not there: 127', async () => {
    const { status, message, exitCode } = await fails({ Cmd: ['/no/such'] });
    assert.deepEqual([status, exitCode], [400, 127]);
    assert.match(message, /"?\/no\/such"?: .*no such file or directory/);
  });

  test('a file that cannot be executed: 126', async () => {
    const { status, message, exitCode } = await fails({ Cmd: ['/etc'] });
    assert.deepEqual([status, exitCode], [400, 126]);
    assert.match(message, /\/etc.*(permission denied|is a directory)/);
  });

  test('a user who is not there', async () => {
    const { status, message } = await fails({ Cmd: ['true'], User: 'ghost' });
    assert.ok(status >= 400 && status <= 500, String(status));
    assert.match(message, /unable to find user ghost: no matching entries in passwd file/);
  });

  test('a group that is not there', async () => {
    assert.match((await fails({ Cmd: ['true'], User: '0:ghosts' })).message, /unable to find group ghosts/);
  });

  if (engine.own) {
    // dockerd makes the directory when the container is created, and refuses that already.
    test('a working directory that is a file', async () => {
      assert.match((await fails({ Cmd: ['true'], WorkingDir: '/bin/sh/x' })).message, /not a directory/i);
    });
  }

  test('afterwards it can be removed, and the attached client is told the end', async () => {
    const id = await engine.create({ Cmd: ['no-such-command'] });
    const stream = await engine.attach(id);
    assert.equal((await engine.api.post(`/containers/${id}/start`)).status, 400);
    await stream.finished();
    await engine.remove(id);
  });
});

if (engine.own) {
  describe('what is not there yet is refused by name', () => {
    const base = { Image: 'busybox', Cmd: ['true'] };
    for (const [name, config] of Object.entries({
      DeviceRequests: { HostConfig: { DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }] } },
      StorageOpt: { HostConfig: { StorageOpt: { size: '1G' } } },
    })) {
      test(name, async () => {
        const reply = await engine.api.post('/containers/create', { ...base, ...config });
        assert.equal(reply.status, 501, reply.text);
        assert.match(
          reply.json<{ message: string }>().message,
          new RegExp(`^this engine does not offer .*\\(${name}\\) yet$`),
        );
      });
    }
  });
}
