/**
 * Measures the embedded name server, beside that of a reference engine where TINYDOCKER_REFERENCE names one: questions of one container for
 * another, `node test/dist/bench/names.js [--seconds 3]`. Who asks runs on the same processors.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encode } from 'dns-packet';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';
import { median } from './measure.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    flood: { type: 'string' },
    open: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);

/** Asks as fast as answers come, with as many questions open at a time. */
function flood(name: string, open: number): Promise<{ rate: number; median: number }> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const sent = new Map<number, number>();
    const times: number[] = [];
    let id = 0;
    const ask = () => {
      id = (id + 1) & 0xffff;
      const message = encode({ type: 'query', id, flags: 256, questions: [{ type: 'A', name }] });
      sent.set(id, performance.now());
      socket.send(message);
    };
    socket.on('error', reject).on('message', (answer) => {
      const start = sent.get(answer.readUInt16BE(0));
      if (start === undefined || answer.readUInt16BE(6) === 0) return reject(new Error('no answer to what was asked'));
      times.push(performance.now() - start);
      sent.delete(answer.readUInt16BE(0));
      ask();
    });
    socket.connect(53, '127.0.0.11', () => {
      for (let i = 0; i < open; i++) ask();
      setTimeout(() => {
        socket.close();
        resolve({ rate: times.length / seconds, median: median(times) });
      }, seconds * 1000);
    });
  });
}

async function measure(engine: Engine): Promise<void> {
  const network = uniqueName('n');
  await ok(engine.api.post('/networks/create', { Name: network }), 201);
  const config = { Cmd: ['sleep', '600'], StopSignal: 'SIGKILL', HostConfig: { NetworkMode: network } };
  const [asker, other] = [await engine.launch(config), await engine.launch(config)];
  const pid = String((await engine.inspect(asker)).State.Pid);
  for (const open of ['1', '64']) {
    const words = [
      fileURLToPath(import.meta.url),
      '--seconds',
      values.seconds,
      '--flood',
      other.slice(0, 12),
      '--open',
      open,
    ];
    const { stdout, stderr } = spawnSync('nsenter', ['-t', pid, '-n', process.execPath, ...words], {
      encoding: 'utf8',
    });
    console.log(`${engine.own ? 'tinydocker' : 'reference '} ${open.padStart(2)} open: ${stdout.trim() || stderr}`);
  }
  for (const id of [asker, other]) await engine.remove(id);
  await engine.api.delete(`/networks/${network}`);
}

if (values.flood) {
  const { rate, median } = await flood(values.flood, Number(values.open));
  console.log(`${Math.round(rate)} a second, ${(median * 1000).toFixed(0)} us each`);
} else {
  const host = NetworkNamespace.make();
  const engine = await Engine.open({ network: host });
  await measure(engine);
  await engine.close();
  host.remove();
  const reference = process.env.TINYDOCKER_REFERENCE;
  if (reference) {
    const socket = execFileSync(reference, ['start'], { encoding: 'utf8' }).trim();
    const theirs = await Engine.open({ external: `unix://${socket}` });
    await measure(theirs);
    await theirs.close();
  }
}
