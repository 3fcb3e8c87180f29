import { createHmac } from 'node:crypto';
import type { CallIdentity, ToolWebhook } from '../../call/index.ts';
import { AgentHttpError, askAgent } from '../net/http.ts';
import { failed } from './reserved.ts';
import type { ToolOutcome } from './tools.ts';

export interface ToolRequest {
  readonly webhook: ToolWebhook;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly identity: CallIdentity;
  readonly allowLinkLocal: boolean;
  /** The call is over. */
  readonly signal: AbortSignal;
}

/** A longer answer is no good to a model that speaks, bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Lets the user's webhook run a tool. Never rejects: what went wrong is told to the model, without addresses. */
export async function askToolWebhook(request: ToolRequest): Promise<ToolOutcome> {
  const { webhook, allowLinkLocal, signal } = request;
  try {
    const body = JSON.stringify(bodyOf(request));
    const answer = await askAgent({
      url: webhook.url,
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/plain',
        ...(webhook.secret === null ? {} : { 'X-Talkwire-Signature': `sha256=${sign(body, webhook.secret)}` }),
      },
      body,
      timeoutMs: webhook.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      allowLinkLocal,
      signal,
    });
    return { type: 'answer', output: answer.toString('utf8').trim() || 'Done.', failed: false };
  } catch (error) {
    const why = error instanceof AgentHttpError ? WORDS[error.loss.code] : undefined;
    return failed(`The tool failed: ${why ?? 'it could not be run'}.`);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  connect_timeout: 'it took too long',
  connect_refused: 'it could not be reached, or did not succeed',
  unauthorized: 'it was not allowed',
  protocol_error: 'its answer was not usable',
};

function bodyOf({ tool, args, identity }: ToolRequest): object {
  const { id, callId, direction, phoneNumberId, user } = identity;
  return {
    tool,
    arguments: args,
    call: {
      id,
      call_id: callId,
      direction,
      phone_number_id: phoneNumberId,
      user: { wa_id: user.waId, user_id: user.userId, parent_user_id: user.parentUserId, name: user.name },
    },
  };
}

function sign(body: string, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}
