import { API_VERSION, VERSION } from '@tinydocker/shared/version.js';
import type { FastifyInstance, RouteOptions } from 'fastify';

/**
 * GET /openapi.json: what there is, from the schemas of the routes. The page is made when it is first asked for, by an app
 * of its own that has the same routes and no handlers, so that it costs nothing to a daemon that nobody asks.
 */
export function installOpenApi(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  let page: Promise<string> | undefined;
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.get('/openapi.json', { schema: { hide: true } as object }, (_request, reply) => {
    page ??= describe(routes);
    page.then(
      (json) => reply.type('application/json').send(json),
      (error) => {
        page = undefined;
        reply.send(error);
      },
    );
  });
}

async function describe(routes: readonly RouteOptions[]): Promise<string> {
  const [{ default: Fastify }, { default: swagger }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
  ]);
  // Nothing is checked or written by it: it needs no compilers of schemas.
  const compilersFactory = { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify };
  const app = Fastify({ exposeHeadRoutes: false, schemaController: { compilersFactory } as never });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tinydocker',
        version: VERSION,
        description: `The Docker Engine API ${API_VERSION}, as far as tinydocker has it. A path may begin with /v${API_VERSION} or an older version.`,
      },
    },
  });
  for (const { method, url, schema } of routes) app.route({ method, url, schema: schema ?? {}, handler: () => null });
  await app.ready();
  return JSON.stringify(app.swagger());
}
