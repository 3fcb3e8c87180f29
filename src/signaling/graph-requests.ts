import { type FailedAnswer, type GraphAnswer, neverLeft, readAnswer, unknownAnswer } from './graph-answer.ts';
import { type ConnectAnswer, idOfFirst, placeCall } from './graph-connect.ts';
import type { Exchange } from './graph-exchange.ts';
import { type GraphLine, NO_CREDENTIALS } from './graph-line.ts';
import type { GraphBody, GraphDeed, GraphRefused, GraphRequests, GraphUnknown, GraphUser } from './graph-types.ts';
import { localFailure } from './local-failure.ts';

export interface GraphRequestsOptions {
  readonly line: GraphLine;
  readonly budgetsMs: Readonly<Record<'connect' | 'read' | 'send' | 'forward', number>>;
  /** For one attempt at what may be repeated. */
  readonly attemptMs: number;
  /** Told of everything that was asked. */
  report(deed: GraphDeed, phoneNumberId: string, done: Done & { readonly tookMs: number }): void;
}

interface Done {
  readonly verdict: ConnectAnswer | GraphAnswer;
  readonly attempts: number;
}

export function createGraphRequests({ line, budgetsMs, attemptMs, report }: GraphRequestsOptions): GraphRequests {
  async function reported<D extends Done>(deed: GraphDeed, phoneNumberId: string, asking: Promise<D>): Promise<D> {
    const began = performance.now();
    const done = await asking;
    report(deed, phoneNumberId, { ...done, tookMs: performance.now() - began });
    return done;
  }

  async function post(deed: 'send' | 'forward', phoneNumberId: string, body: GraphBody): Promise<GraphAnswer> {
    const asking = line.run<GraphAnswer>({
      method: 'POST',
      phoneNumberId,
      resource: deed === 'send' ? 'messages' : 'calls',
      body: body.json,
      version: body.version,
      budgetMs: budgetsMs[deed],
      attemptMs: null,
      judge: (outcome) => readAnswer(outcome, Date.now()),
      mayRepeat: neverLeft,
    });
    return (await reported(deed, phoneNumberId, asking)).verdict;
  }

  return {
    async read(phoneNumberId, user, version = null) {
      const asking = line.run<GraphAnswer>({
        method: 'GET',
        phoneNumberId,
        resource: `call_permissions?${queryFor(user)}`,
        body: null,
        version,
        budgetMs: budgetsMs.read,
        attemptMs,
        judge: judgeRead,
        mayRepeat: wasNoAnswer,
      });
      const { verdict } = await reported('read', phoneNumberId, asking);
      return verdict.type === 'ok' ? { type: 'report', at: Date.now(), body: verdict.body } : told(verdict);
    },

    async send(phoneNumberId, body) {
      const answer = await post('send', phoneNumberId, body);
      if (answer.type !== 'ok') return told(answer);
      return { type: 'sent', messageId: idOfFirst(answer.body, 'messages'), body: answer.body, said: answer.said };
    },

    async connect(phoneNumberId, body) {
      const asking = placeCall(line, phoneNumberId, body, budgetsMs.connect);
      const { verdict } = await reported('connect', phoneNumberId, asking);
      return verdict.type === 'placed' ? verdict : told(verdict);
    },

    async forward(phoneNumberId, body) {
      const answer = await post('forward', phoneNumberId, body);
      if (answer.type !== 'unknown')
        return { type: 'answered', status: answer.status, body: answer.body, said: answer.said ?? null };
      return answer.answer === null ? { type: 'unknown', answer: null } : { type: 'answered', ...answer.answer };
    },
  };
}

/** A phone number wins over a BSUID, as it does at a connect. */
function queryFor({ waId, userId }: GraphUser): URLSearchParams {
  return new URLSearchParams(waId === null ? { recipient: userId ?? '' } : { user_wa_id: waId });
}

/** A report that could not be fetched says nothing about the user, so that is not a refusal. */
export function judgeRead(outcome: Exchange): GraphAnswer {
  if (outcome.type === 'unanswered' && outcome.why !== NO_CREDENTIALS) {
    return unknownAnswer(localFailure('unknown', `no answer from Graph: ${outcome.why}`), null);
  }
  return readAnswer(outcome, Date.now());
}

/** Of what may be asked again, because asking has no effect. */
export function wasNoAnswer(outcome: Exchange): boolean {
  return outcome.type === 'unanswered' || outcome.status === 408 || outcome.status >= 500;
}

function told({ failure: _, ...answer }: FailedAnswer): GraphRefused | GraphUnknown {
  return answer;
}
