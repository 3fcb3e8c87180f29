import { type FailedAnswer, type GraphAnswer, neverLeft, readAnswer, unknownAnswer } from './graph-answer.ts';
import type { GraphLine } from './graph-line.ts';
import type { GraphBody, GraphConnectRequest, GraphSaid, GraphUser } from './graph-types.ts';
import { text } from './lenient.ts';
import { localFailure } from './local-failure.ts';

/** `placed`, with Meta's id of the call; or why it is not, or may not be. */
export type ConnectAnswer =
  | { readonly type: 'placed'; readonly callId: string; readonly body: object; readonly said: GraphSaid }
  | FailedAnswer;

/**
 * Places a call. A connect that may have reached Graph is never sent again: it could ring the user twice, and the second
 * call would cost another place in the limits (kapso-api.md §11). An answer that names no call leaves its outcome unknown.
 *
 * @param budgetMs for all attempts; one may take the whole of it
 */
export async function placeCall(
  line: GraphLine,
  phoneNumberId: string,
  body: GraphBody,
  budgetMs: number,
): Promise<{ verdict: ConnectAnswer; attempts: number }> {
  return await line.run<ConnectAnswer>({
    method: 'POST',
    phoneNumberId,
    resource: 'calls',
    body: body.json,
    version: body.version,
    budgetMs,
    attemptMs: null,
    judge: (outcome) => named(readAnswer(outcome, Date.now())),
    mayRepeat: neverLeft,
  });
}

/** Meta's body of a connect (meta-calling.md §2.1). A phone number wins over a BSUID, as it does at Meta. */
export function connectBody({ user, sdp, callbackData }: GraphConnectRequest): GraphBody {
  const json = JSON.stringify({
    messaging_product: 'whatsapp',
    ...addressOf(user),
    action: 'connect',
    session: { sdp_type: 'offer', sdp },
    biz_opaque_callback_data: callbackData,
  });
  return { json, version: null };
}

function addressOf({ waId, userId }: GraphUser): { to: string } | { recipient: string | null } {
  return waId === null ? { recipient: userId } : { to: waId };
}

function named(answer: GraphAnswer): ConnectAnswer {
  if (answer.type !== 'ok') return answer;
  const { status, body, said } = answer;
  const callId = idOfFirst(body, 'calls');
  if (callId !== null) return { type: 'placed', callId, body, said };
  const nameless = localFailure('unknown', 'Graph answered a connect without naming a call');
  return unknownAnswer({ ...nameless, httpStatus: status }, { status, body, said });
}

/** `id` of the first item of a list in an answer; null if there is none. */
export function idOfFirst(body: object, key: 'calls' | 'messages'): string | null {
  const items = (body as Readonly<Record<string, unknown>>)[key];
  const first: unknown = Array.isArray(items) ? items[0] : null;
  return typeof first === 'object' && first !== null && 'id' in first ? text.parse(first.id) : null;
}
