import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { DialDesk, DialOutcome, DialRequest } from '../../permissions/index.ts';
import { ApiError } from '../base/errors.ts';
import { endedError, sendRefused } from '../base/refusals.ts';
import type { LiveCalls } from '../ports.ts';

export interface BridgeCallOptions {
  readonly desk: Pick<DialDesk, 'dial'>;
  readonly live: LiveCalls;
}

/** Longer than Graph may take for its answer; if that is lost, a webhook may still name the call. */
const NAME_WAIT_MS = 20_000;

/**
 * Graph's `connect` without a session: this service has the media, and the number's own agent speaks. Answers as Graph does,
 * with Meta's id of the call, so it waits until there is one.
 */
export async function placeBridgeCall(
  { desk, live }: BridgeCallOptions,
  call: Pick<DialRequest, 'phoneNumberId' | 'user' | 'bizOpaqueCallbackData'>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const id = randomUUID();
  const naming = live.named(id, NAME_WAIT_MS);
  let outcome: DialOutcome | null = null;
  try {
    outcome = await desk.dial({ ...NOW_WITH_PERMISSION, ...call, id });
  } finally {
    if (outcome?.type !== 'accepted') live.forget(id);
  }
  if (outcome.type !== 'accepted') return sendRefused(reply, outcome);
  const named = await naming;
  switch (named.type) {
    case 'named':
      return reply.send({ messaging_product: 'whatsapp', calls: [{ id: named.callId }] });
    case 'ended':
      throw endedError(named, id);
    case 'silent':
      throw new ApiError('graph_unanswered', undefined, { extra: { reason: 'connect_unknown', call: id } });
    default:
      return named satisfies never;
  }
}

/** What Graph's own connect cannot say. */
const NOW_WITH_PERMISSION: Omit<DialRequest, 'id' | 'phoneNumberId' | 'user' | 'bizOpaqueCallbackData'> = {
  voiceAgentId: null,
  permission: { mode: 'require', template: null },
  ringTimeoutMs: null,
  context: {},
  userTimeZone: null,
  notBefore: null,
  notAfter: null,
};
