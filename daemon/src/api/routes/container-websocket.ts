import type { Socket } from 'node:net';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { attachContainer } from '../../services/containers/attach.js';
import { handshakeProblem, takeWebSocket } from '../websocket.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));

/** Attaching by WebSocket, as browsers can. */
export const containerWebSocketRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<Socket>();
    // close() waits for every connection to end, and these may not by themselves.
    app.addHook('preClose', async () => {
      for (const socket of open) socket.destroy();
    });

    app.get(
      '/containers/:id/attach/ws',
      {
        schema: {
          summary: 'Attach to a container by WebSocket',
          params: Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) }),
          querystring: Type.Object({
            stdin: flag('Standard input: the messages that are sent.'),
            stdout: flag('Standard output.'),
            stderr: flag('Standard error.'),
            stream: flag('What comes from now on.'),
            logs: flag('What has come before.'),
            detachKeys: Type.Optional(Type.String({ description: 'Keys that detach: ctrl-p,ctrl-q.' })),
          }),
        },
      },
      async (request, reply) => {
        const { stdin = false, stdout = false, stderr = false, stream = false, logs = false } = request.query;
        const options = { stdin, stdout, stderr, stream, logs, detachKeys: request.query.detachKeys };
        const problem = handshakeProblem(request);
        // Words of the protocol, not of the engine: no JSON, as dockerd has it.
        if (problem !== undefined) return reply.code(400).type('text/plain').send(problem);
        await attachContainer(deps, request.params.id, options, () => takeWebSocket(request, reply, open));
      },
    );
  };
