import type { GraphForward } from '../../src/calls-api/ports.ts';
import type {
  ClientBody,
  GraphBody,
  GraphConnected,
  GraphRead,
  GraphRefusal,
  GraphSent,
  PermissionGraph,
} from '../../src/permissions/index.ts';

/** Graph, saying what the test wants. Without a word it reports nothing and takes everything. */
export class ScriptedPermissionGraph implements PermissionGraph {
  readonly reads: string[] = [];
  readonly sent: unknown[] = [];
  readonly connects: unknown[] = [];
  readonly forwarded: unknown[] = [];
  onRead: () => GraphRead | Promise<GraphRead> = () => ({ type: 'unknown', answer: null });
  onSend: () => GraphSent | Promise<GraphSent> = () => {
    const messageId = `wamid.${this.sent.length}`;
    return { type: 'sent', messageId, body: { messaging_product: 'whatsapp', messages: [{ id: messageId }] } };
  };
  onConnect: () => GraphConnected = () => {
    const callId = `wacid.client.${this.connects.length}`;
    return { type: 'placed', callId, body: { messaging_product: 'whatsapp', calls: [{ id: callId }] } };
  };
  onForward: () => Awaited<ReturnType<GraphForward>> = () => ({
    type: 'answered',
    status: 200,
    body: { messaging_product: 'whatsapp', success: true },
  });

  async read(phoneNumberId: string): Promise<GraphRead> {
    this.reads.push(phoneNumberId);
    return this.onRead();
  }

  async send(_phoneNumberId: string, body: GraphBody): Promise<GraphSent> {
    this.sent.push(writtenIn(body));
    return this.onSend();
  }

  async connect(_phoneNumberId: string, body: GraphBody): Promise<GraphConnected> {
    this.connects.push(writtenIn(body));
    return this.onConnect();
  }

  readonly forward: GraphForward = async (_phoneNumberId, body) => {
    this.forwarded.push(writtenIn(body));
    return this.onForward();
  };
}

/** A body as a client's request brings it. */
export function asClient(value: object): ClientBody {
  return { value, json: JSON.stringify(value), version: null };
}

/** What a body says. */
export function writtenIn({ json }: GraphBody): unknown {
  return JSON.parse(typeof json === 'string' ? json : Buffer.from(json).toString('utf8'));
}

/** Graph says no, in its own envelope. */
export function graphRefusal(status: number, code: number, more: Partial<GraphRefusal> = {}): GraphRefusal {
  const error = { message: `(#${code}) of Graph`, type: 'OAuthException', code, fbtrace_id: 'A1' };
  return { type: 'refused', status, code, retryAfterMs: null, retryAt: null, body: { error }, ...more };
}
