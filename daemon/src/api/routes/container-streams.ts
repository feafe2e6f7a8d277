import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import type { FastifyReply } from 'fastify';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { sendParts, sendWhole } from '../../lib/parts.js';
import { attachContainer } from '../../services/containers/attach.js';
import { containerLogs } from '../../services/containers/logs.js';
import { waitContainer } from '../../services/containers/wait.js';
import { takeOver } from '../hijack.js';
import { speaks } from '../version.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const text = (description: string) => Type.Optional(Type.String({ description }));
const id = Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) });

const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

/** Takes over an answer; its head goes with the beginning of the body. */
function takeAnswer(reply: FastifyReply, contentType: string): ServerResponse {
  reply.hijack();
  const headers = { ...reply.getHeaders(), 'Content-Type': contentType };
  return reply.raw.writeHead(200, headers as Record<string, string>);
}

/** Sends the head of an answer whose body comes later, as clients wait for it before they go on. */
function beginAnswer(reply: FastifyReply, contentType: string): ServerResponse {
  const response = takeAnswer(reply, contentType);
  response.flushHeaders();
  return response;
}

/** The routes under /containers/{id} whose answers last: wait, logs, attach. */
export const containerStreamRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<ServerResponse>();
    // close() waits for every answer to end, and these may not by themselves.
    app.addHook('preClose', async () => {
      for (const response of open) response.destroy();
    });
    const keep = (response: ServerResponse, closed: () => void) => {
      open.add(response);
      response.on('close', () => {
        open.delete(response);
        closed();
      });
    };

    app.post(
      '/containers/:id/wait',
      {
        schema: {
          summary: 'Wait for a container',
          params: id,
          querystring: Type.Object({ condition: text('not-running (default), next-exit or removed.') }),
          response: { 200: ContainerWaitResponse },
        },
      },
      async ({ params, query }, reply) => {
        const wait = waitContainer(deps, params.id, query.condition);
        if (wait.ended) return wait.ended;
        // Clients start the container once they see that they are waiting for it.
        const response = beginAnswer(reply, 'application/json');
        keep(response, wait.cancel);
        response.end(JSON.stringify(await wait.result));
      },
    );

    app.get(
      '/containers/:id/logs',
      {
        schema: {
          summary: 'Read the log of a container',
          params: id,
          querystring: Type.Object({
            stdout: flag('Standard output.'),
            stderr: flag('Standard error.'),
            follow: flag('Go on until it ends.'),
            timestamps: flag('Put the time before every line.'),
            details: flag('Put the labels and variables that the log driver keeps before every line.'),
            tail: text('The last lines only: a number, or all.'),
            since: text('Seconds since 1970 or RFC 3339.'),
            until: text('Seconds since 1970 or RFC 3339.'),
          }),
        },
      },
      async (request, reply) => {
        const { params, query } = request;
        const cancel = new AbortController();
        const options = { ...query, stdout: query.stdout ?? false, stderr: query.stderr ?? false };
        const logs = containerLogs(deps, params.id, options, cancel.signal);
        const answer = logs.follows ? beginAnswer : takeAnswer;
        const response = answer(reply, logs.multiplexed && speaks(request, '1.42') ? MULTIPLEXED : RAW);
        keep(response, () => cancel.abort());
        const sent = logs.follows
          ? sendParts(response, logs.data, cancel.signal).then(() => response.end())
          : sendWhole(response, logs.data, cancel.signal);
        await sent.catch((error) => {
          deps.log.debug({ err: error }, 'logs');
          response.destroy();
        });
      },
    );

    app.post(
      '/containers/:id/attach',
      {
        schema: {
          summary: 'Attach to a container',
          params: id,
          querystring: Type.Object({
            stdin: flag('Standard input.'),
            stdout: flag('Standard output.'),
            stderr: flag('Standard error.'),
            stream: flag('What comes from now on.'),
            logs: flag('What has come before.'),
            detachKeys: text('Keys that detach: ctrl-p,ctrl-q.'),
          }),
        },
      },
      async (request, reply) => {
        const {
          stdin = false,
          stdout = false,
          stderr = false,
          stream = false,
          logs = false,
          detachKeys,
        } = request.query;
        const options = { stdin, stdout, stderr, stream, logs, detachKeys };
        await attachContainer(deps, request.params.id, options, () => takeOver(request, reply));
      },
    );
  };
