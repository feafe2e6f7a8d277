import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { SystemInfo, SystemVersion } from '@tinydocker/shared/api/system.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { systemInfo, systemVersion } from '../../services/system.js';

/** `Builder-Version: 1`: no BuildKit session is offered. */
const PING = {
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Swarm: 'inactive',
  'Content-Type': 'text/plain; charset=utf-8',
};

export const systemRoutes =
  (
    deps: Pick<Deps, 'apparmor' | 'config' | 'containers' | 'events' | 'firewall' | 'images' | 'users'>,
  ): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/_ping',
      { schema: { summary: 'Whether the daemon answers', response: { 200: Type.String() } } },
      (_request, reply) => {
        reply.headers(PING).send('OK');
      },
    );

    app.head('/_ping', { schema: { summary: 'Whether the daemon answers' } }, (_request, reply) => {
      reply.headers(PING).header('Content-Length', '0').send();
    });

    app.get('/version', { schema: { summary: 'Versions', response: { 200: SystemVersion } } }, () => systemVersion());

    app.get('/info', { schema: { summary: 'The engine and its host', response: { 200: SystemInfo } } }, () =>
      systemInfo(deps),
    );
  };
