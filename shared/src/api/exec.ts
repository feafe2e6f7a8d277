import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Maybe, MaybeWordList, Nullable, Strings } from './common.js';

const consoleSize = Maybe(
  Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 2 }),
  'First size of the terminal: [rows, columns].',
);

/** A further process for a running container. */
export const ExecConfig = Type.Object({
  AttachStdin: Maybe(Type.Boolean()),
  AttachStdout: Maybe(Type.Boolean()),
  AttachStderr: Maybe(Type.Boolean()),
  ConsoleSize: consoleSize,
  DetachKeys: Maybe(Type.String(), 'Keys that detach: ctrl-p,ctrl-q.'),
  Tty: Maybe(Type.Boolean(), 'Give it a terminal.'),
  Env: Maybe(Strings, 'NAME=value, added to the container’s.'),
  Cmd: MaybeWordList('The command.'),
  Privileged: Maybe(Type.Boolean(), 'With all capabilities.'),
  User: Maybe(Type.String(), 'user[:group], names or numbers; the container’s by default.'),
  WorkingDir: Maybe(Type.String(), 'The container’s by default.'),
});
export type ExecConfig = Static<typeof ExecConfig>;

export const ExecStartConfig = Type.Object(
  {
    Detach: Maybe(Type.Boolean(), 'Start it without streams.'),
    Tty: Maybe(Type.Boolean(), 'As it was created with.'),
    ConsoleSize: consoleSize,
  },
  // Known to the daemon's validator: no body means an empty one.
  { emptyBody: true },
);
export type ExecStartConfig = Static<typeof ExecStartConfig>;

export const ProcessConfig = Type.Object({
  tty: Type.Boolean(),
  entrypoint: Type.String(),
  arguments: Strings,
  privileged: Type.Boolean(),
  user: Type.Optional(Type.String()),
});

export const ExecInspectResponse = Type.Object({
  ID: Type.String(),
  Running: Type.Boolean(),
  ExitCode: Nullable(Type.Integer(), 'null as long as it has not ended.'),
  ProcessConfig,
  OpenStdin: Type.Boolean(),
  OpenStderr: Type.Boolean(),
  OpenStdout: Type.Boolean(),
  CanRemove: Type.Boolean(),
  ContainerID: Type.String(),
  DetachKeys: Type.String({ description: 'The bytes that detach, base64 as Docker shows them.' }),
  Pid: Type.Integer({ description: 'As the host sees it; 0 when it does not run.' }),
});
export type ExecInspectResponse = Static<typeof ExecInspectResponse>;
