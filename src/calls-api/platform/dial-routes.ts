import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DialDesk, DialRequest, PermissionBook } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import { described } from '../base/operation.ts';
import { sendRefused } from '../base/refusals.ts';
import type { CallQueries, LiveCalls } from '../ports.ts';
import { dialIn } from './dial-body.ts';

export interface DialRoutesOptions {
  readonly desk: Pick<DialDesk, 'dial' | 'cancel'>;
  readonly keys: Pick<PermissionBook, 'remember' | 'forget'>;
  readonly calls: CallQueries;
  readonly live: LiveCalls;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const CALLS = '/platform/v1/whatsapp/calls';
/** A request that died before its call was written is taken up again by the next one with its key, after this. */
const GIVEN_UP_MS = 60_000;
/** When to ask again while the first request with a key is being worked on. */
const BUSY_MS = 1_000;

/** Calls that the business starts. */
export function dialRoutes(server: FastifyInstance, options: DialRoutesOptions): void {
  const { desk, keys, calls, live, now } = options;
  /** A request that an earlier process took up died with it: a database has one process at a time. */
  const startedAt = now();

  async function sendCall(reply: FastifyReply, id: string, warnings: readonly string[]): Promise<FastifyReply> {
    const call = await calls.find(id);
    if (call === null) throw new ApiError('call_not_found');
    const follow = `${CALLS}/${id}`;
    return reply.code(202).header('location', follow).send({ data: call, follow, warnings });
  }

  /** The call that the request's key stands for: a new one, or one of which there is nothing yet. Null if it has a record. */
  async function claim(key: string, digest: string): Promise<{ readonly id: string; readonly made: boolean }> {
    const at = now();
    const kept = await keys.remember({ key, digest, id: randomUUID(), at });
    if (kept.digest !== digest) throw keyError('idempotency_key_reused', null);
    if (kept.fresh) return { id: kept.id, made: false };
    if ((await calls.find(kept.id)) !== null) return { id: kept.id, made: true };
    if (kept.at >= startedAt && kept.at > at - GIVEN_UP_MS) throw keyError('idempotency_key_busy', at + BUSY_MS);
    return { id: kept.id, made: false };
  }

  async function dial(reply: FastifyReply, request: DialRequest, key: string | null): Promise<FastifyReply> {
    const outcome = await desk.dial(request);
    if (outcome.type === 'accepted') return await sendCall(reply, request.id, outcome.warnings);
    // Another request with the same key was quicker: its call is this one.
    if (outcome.type === 'unavailable' && outcome.why === 'not_waiting') return await sendCall(reply, request.id, []);
    // Nothing came of it, so the same key may ask again.
    if (key !== null) await keys.forget(key);
    return sendRefused(reply, outcome);
  }

  server.post(
    CALLS,
    described({ id: 'dial', tag: 'Calls', summary: 'Call a user', scope: 'calls' }),
    async (request, reply) => {
      const wanted = dialIn(request.body, now());
      const key = keyOf(request);
      if (key === null) return await dial(reply, { ...wanted, id: randomUUID() }, null);
      const { id, made } = await claim(key, digestOf(request));
      return made ? await sendCall(reply, id, []) : await dial(reply, { ...wanted, id }, key);
    },
  );

  /** Ends a call, or gives up one that waits. */
  server.post<{ Params: { id: string } }>(
    `${CALLS}/:id/hangup`,
    described({ id: 'hang_up', tag: 'Calls', summary: 'End a call, or give up one that waits', scope: 'calls' }),
    async (request, reply) => {
      const call = await calls.find(request.params.id);
      if (call === null) throw new ApiError('call_not_found');
      const ends = live.hangUp(call.id) || (await desk.cancel(call.id));
      const after = await calls.find(call.id);
      // A dial has its record a moment before its machine. The desk's write came behind the record, so it has both by now.
      if (!ends && after?.ending === null && !live.hangUp(call.id)) throw new ApiError('call_elsewhere');
      return reply.code(202).send({ data: after });
    },
  );
}

function keyOf({ headers }: FastifyRequest): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ApiError('invalid_parameter', 'Idempotency-Key must be one word of 1 to 255 printable ASCII characters');
}

function keyError(error: 'idempotency_key_reused' | 'idempotency_key_busy', retryAt: number | null): ApiError {
  return new ApiError(error, undefined, { extra: { reason: error }, retryAt });
}

/** The same request in another order of its fields is another request: a client that repeats one sends the same bytes. */
function digestOf({ body }: FastifyRequest): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
