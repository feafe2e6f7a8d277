import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { openOnHost } from '../helpers/networks.js';

const SLEEP = ['sleep', '600'];

describe('links between containers', async () => {
  const { engine } = await openOnHost();

  const launch = (name: string, hostConfig: object = {}, more: object = {}) =>
    engine.launch({ Cmd: SLEEP, HostConfig: { NetworkMode: 'bridge', ...hostConfig }, ...more }, name);
  const hosts = async (id: string) => (await engine.exec(id, ['cat', '/etc/hosts'])).stdout;
  const links = async (id: string) => (await engine.inspect(id)).HostConfig.Links;
  const endpoint = async (id: string, network: string) =>
    (await engine.inspect(id)).NetworkSettings.Networks[network] as { IPAddress: string; Links: string[] | null };
  const address = async (id: string) => (await endpoint(id, 'bridge')).IPAddress;
  const kill = (id: string) => ok(engine.api.post(`/containers/${id}/stop?t=0`), 204);
  const start = (id: string) => engine.api.post(`/containers/${id}/start`);
  const refused = async (body: object): Promise<[number, string]> => {
    const reply = await engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], ...body });
    return [reply.status, reply.message];
  };

  test('in the default network: hosts, variables, names, and the address after a restart', async () => {
    const db = await launch(
      'db',
      {},
      {
        Env: ['FOO=bar', 'EMPTY=', 'HOME=/db'],
        ExposedPorts: { '5001/tcp': {}, '80/tcp': {}, '53/udp': {}, '5000/tcp': {} },
      },
    );
    const web = await launch('web', { Links: ['db:my-db', 'db', '/db:/other/third'] }, { Env: ['DB_NAME=mine'] });
    const ip = await address(db);
    const lines = (await hosts(web)).split('\n');
    const short = db.slice(0, 12);
    for (const names of [`my-db ${short} db`, `db ${short}`, `third ${short} db`])
      assert.ok(lines.includes(`${ip}\t${names}`), names);
    assert.equal((await engine.exec(web, ['ping', '-c1', '-W5', 'my-db'])).exitCode, 0);

    const env = (await engine.exec(web, ['env'])).stdout.split('\n').filter((line) => line.startsWith('MY_DB_'));
    assert.deepEqual(env, [
      `MY_DB_PORT=tcp://${ip}:80`,
      ...['80/tcp', '5000/tcp', '5001/tcp', '53/udp'].flatMap((port) => {
        const [number, protocol = ''] = port.split('/');
        const name = `MY_DB_PORT_${number}_${protocol.toUpperCase()}`;
        return [
          `${name}=${protocol}://${ip}:${number}`,
          `${name}_ADDR=${ip}`,
          `${name}_PORT=${number}`,
          `${name}_PROTO=${protocol}`,
        ];
      }),
      `MY_DB_PORT_5000_TCP_START=tcp://${ip}:5000`,
      'MY_DB_PORT_5000_TCP_PORT_START=5000',
      `MY_DB_PORT_5000_TCP_END=tcp://${ip}:5001`,
      'MY_DB_PORT_5000_TCP_PORT_END=5001',
      'MY_DB_NAME=/web/my-db',
      'MY_DB_ENV_FOO=bar',
      'MY_DB_ENV_EMPTY=',
    ]);
    assert.match((await engine.exec(web, ['env'])).stdout, /^DB_NAME=mine$/m);

    assert.deepEqual(await links(web), ['/db:/web/my-db', '/db:/web/db', '/db:/web/third']);
    const list = (await engine.api.get('/containers/json')).json<{ Id: string; Names: string[] }[]>();
    assert.deepEqual(list.find(({ Id }) => Id === db)?.Names, ['/db', '/web/db', '/web/my-db', '/web/third']);
    await ok(engine.api.post('/containers/web/rename?name=site'), 204);
    assert.deepEqual(await links(web), ['/db:/site/my-db', '/db:/site/db', '/db:/site/third']);

    // Somebody takes the address that db had.
    await kill(db);
    await ok(engine.api.post('/networks/bridge/disconnect', { Container: db, Force: true }), 200);
    await ok(engine.api.post('/networks/bridge/connect', { Container: db }), 200);
    await launch('filler');
    await ok(start(db), 204);
    const now = await address(db);
    assert.notEqual(now, ip);
    assert.match(await hosts(web), new RegExp(`^${now}\tmy-db `, 'm'));
    assert.doesNotMatch(await hosts(web), new RegExp(`^${ip}\tmy-db `, 'm'));

    // The link alone goes.
    await ok(engine.api.delete('/containers/site/my-db?link=1'), 204);
    assert.deepEqual(await links(web), ['/db:/site/db', '/db:/site/third']);
    assert.doesNotMatch(await hosts(web), /my-db/);
    for (const [name, status, message] of [
      ['site/my-db', 404, 'No such container: site/my-db'],
      ['nope/x', 404, 'No such container: nope/x'],
      ['nope', 404, 'No such container: nope'],
      ['site', 500, 'Conflict, cannot remove the default link name of the container'],
    ] as const) {
      const reply = await engine.api.delete(`/containers/${name}?link=1`);
      assert.deepEqual([reply.status, reply.message], [status, message]);
    }

    // Who has links starts when the others run; a container that is gone takes its links along.
    await Promise.all([kill(db), kill(web)]);
    const reply = await start(web);
    assert.equal(reply.status, 500);
    assert.match(reply.message, /Cannot link to a non running container: \/db AS \/site\/db$/);
    await engine.remove(db);
    await ok(start(web), 204);
    assert.equal(await links(web), null);
  });

  test('what cannot be linked is refused', async () => {
    const target = await launch('target', { NetworkMode: 'host' });
    const withHost =
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior";
    const cases: [object, number, string][] = [
      [{ Links: ['nope:x'] }, 400, 'could not get container for nope: No such container: nope'],
      [{ Links: ['a:b:c'] }, 500, 'bad format for links: a:b:c'],
      [{ Links: [''] }, 500, 'empty string specified for links'],
      [{ NetworkMode: 'host', Links: ['target:x'] }, 400, withHost],
      [{ Links: [`${target}:x`] }, 400, withHost],
      [{ Links: ['target:two words'] }, 400, 'invalid alias in link: "target:two words"'],
      [{ Links: ['target:x\n1.2.3.4 y'] }, 400, 'invalid alias in link: "target:x\\n1.2.3.4 y"'],
      [{ Links: ['target:a/b'] }, 400, 'invalid alias in link: "target:a/b"'],
    ];
    for (const [HostConfig, ...expected] of cases) assert.deepEqual(await refused({ HostConfig }), expected);
  });

  test('in another network: an alias that its container alone knows', async () => {
    await ok(engine.api.post('/networks/create', { Name: 'front' }), 201);
    const on = { NetworkMode: 'front' };
    const data = await launch('data', on);
    const settings = { NetworkingConfig: { EndpointsConfig: { front: { Links: ['data:store'] } } } };
    const [user, other] = await Promise.all([launch('user', on, settings), launch('other', on)]);
    const resolves = async (id: string) => (await engine.exec(id, ['ping', '-c1', '-W5', 'store'])).exitCode;
    assert.equal(await resolves(user), 0);
    assert.notEqual(await resolves(other), 0);
    assert.deepEqual((await endpoint(user, 'front')).Links, ['data:store']);

    // From the default network there is no way to it.
    const stranger = await engine.create({ Cmd: SLEEP, HostConfig: { NetworkMode: 'bridge', Links: ['data:store'] } });
    const reply = await start(stranger);
    assert.equal(reply.status, 500);
    assert.match(reply.message, new RegExp(`container ${data} not attached to default bridge network$`));
    await Promise.all([data, user, other, stranger].map((id) => engine.remove(id)));
    await ok(engine.api.delete('/networks/front'), 204);
  });
});
