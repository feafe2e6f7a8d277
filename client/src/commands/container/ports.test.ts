import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPorts } from './ports.js';

const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type: 'tcp' | 'udp' = 'tcp') => ({
  ...{ PrivatePort, Type },
  ...(PublicPort !== undefined && { PublicPort }),
  ...(IP !== undefined && { IP }),
});

test('exposed and published ports, neighbours as ranges', () => {
  assert.equal(formatPorts([]), '');
  assert.equal(formatPorts([port(80)]), '80/tcp');
  assert.equal(
    formatPorts([port(7001), port(7000), port(7002), port(9000, undefined, undefined, 'udp')]),
    '7000-7002/tcp, 9000/udp',
  );
  assert.equal(
    formatPorts([port(80, 8080, '0.0.0.0'), port(80, 8080, '::')]),
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  );
  assert.equal(formatPorts([port(80, 80, '0.0.0.0'), port(81, 81, '0.0.0.0')]), '0.0.0.0:80-81->80-81/tcp');
});
