import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { resolveNetworkMode } from './network-mode.js';
import { refuseUnsupported } from './unsupported.js';

const REFUSED: [request: ContainerCreateRequest, what: RegExp][] = [
  [{ HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '80' }] } } }, /publishing ports/],
  [{ HostConfig: { PublishAllPorts: true } }, /publishing ports/],
  [{ HostConfig: { DeviceRequests: [{ Driver: 'nvidia' }] } }, /device requests/],
  [{ HostConfig: { Links: ['a:b'] } }, /links/],
  [{ HostConfig: { CpuCount: 2 } }, /Windows/],
];
for (const [request, message] of REFUSED) {
  test(`refuses ${JSON.stringify(request).slice(0, 80)}`, () => {
    assert.throws(() => refuseUnsupported(request, request.HostConfig ?? {}), { kind: 'not-implemented', message });
  });
}

test('what clients send without a wish passes', () => {
  const request: ContainerCreateRequest = {
    Volumes: {},
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...{ PortBindings: {}, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, Devices: [], Links: null },
      ...{ BlkioWeight: 0, BlkioWeightDevice: [], MemorySwappiness: -1, OomKillDisable: false, UsernsMode: '' },
      ...{ VolumeDriver: '', VolumesFrom: null, CpuCount: 0, IOMaximumBandwidth: 0, NetworkMode: 'default' },
    },
  };
  refuseUnsupported(request, request.HostConfig ?? {});
});

test('the network is none, unless something else is asked for', () => {
  const mode = (NetworkMode: string | undefined) => resolveNetworkMode({ HostConfig: { NetworkMode } }).mode;
  assert.deepEqual(
    [mode(undefined), mode(''), mode('default'), mode('none'), mode('host')],
    [...['none', 'none', 'none', 'none', 'host']],
  );
  assert.match(resolveNetworkMode({ HostConfig: { NetworkMode: 'bridge' } }).warnings[0]!, /loopback interface only/);
  assert.throws(() => mode('mine'), { kind: 'invalid', message: 'network mine not found' });
});

test('an endpoint may say nothing, nothing may be asked of it', () => {
  const of = (endpoint: object, name = 'default') =>
    resolveNetworkMode({ NetworkingConfig: { EndpointsConfig: { [name]: endpoint } } });
  of({ IPAMConfig: null, Links: null, MacAddress: '', DriverOpts: null });
  assert.throws(() => of({ MacAddress: '02:42:ac:11:00:02' }), { kind: 'not-implemented' });
  assert.throws(() => of({}, 'mine'), { kind: 'invalid' });
});
