import type { FastifyReply } from 'fastify';
import type { ClientOutcome } from '../../permissions/index.ts';
import { sendRefused } from '../base/refusals.ts';
import { sendSaid } from '../base/said.ts';
import type { VersionParams } from './client-body.ts';

/** A route below a number (proxy-paths.ts). */
export interface NumberRoute {
  Params: VersionParams & { readonly phoneNumberId: string };
  Querystring: Record<string, unknown>;
}

/** Answers with what came of a client's request. */
export function sendOutcome(reply: FastifyReply, outcome: ClientOutcome): FastifyReply {
  return outcome.type === 'answered' ? sendSaid(reply, outcome) : sendRefused(reply, outcome);
}
