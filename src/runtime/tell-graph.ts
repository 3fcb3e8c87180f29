import { type CallIdentity, callbackDataOf, type DialInput, type Effect, type GraphResult } from '../call/index.ts';
import type { Clock, ConnectResult, DebtBook, GraphPort, GraphRequest } from './ports.ts';

export type GraphEffect = Extract<Effect, { type: `graph.${string}` }>;

/** What the machine is fed once Graph has answered, or has not. */
export type GraphWord = GraphResult | DialInput;

interface TellingPorts {
  readonly clock: Clock;
  readonly graph: GraphPort;
  readonly debts: DebtBook;
  readonly onFault: (fault: unknown, identity: CallIdentity) => void;
}

/** Performs one Graph effect of a call. Never rejects: a port that throws has given no answer, and is told as a fault. */
export async function tellGraph(identity: CallIdentity, effect: GraphEffect, ports: TellingPorts): Promise<GraphWord> {
  switch (effect.type) {
    case 'graph.pre_accept':
      return await act(identity, 'pre_accept', effect.sdp, ports);
    case 'graph.accept':
      return await act(identity, 'accept', effect.sdp, ports);
    case 'graph.reject':
      return await actOwed(identity, 'reject', ports);
    case 'graph.terminate':
      return await actOwed(identity, 'terminate', ports);
    case 'graph.connect':
      return await place(identity, effect.sdp, ports);
    default:
      return effect satisfies never;
  }
}

/** The call's record is older than this request, and Graph is given its id: after a crash a webhook still finds it. */
async function place(identity: CallIdentity, sdp: string, { graph, onFault }: TellingPorts): Promise<DialInput> {
  const { id, phoneNumberId, user } = identity;
  const to = { waId: user.waId, userId: user.userId };
  let result: ConnectResult;
  try {
    result = await graph.connect({ phoneNumberId, key: id, user: to, sdp, callbackData: callbackDataOf(identity) });
  } catch (fault) {
    onFault(fault, identity);
    return { type: 'dial.failed', error: NO_ANSWER };
  }
  if (result.type === 'failed') return { type: 'dial.failed', error: result.error };
  return { type: 'dial.placed', callId: result.callId, tookMs: result.tookMs };
}

/** A row before it is an attempt: if the process dies in between, the next start tells Graph. */
async function actOwed(
  identity: CallIdentity,
  action: 'reject' | 'terminate',
  ports: TellingPorts,
): Promise<GraphResult> {
  const { clock, debts, onFault } = ports;
  const { phoneNumberId, callId } = identity;
  const guard = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (fault) {
      onFault(fault, identity);
    }
  };
  await guard(() => debts.owe({ phoneNumberId, callId, action, since: clock.now() }));
  const result = await act(identity, action, null, ports);
  const unsettled = result.type === 'graph.failed' && result.error.kind === 'unknown';
  if (!unsettled) await guard(() => debts.settle(callId, action));
  return result;
}

async function act(
  identity: CallIdentity,
  action: GraphRequest['action'],
  sdp: string | null,
  { graph, onFault }: TellingPorts,
): Promise<GraphResult> {
  const { phoneNumberId, callId } = identity;
  try {
    return await graph.act({ phoneNumberId, callId, action, sdp });
  } catch (fault) {
    onFault(fault, identity);
    return { type: 'graph.failed', action, error: NO_ANSWER };
  }
}

const NO_ANSWER = { code: null, httpStatus: null, kind: 'unknown', message: 'the Graph port failed' } as const;
