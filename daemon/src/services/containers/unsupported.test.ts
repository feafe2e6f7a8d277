import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { refuseUnsupported } from './unsupported.js';

const REFUSED: [request: ContainerCreateRequest, what: RegExp][] = [
  [{ HostConfig: { DeviceRequests: [{ Driver: 'nvidia' }] } }, /device requests/],
  [{ HostConfig: { CpuCount: 2 } }, /Windows/],
];
for (const [request, message] of REFUSED) {
  test(`refuses ${JSON.stringify(request).slice(0, 80)}`, () => {
    assert.throws(() => refuseUnsupported(request.HostConfig ?? {}), { kind: 'not-implemented', message });
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
  refuseUnsupported(request.HostConfig ?? {});
});
