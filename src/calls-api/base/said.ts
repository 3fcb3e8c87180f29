import type { FastifyReply } from 'fastify';
import type { GraphSaid } from '../../permissions/index.ts';

export interface SaidAnswer {
  readonly status: number;
  /** What is sent where there are no words of Graph's own. */
  readonly body: unknown;
  readonly said?: GraphSaid | null;
}

/** Answers with what Graph said, in its own bytes and headers; with our words where it said nothing. */
export function sendSaid(reply: FastifyReply, { status, body, said = null }: SaidAnswer): FastifyReply {
  if (said === null) return reply.code(status).send(body);
  const { 'content-length': _ours, ...headers } = said.headers;
  return reply.code(status).type('application/json').headers(headers).send(said.text);
}
