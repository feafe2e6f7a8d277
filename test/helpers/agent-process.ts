import { createSocket } from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';

/*
 * A program in a network namespace: listens and connects as it is told, one JSON object a line. Whoever connects is told by what
 * address it was seen.
 */

export interface Order {
  id: number;
  do: 'listen' | 'connect';
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
  /** What a listener says of itself. */
  name?: string;
  timeout?: number;
}

const send = (id: number, answer: object): void => void process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);

const seen = (name: string, address = ''): string => `${name} ${address.replace(/^::ffff:/, '')}\n`;

function listen({ id, protocol, address, port, name = '' }: Order): void {
  if (protocol === 'udp') {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    socket.on('message', (_data, peer) => socket.send(seen(name, peer.address), peer.port, peer.address));
    socket.on('error', (error: NodeJS.ErrnoException) => send(id, { error: error.code }));
    socket.bind(port, address, () => send(id, {}));
    return;
  }
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write(seen(name, socket.remoteAddress));
    // Who stays is answered, so that a connection can be seen to go on.
    socket.on('data', (data) => socket.write(data));
  });
  server.on('error', (error: NodeJS.ErrnoException) => send(id, { error: error.code }));
  server.listen(port, address, () => send(id, {}));
}

function connect({ id, protocol, address, port, timeout = 1000 }: Order): void {
  let done = false;
  const finish = (answer: object, close: () => void) => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    close();
    send(id, answer);
  };
  let close = () => {};
  const timer = setTimeout(() => finish({ error: 'TIMEOUT' }, close), timeout);
  const failed = (error: NodeJS.ErrnoException) => finish({ error: error.code }, close);
  if (protocol === 'udp') {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    close = () => socket.close();
    socket.on('message', (data) => finish({ text: data.toString().trim() }, close));
    socket.on('error', failed);
    // Connected, so that it hears of it when nobody is there.
    socket.connect(port, address, () => socket.send('x'));
    return;
  }
  const socket = net.connect(port, address);
  close = () => socket.destroy();
  socket.on('data', (data) => finish({ text: data.toString().trim() }, close));
  socket.on('error', failed);
  socket.on('end', () => finish({ error: 'END' }, close));
}

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  if (order.do === 'listen') listen(order);
  else connect(order);
}
process.exit();
