/**
 * Measures what containers send each other, and what the host sends to a published port, with iperf3 in their network namespaces, beside a
 * reference engine where TINYDOCKER_REFERENCE names one, in turns: `npm run bench network [-- --runs 5 --seconds 3]`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';
import { networksOf, sleeper } from '../helpers/networks.js';
import { referencePid } from '../helpers/reference.js';
import { median } from './measure.js';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});
const PORT = 5201;

interface Measured {
  name: string;
  /** Its way into the network namespace of the container that asks, and into that of its host. */
  client: string[];
  host: string[];
  server: string;
  gateway: string;
  close: () => Promise<void>;
}

const enter = (namespace: string): string[] => ['nsenter', `--net=${namespace}`];

/** A container that serves by iperf3, at a port of the host too, and one that asks. */
async function open(
  name: string,
  engine: Engine,
  hostNamespace: string,
  close: () => Promise<void>,
): Promise<Measured> {
  const network = uniqueName('n');
  await ok(engine.api.post('/networks/create', { Name: network }), 201);
  const port = `${PORT}/tcp`;
  const server = await engine.launch(
    sleeper(network, {
      ExposedPorts: { [port]: {} },
      HostConfig: { NetworkMode: network, PortBindings: { [port]: [{ HostPort: String(PORT) }] } },
    }),
  );
  const client = await engine.launch(sleeper(network));
  const namespaceOf = async (id: string) => `/proc/${(await engine.inspect(id)).State.Pid}/ns/net`;
  const [program = '', ...words] = [...enter(await namespaceOf(server)), 'iperf3', '-s', '--forceflush'];
  const serving = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(serving.stdout, 'data');
  const place = (await networksOf(engine, server))[network]!;
  return {
    name,
    client: enter(await namespaceOf(client)),
    host: enter(hostNamespace),
    server: place.IPAddress,
    gateway: place.Gateway,
    close: async () => {
      serving.kill();
      for (const id of [server, client]) await engine.remove(id);
      await engine.api.delete(`/networks/${network}`);
      await close();
    },
  };
}

interface Report {
  error?: string;
  end: { sum_received: { bits_per_second: number }; streams: { sender: { mean_rtt: number } }[] };
}

/** Gigabits a second, or with a rate that fills nothing the microseconds of a round trip. */
function ask(from: string[], address: string, rate?: string): number {
  const words = [
    'iperf3',
    '-J',
    '-c',
    address,
    '-p',
    String(PORT),
    '-t',
    values.seconds,
    ...(rate ? ['-b', rate] : []),
  ];
  const [program = '', ...rest] = [...from, ...words];
  const { end, error } = JSON.parse(execFileSync(program, rest, { encoding: 'utf8' })) as Report;
  if (error) throw new Error(`iperf3 from ${from} to ${address}: ${error}`);
  return rate ? end.streams[0]!.sender.mean_rtt : end.sum_received.bits_per_second / 1e9;
}

const MEASURES: [what: string, unit: string, measure: (side: Measured) => number][] = [
  ['container to container', 'Gbit/s', ({ client, server }) => ask(client, server)],
  ['container to container, a round trip', 'us', ({ client, server }) => ask(client, server, '8M')],
  // Its own address, not loopback, which dockerd leads through a process.
  ['host to a published port', 'Gbit/s', ({ host, gateway }) => ask(host, gateway)],
  ['host to a published port, a round trip', 'us', ({ host, gateway }) => ask(host, gateway, '8M')],
];

const machine = NetworkNamespace.make();
const engine = await Engine.open({ network: machine });
const sides = [
  await open('tinydocker', engine, `/run/netns/${machine.name}`, async () => {
    await engine.close();
    machine.remove();
  }),
];
const reference = process.env.TINYDOCKER_REFERENCE;
if (reference) {
  const socket = execFileSync(reference, ['start'], { encoding: 'utf8' }).trim();
  const theirs = await Engine.open({ external: `unix://${socket}` });
  sides.push(await open('reference', theirs, `/proc/${referencePid()}/ns/net`, () => theirs.close()));
}
try {
  for (const [what, unit, measure] of MEASURES) {
    const found = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
    for (let i = 0; i < Number(values.runs); i++) for (const side of sides) found.get(side.name)!.push(measure(side));
    const shown = [...found].map(([name, numbers]) => `${name} ${median(numbers).toFixed(1)} ${unit}`);
    console.log(`${what}: ${shown.join(', ')}`);
  }
} finally {
  for (const side of sides) await side.close();
}
