import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';

/*
 * Building blocks of the API's schemas. A schema is written once: it validates requests, gives TypeScript its type, and is
 * shown in the OpenAPI page. Clients in Go send null for every empty slice, map and pointer, so optional members accept it.
 */

/** An optional member that may also be null. */
export const Maybe = <T extends TSchema>(schema: T, description?: string) =>
  Type.Optional(Nullable(schema, description));

/** A member that is always there and may be null. */
export function Nullable<T extends TSchema>(schema: T, description?: string) {
  const { type } = schema as { type?: string };
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    ...(type !== undefined && { type: [type, 'null'] }),
    ...(description !== undefined && { description }),
  });
}

/** One of a few words. */
export const Word = <const T extends string>(words: readonly T[], description?: string) =>
  Type.Unsafe<T>({ type: 'string', enum: words, ...(description !== undefined && { description }) });

/** A map of any names to values of one kind. */
export const MapOf = <T extends TSchema>(values: T) =>
  Type.Unsafe<Record<string, Static<T>>>({ type: 'object', additionalProperties: values });

export const Strings = Type.Array(Type.String());
/** A map of names to texts: labels, options, sysctls. */
export const StringMap = MapOf(Type.String());
/** Docker's way to write a set: a map whose values are empty objects. */
export const StringSet = MapOf(Type.Object({}));

/**
 * A command line: a list of words. A bare string is accepted as a list of one; the daemon's validator, which knows the keyword
 * `wordList`, puts the list in its place.
 */
export const WordList = Type.Unsafe<string[]>({ type: ['array', 'string'], items: { type: 'string' }, wordList: true });
export const MaybeWordList = (description: string) =>
  Type.Optional(Type.Unsafe<string[] | null>({ ...WordList, type: ['array', 'string', 'null'], description }));

export const ErrorResponse = Type.Object({ message: Type.String({ description: 'What went wrong.' }) });
export type ErrorResponse = Static<typeof ErrorResponse>;

export const IDResponse = Type.Object({ Id: Type.String({ description: 'The id of what was made.' }) });
export type IDResponse = Static<typeof IDResponse>;

/** How a file tree is stored. */
export const DriverData = Type.Object({
  Name: Type.String({ description: 'Name of the storage driver.' }),
  Data: Nullable(StringMap, 'Directories of the tree, by role.'),
});
export type DriverData = Static<typeof DriverData>;

export const HealthConfig = Type.Object(
  {
    Test: Maybe(
      Strings,
      '[] inherits, ["NONE"] disables, ["CMD", args...] execs, ["CMD-SHELL", command] uses the shell.',
    ),
    Interval: Type.Optional(Type.Integer({ description: 'Nanoseconds between two checks; 0 inherits.' })),
    Timeout: Type.Optional(
      Type.Integer({ description: 'Nanoseconds after which a check counts as failed; 0 inherits.' }),
    ),
    Retries: Type.Optional(Type.Integer({ description: 'Failures in a row that make it unhealthy; 0 inherits.' })),
    StartPeriod: Type.Optional(
      Type.Integer({ description: 'Nanoseconds at the start in which failures do not count.' }),
    ),
    StartInterval: Type.Optional(Type.Integer({ description: 'Nanoseconds between checks within the start period.' })),
  },
  { description: 'A test to perform to see that the container is healthy.' },
);
export type HealthConfig = Static<typeof HealthConfig>;

export const PortBinding = Type.Object({
  HostIp: Type.Optional(Type.String({ description: 'Address of the host to publish on.' })),
  HostPort: Type.Optional(Type.String({ description: 'Port of the host, or a range; empty chooses one.' })),
});
export type PortBinding = Static<typeof PortBinding>;

/** Ports of the container, `80/tcp`, with where they are published. */
export const PortMap = MapOf(Nullable(Type.Array(PortBinding)));
export type PortMap = Static<typeof PortMap>;
