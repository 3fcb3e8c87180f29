import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { VoiceAgentBook } from '../../agents/ports.ts';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';
import type { DialDesk, DialOutcome, DialRequest, PermissionBook } from '../../permissions/index.ts';
import { callDetailAnswer } from '../base/call-answer.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { described } from '../base/operation.ts';
import { DIAL_ERRORS, sendRefused } from '../base/refusals.ts';
import type { CallQueries, KnownNumbers, LiveCalls } from '../ports.ts';
import { dialBody, dialIn } from './dial-body.ts';

export interface DialRoutesOptions {
  readonly desk: Pick<DialDesk, 'dial' | 'cancel'>;
  readonly keys: Pick<PermissionBook, 'remember' | 'forget'>;
  readonly numbers: KnownNumbers;
  readonly agents: Pick<VoiceAgentBook, 'get'>;
  readonly calls: CallQueries;
  readonly live: LiveCalls;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A dial, and in whose name. */
interface Dial {
  readonly projectId: string;
  readonly request: DialRequest;
  /** As it is kept; null without one. */
  readonly key: string | null;
}

const CALLS = '/platform/v1/whatsapp/calls';
/** A request that died before its call was written is taken up again by the next one with its key, after this. */
const GIVEN_UP_MS = 60_000;
/** When to ask again while the first request with a key is being worked on. */
const BUSY_MS = 1_000;

/** Calls that the business starts. */
export function dialRoutes(server: FastifyInstance, options: DialRoutesOptions): void {
  const { desk, keys, numbers, agents, calls, live, now } = options;
  /** A request that an earlier process took up died with it: a database has one process at a time. */
  const startedAt = now();

  async function sendCall(
    reply: FastifyReply,
    projectId: string,
    id: string,
    warnings: readonly string[] = [],
  ): Promise<FastifyReply> {
    const call = await calls.find(projectId, id);
    if (call === null) throw new ApiError('call_not_found');
    const follow = `${CALLS}/${id}`;
    return reply.code(202).header('location', follow).send({ data: call, follow, warnings });
  }

  /** The call that the request's key stands for: one of which there is nothing yet, or one that has a record by now. */
  async function claim(projectId: string, key: string, digest: string): Promise<{ id: string; made: boolean }> {
    const at = now();
    const kept = await keys.remember({ key, digest, id: randomUUID(), at });
    if (kept.digest !== digest) throw keyError('idempotency_key_reused', null);
    if (kept.fresh) return { id: kept.id, made: false };
    if ((await calls.find(projectId, kept.id)) !== null) return { id: kept.id, made: true };
    if (kept.at >= startedAt && kept.at > at - GIVEN_UP_MS) throw keyError('idempotency_key_busy', at + BUSY_MS);
    return { id: kept.id, made: false };
  }

  /** What another project has does not exist for this one. */
  function unknownTo(projectId: string, { phoneNumberId, voiceAgentId }: DialRequest): DialOutcome | null {
    if (numbers.projectOf(phoneNumberId) !== projectId) return { type: 'unavailable', why: 'unknown_number' };
    if (voiceAgentId === null || agents.get(voiceAgentId)?.projectId === projectId) return null;
    return { type: 'unavailable', why: 'unknown_agent' };
  }

  async function dial(reply: FastifyReply, { projectId, request, key }: Dial): Promise<FastifyReply> {
    const outcome = unknownTo(projectId, request) ?? (await desk.dial(request));
    if (outcome.type === 'accepted') return await sendCall(reply, projectId, request.id, outcome.warnings);
    // Another request with the same key was quicker: its call is this one.
    if (outcome.type === 'unavailable' && outcome.why === 'not_waiting') {
      return await sendCall(reply, projectId, request.id);
    }
    // Nothing came of it, so the same key may ask again.
    if (key !== null) await keys.forget(key);
    return sendRefused(reply, outcome);
  }

  server.post(
    CALLS,
    described({
      id: 'dial',
      tag: 'Calls',
      summary: 'Call a user',
      description:
        'Asks for permission, waits, or calls at once, as the body says (docs/calling-out.md). What Graph refuses comes back with its status and words.',
      scope: 'calls',
      headers: z.object({
        'idempotency-key': z
          .string()
          .regex(/^[\x21-\x7e]{1,255}$/)
          .optional()
          .meta({ description: 'The same request with the same key makes one call; keys are kept for 24 hours' }),
      }),
      body: dialBody,
      answers: {
        202: {
          description: 'The call, as it is so far',
          body: z.object({
            data: callDetailAnswer,
            follow: z.string().meta({ description: 'Where to look what becomes of it' }),
            warnings: z.array(z.string()),
          }),
        },
      },
      errors: ['invalid_fields', 'invalid_parameter', 'idempotency_key_reused', 'idempotency_key_busy', ...DIAL_ERRORS],
    }),
    async (request, reply) => {
      const { projectId } = callerOf(request);
      const wanted = dialIn(request.body, now());
      const key = keyOf(request, projectId);
      if (key === null) return await dial(reply, { projectId, request: { ...wanted, id: randomUUID() }, key });
      const { id, made } = await claim(projectId, key, digestOf(request));
      if (made) return await sendCall(reply, projectId, id);
      return await dial(reply, { projectId, request: { ...wanted, id }, key });
    },
  );

  /** Ends a call, or gives up one that waits. */
  server.post<{ Params: { id: string } }>(
    `${CALLS}/:id/hangup`,
    described({
      id: 'hang_up',
      tag: 'Calls',
      summary: 'End a call, or give up one that waits',
      description: 'A call that is over already is answered as it is.',
      scope: 'calls',
      answers: {
        202: { description: 'The call, which ends now or is over', body: z.object({ data: callDetailAnswer }) },
      },
      errors: ['call_not_found', 'call_elsewhere'],
    }),
    async (request, reply) => {
      const { projectId } = callerOf(request);
      const call = await calls.find(projectId, request.params.id);
      if (call === null) throw new ApiError('call_not_found');
      const ends = live.hangUp(call.id) || (await desk.cancel(call.id));
      const after = await calls.find(projectId, call.id);
      // A dial has its record a moment before its machine. The desk's write came behind the record, so it has both by now.
      if (!ends && after?.ending === null && !live.hangUp(call.id)) throw new ApiError('call_elsewhere');
      return reply.code(202).send({ data: after });
    },
  );
}

/** The request's key as it is kept: a word of each project's own. Those of the first project stand as they always did. */
function keyOf({ headers }: FastifyRequest, projectId: string): string | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError('invalid_parameter', 'Idempotency-Key must be one word of 1 to 255 printable ASCII characters');
  }
  // No word of another can be the same: none has a space in it.
  return projectId === DEFAULT_PROJECT_ID ? key : `${projectId} ${key}`;
}

function keyError(error: 'idempotency_key_reused' | 'idempotency_key_busy', retryAt: number | null): ApiError {
  return new ApiError(error, undefined, { extra: { reason: error }, retryAt });
}

/** The same request in another order of its fields is another request: a client that repeats one sends the same bytes. */
function digestOf({ body }: FastifyRequest): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}
