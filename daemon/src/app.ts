import { createServer } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify';
import { installBodyParsers, limitBodyTime } from './api/body.js';
import { frameworkErrors, installErrors, refuseGarbage } from './api/errors.js';
import { installOpenApi } from './api/openapi.js';
import { authRoutes } from './api/routes/auth.js';
import { buildRoutes } from './api/routes/build.js';
import { commitRoutes } from './api/routes/commit.js';
import { containerFileRoutes } from './api/routes/container-files.js';
import { containerResourceRoutes } from './api/routes/container-resources.js';
import { containerStatsRoutes } from './api/routes/container-stats.js';
import { containerWebSocketRoutes } from './api/routes/container-websocket.js';
import { containerRoutes } from './api/routes/containers.js';
import { diskUsageRoutes } from './api/routes/disk-usage.js';
import { eventRoutes } from './api/routes/events.js';
import { execRoutes } from './api/routes/exec.js';
import { imageTransferRoutes } from './api/routes/image-transfer.js';
import { imageRoutes } from './api/routes/images.js';
import { networkRoutes } from './api/routes/networks.js';
import { pruneRoutes } from './api/routes/prune.js';
import { systemRoutes } from './api/routes/system.js';
import { volumeRoutes } from './api/routes/volumes.js';
import { installUpgrade } from './api/upgrade.js';
import { compileValidator } from './api/validator.js';
import { installVersion, rewriteUrl } from './api/version.js';
import type { Deps } from './deps.js';

/** JSON bodies; archives are streams and have no limit. */
const BODY_LIMIT = 8 * 1024 * 1024;
/** Registry credentials and filters travel in heads. */
const HEAD_LIMIT = 256 * 1024;
/** Longer than any image name. */
const NAME_LIMIT = 1024;
/** How long a client may take to send a head, in ms. */
const HEAD_TIMEOUT = 60_000;
/** And for a body of JSON behind it. Archives may take for ever. */
const BODY_TIMEOUT = 60_000;

const validatorOf = ({ schema, httpPart }: { schema: unknown; httpPart: string }) => compileValidator(schema, httpPart);

/** The HTTP side of the daemon: plugins, then routes, in this order. Listening is done by listen.ts. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const options: FastifyServerOptions = {
    loggerInstance: deps.log,
    // One logger for all: what a request logs names the request itself.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    exposeHeadRoutes: false,
    rewriteUrl,
    frameworkErrors,
    clientErrorHandler: refuseGarbage,
    routerOptions: { maxParamLength: NAME_LIMIT },
    // Clients keep connections as long as they like, as with dockerd: closing idle ones races with their next request.
    serverFactory: (handler) =>
      createServer(
        { maxHeaderSize: HEAD_LIMIT, headersTimeout: HEAD_TIMEOUT, requestTimeout: 0, keepAliveTimeout: 0 },
        handler,
      ),
    // Validation is ours; answers are written by JSON.stringify, which drops no member that a schema forgot.
    schemaController: {
      compilersFactory: {
        buildValidator: (() => validatorOf) as never,
        buildSerializer: () => () => JSON.stringify,
      },
    },
  };
  const app = Fastify(options);

  installErrors(app);
  installVersion(app);
  installBodyParsers(app);
  limitBodyTime(app, BODY_TIMEOUT);
  installOpenApi(app);
  installUpgrade(app.server, app.routing);

  await app.register(systemRoutes(deps));
  await app.register(authRoutes(deps));
  await app.register(imageRoutes(deps));
  await app.register(imageTransferRoutes(deps));
  await app.register(eventRoutes(deps));
  await app.register(containerRoutes(deps));
  await app.register(containerWebSocketRoutes(deps));
  await app.register(containerResourceRoutes(deps));
  await app.register(containerStatsRoutes(deps));
  await app.register(containerFileRoutes(deps));
  await app.register(commitRoutes(deps));
  await app.register(buildRoutes(deps));
  await app.register(execRoutes(deps));
  await app.register(volumeRoutes(deps));
  await app.register(networkRoutes(deps));
  await app.register(pruneRoutes(deps));
  await app.register(diskUsageRoutes(deps));

  await app.ready();
  return app;
}
