import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Scope } from '../ports.ts';
import type { ApiErrorName } from './error-table.ts';

/**
 * What the description of the API says of a route (OpenAPI 3.1), and what a key must be allowed to open it. A route behind a
 * key without one is not added: what is not described is not served.
 */
export interface Operation {
  /** One of its own, such as `list_calls`. */
  readonly id: string;
  readonly tag: OperationTag;
  /** One line, without a full stop. */
  readonly summary: string;
  /** For a person, in Markdown. */
  readonly description?: string;
  readonly scope: Scope;
  /** Only keys of the environment open it: it is of no project. */
  readonly installation?: true;
  /** Query parameters, each with a description. They describe; parsing is the route's own. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** The JSON body. */
  readonly body?: z.ZodType;
  /** By HTTP status. */
  readonly answers?: Readonly<Record<number, OperationAnswer>>;
  /** Graph's own answer comes back as it is, whatever status it has. */
  readonly passesThrough?: true;
  /** Beside those of every route with a key (openapi/error-answers.ts). */
  readonly errors?: readonly ApiErrorName[];
}

export interface OperationAnswer {
  readonly description: string;
  /** Null for an answer without a body. */
  readonly body: z.ZodType | null;
  /** Default: JSON. */
  readonly contentType?: string;
}

export type OperationTag =
  | 'Calls'
  | 'Permissions'
  | 'Messages'
  | 'Contacts'
  | 'Graph'
  | 'Phone numbers'
  | 'Voice agents'
  | 'Webhooks'
  | 'Access'
  | 'Operation';

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

/** The options of a route that is described so. */
export function described(operation: Operation): { readonly config: { readonly operation: Operation } } {
  return { config: { operation } };
}

/** Lets no route into `scope` that is not described. HEAD follows its GET. */
export function demandDescriptions(scope: FastifyInstance): void {
  scope.addHook('onRoute', ({ method, url, config }) => {
    if (config?.operation === undefined) throw new Error(`${String(method)} ${url} is not described`);
  });
}
