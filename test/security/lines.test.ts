import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { HostileImages } from '../helpers/hostile-image.js';
import { until } from '../helpers/until.js';

/* Nothing of a request or an image begins a line in a file that the engine writes, or a message of its own in a log. */

const engine = await Engine.open();
const images = new HostileImages(engine);
after(async () => {
  await images.removeAll();
  await engine.close();
});

const create = (body: Record<string, unknown>) => {
  const HostConfig = { NetworkMode: 'none', ...(body.HostConfig as object) };
  return engine.api.post('/containers/create', { Image: engine.image, Cmd: ['sleep', '600'], ...body, HostConfig });
};

/** What ends a line or a word for some reader of such files. */
const BREAKS = ['\n', '\r', '\r\n', '\t', ' ', '\v', '\f', '\u0085', '\u2028', '\u0000'];

describe('hosts, hostname, resolv.conf (CVE-2022-4318, CVE-2026-15809)', () => {
  test('a host name, a domain or an entry that is more than a word is refused', async () => {
    for (const end of BREAKS) {
      const evil = `x${end}6.6.6.6`;
      for (const body of [
        { Hostname: evil },
        { Domainname: evil },
        { HostConfig: { ExtraHosts: [`${evil}:1.2.3.4`] } },
        { HostConfig: { ExtraHosts: [`name:1.2.3.4${end}6.6.6.6 evil`] } },
        { HostConfig: { Dns: [`1.1.1.1${end}nameserver`] } },
        { HostConfig: { DnsSearch: [evil] } },
        { HostConfig: { DnsOptions: [evil] } },
      ]) {
        const reply = await create(body);
        assert.equal(reply.status, 400, `${JSON.stringify(body)}: ${reply.text}`);
      }
    }
  });

  test('what a request says of its place in a network begins no line either', async () => {
    for (const endpoint of [
      { Aliases: ['x\n6.6.6.6 evil'] },
      { Links: ['x\n6.6.6.6:evil'] },
      { MacAddress: '02:42:ac:11:00:02\n' },
      { IPAMConfig: { IPv4Address: '10.1.1.1\n6.6.6.6' } },
      { DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.x=1\nkernel.core_pattern=x' } },
      {
        DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.../../../../kernel/core_pattern=x' },
      },
      { DriverOpts: { 'com.docker.network.endpoint.ifname': '../../x' } },
    ]) {
      const reply = await create({
        HostConfig: { NetworkMode: 'bridge' },
        NetworkingConfig: { EndpointsConfig: { bridge: endpoint } },
      });
      assert.equal(reply.status, 400, `${JSON.stringify(endpoint)}: ${reply.text}`);
    }
  });

  test('the files have the lines that they should have', async () => {
    const HostConfig = {
      ExtraHosts: ['one:1.2.3.4', 'two:[::1]'],
      Dns: ['9.9.9.9'],
      DnsSearch: ['a.b'],
      DnsOptions: ['ndots:1'],
    };
    const { stdout } = await engine.run(['sh', '-c', 'cat /etc/hostname; grep -c . /etc/hosts; cat /etc/resolv.conf'], {
      Hostname: 'box',
      HostConfig,
    });
    assert.equal(stdout, 'box\n8\nnameserver 9.9.9.9\nsearch a.b\noptions ndots:1\n');
  });
});

test('the environment, a home, a user’s name: passwd has no line more (CVE-2022-4318, CVE-2026-15809)', async () => {
  const evil = '/x\nroot2::0:0::/:/bin/sh';
  const image = await images.make([{ name: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' }], {
    Env: [`HOME=${evil}`, `PATH=/bin:${evil}`],
    Labels: { [evil]: evil },
  });
  for (const config of [{ Env: [`HOME=${evil}`, `USER=${evil}`, `A${evil}=1`] }, {}, { WorkingDir: evil }]) {
    const { stdout } = await engine.run(['cat', '/etc/passwd'], { Image: image, Labels: { [evil]: evil }, ...config });
    assert.equal(stdout, 'root:x:0:0::/root:/bin/sh\n');
  }
  const id = await engine.launch({ Image: image, Cmd: ['sleep', '600'] });
  assert.match((await engine.exec(id, ['true'], { User: 'root\nroot2::0:0' })).stdout, /unable to find user/);
  assert.equal(
    (await engine.exec(id, ['cat', '/etc/passwd'], { Env: [`HOME=${evil}`] })).stdout,
    'root:x:0:0::/root:/bin/sh\n',
  );
});

test('the bundle is JSON whose texts are the request’s, to the byte', async () => {
  const evil = '"}\n{"a\\u0000":\u2028\u007f\u001b[2J';
  const id = await engine.launch({
    Cmd: ['sh', '-c', 'sleep 600', evil.replaceAll('\u0000', '')],
    Env: [`E=${evil}`],
    Labels: { [evil]: evil },
    HostConfig: { Annotations: { [evil]: evil } },
  });
  const bundle = join(engine.daemon!.execRoot, 'x/containers', id);
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { args: string[]; env: string[] };
    annotations: Record<string, string>;
  };
  assert.equal(config.process.args[3], evil);
  assert.ok(config.process.env.includes(`E=${evil}`));
  assert.equal(config.annotations[evil], evil);
  JSON.parse(readFileSync(join(bundle, 'shim.json'), 'utf8'));
  assert.equal(
    (await engine.exec(id, ['sh', '-c', 'cat /proc/1/environ | tr "\\0" "\\n" | grep -c ^E='])).stdout,
    '1\n',
  );
});

describe('logs', () => {
  const evil = 'x\n<0>Jan  1 00:00:00 host sshd[1]: Accepted\r\n\u2028{"log":"forged"}';

  test('json-file: a record is a line, whatever a container writes or its labels say', async () => {
    const options = { labels: 'evil', env: 'EVIL', tag: '{{.Name}}\n{"log":"forged"}' };
    const id = await engine.create({
      Cmd: ['printf', 'a\\n{"log":"forged\\\\n","stream":"stdout","time":"2020-01-01T00:00:00Z"}\\nb\\000\\033]0;\\n'],
      Env: [`EVIL=${evil}`],
      Labels: { evil },
      HostConfig: { LogConfig: { Type: 'json-file', Config: options } },
    });
    await engine.start(id);
    await engine.wait(id);
    const lines = readFileSync((await engine.inspect(id)).LogPath, 'utf8')
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) {
      const { attrs, time } = JSON.parse(line) as { attrs: Record<string, string>; time: string };
      assert.deepEqual([attrs.evil, attrs.EVIL], [evil, evil]);
      assert.notEqual(time, '2020-01-01T00:00:00Z');
    }
  });

  test('syslog: as many messages as lines, and none of somebody else’s', async () => {
    const socket = createSocket('udp4');
    const messages: string[] = [];
    socket.on('message', (message) => messages.push(message.toString('latin1')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    try {
      const address = `udp://127.0.0.1:${socket.address().port}`;
      for (const [format, tag] of [
        ['rfc5424', 'a\n<0>b'],
        ['rfc3164', 'a\r\n<0>b'],
        ['', '{{.Name}} x'],
      ]) {
        messages.length = 0;
        const Config = { 'syslog-address': address, 'syslog-format': format!, tag: tag!, labels: 'evil' };
        const reply = await create({
          Cmd: ['printf', 'one\\n<0>two\\rx\\nlast'],
          Labels: { evil },
          HostConfig: { LogConfig: { Type: 'syslog', Config } },
        });
        if (reply.status === 400) continue;
        const id = reply.json<{ Id: string }>().Id;
        engine.adopt(id);
        await engine.start(id);
        await engine.wait(id);
        await until('the messages', () => messages.length >= 3);
        assert.equal(messages.length, 3, JSON.stringify(messages));
        for (const message of messages) assert.equal(message.trimEnd().includes('\n'), false, JSON.stringify(message));
        await engine.remove(id);
      }
    } finally {
      socket.close();
    }
  });
});

describe('the heads of answers', () => {
  test('names in a path and errors cannot add a header', async () => {
    for (const path of ['/containers/x%0d%0aSet-Cookie:%20a/json', '/images/x%0aY:%20z/json', '/volumes/x%0d%0aA:b']) {
      const reply = await engine.api.get(path);
      assert.ok(reply.status >= 400);
      assert.equal(reply.headers['set-cookie'] ?? reply.headers.y ?? reply.headers.a, undefined);
    }
    const id = await engine.create({ Cmd: ['true'] });
    await engine.api.call('PUT', `/containers/${id}/archive`, {
      query: { path: '/tmp' },
      raw: Buffer.alloc(1024),
      headers: { 'content-type': 'application/x-tar' },
    });
    const stat = await engine.api.get(`/containers/${id}/archive`, { path: '/etc\r\nX: y' });
    assert.equal(stat.status, 404);
    assert.equal(stat.headers.x, undefined);
  });
});

test('arguments for ps are words of a list, and shells have no part in it', async () => {
  const id = await engine.launch({ Cmd: ['sleep', '600'] });
  for (const ps_args of [
    '-ef; touch /tmp/tdt-escaped',
    '$(touch /tmp/tdt-escaped)',
    '-ef | tee /tmp/tdt-escaped',
    '-ef\ntouch /tmp/tdt-escaped',
    '> /tmp/tdt-escaped',
  ]) {
    const reply = await engine.api.get(`/containers/${id}/top`, { ps_args });
    assert.ok([200, 400, 500].includes(reply.status), reply.text);
  }
  assert.throws(() => readFileSync('/tmp/tdt-escaped'), /ENOENT/);
  await engine.remove(id);
});
