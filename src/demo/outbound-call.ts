import { setTimeout as sleep } from 'node:timers/promises';
import { resample } from '../audio/index.ts';
import type { CallReport, SimulatedCall } from '../simulator/index.ts';
import { type Api, entryOf, tellEntry, tellQuality } from './call-log.ts';
import { demoUser, NUMBER } from './configure.ts';
import { whyNot } from './first-call.ts';
import type { Greeting } from './greeting-agent.ts';
import type { Narrator } from './narrator.ts';
import { measureOpening } from './opening.ts';
import type { Stage } from './stage.ts';

/** How long the user looks at the request, and lets the phone ring. */
const THINKING_MS = 800;
const RINGING_MS = 2_000;
/** From the request to Graph's connect, and to the pickup; both take no longer than the user does. */
const CALLED_WITHIN_MS = 15_000;
const ANSWERED_WITHIN_MS = 30_000;
/** How long the phone listens after a greeting, and to an agent whose greeting is not known. */
const LISTEN_MS = 1_000;
const UNKNOWN_GREETING_MS = 5_000;
/** The part of the greeting that a late start would cost. */
const OPENING_MS = 100;
/** Below these, the opening is not what was spoken. The softest breath comes out of Opus at about 0.8. */
const GOOD_OPENING = 0.9;
const GOOD_WINDOW = 0.5;
const GOOD_WINDOW_DB = -6;
const RATE = 16_000;

/**
 * Has the business call a user who must be asked first, and tells what came of it. Resolves to whether the greeting was
 * heard from its first moment. Rejects with a sentence if nobody was called, or nobody picked up.
 */
export async function placeOutboundCall({ options, narrator, whatsapp, api, greeting }: Stage): Promise<boolean> {
  const user = demoUser(options, '14155550177');
  narrator.heading('A call of the business');
  narrator.begin(Date.now());
  whatsapp.answerCalls(user, { afterMs: RINGING_MS });
  whatsapp.answerRequests(user, {
    reply: async () => {
      narrator.step('user', 'is asked by WhatsApp: may this business call you?');
      await sleep(THINKING_MS);
      narrator.step('user', 'taps Allow');
      return 'accept';
    },
  });
  narrator.step('user', 'writes "Hello", which opens the window for free-form messages');
  await whatsapp.message(user);
  const placed = await dial(api, narrator, user);
  const call = await whatsapp.nextReceived(CALLED_WITHIN_MS).catch(() => null);
  if (call === null) throw new Error(`nobody was called${whyNot(await entryOf(api, placed), options)}`);
  narrator.follow(call);
  const answered = await call.waitFor('accepted', ANSWERED_WITHIN_MS).then(
    () => true,
    () => false,
  );
  if (answered) await listen(call, greeting);
  call.hangUp();
  await call.waitFor('closed', 10_000);
  const entry = await entryOf(api, placed);
  tellEntry(narrator, entry);
  if (!answered) throw new Error(`the call was not picked up${whyNot(entry, options)}`);
  tellQuality(narrator, entry);
  return tellGreeting(narrator, await call.report(), greeting);
}

const DIAL_ATTEMPTS = 50;

/** Asks for the call, and gives our id of it. */
async function dial(api: Api, narrator: Narrator, user: string): Promise<string> {
  const path = '/platform/v1/whatsapp/calls';
  const body = { phone_number_id: NUMBER.id, to: user, permission: 'ask' };
  narrator.step('client', `POST ${path} with "permission": "ask"`);
  for (let attempt = 1; ; attempt += 1) {
    const response = await api(path, body);
    const answer = (await response.json()) as DialAnswer;
    if (answer.data !== undefined) {
      const state = answer.data.waiting?.state ?? answer.data.status;
      narrator.step('bridge', `${response.status}: ${words(state)}; the call is ${answer.data.id}`);
      return answer.data.id;
    }
    // The webhook is stored when it is answered, and read a moment later: until then the window is closed.
    const tooSoon = answer.error?.reason === 'window_closed' && attempt < DIAL_ATTEMPTS;
    if (!tooSoon) throw new Error(`the call was refused (HTTP ${response.status}): ${answer.error?.message ?? ''}`);
    await sleep(50);
  }
}

interface DialAnswer {
  readonly data?: {
    readonly id: string;
    readonly status: string;
    readonly waiting: { readonly state: string } | null;
  };
  readonly error?: { readonly message?: string; readonly reason?: string };
}

function words(state: string): string {
  return state === 'awaiting_permission' ? 'the user is being asked for permission' : state;
}

async function listen(call: SimulatedCall, greeting: Greeting | null): Promise<void> {
  const ms = greeting === null ? UNKNOWN_GREETING_MS : (1_000 * greeting.samples.length) / greeting.rate + LISTEN_MS;
  // A call that ends meanwhile is told of like any other.
  await call.waitFor('ended', ms).catch(() => {});
}

function tellGreeting(narrator: Narrator, report: CallReport, greeting: Greeting | null): boolean {
  narrator.heading('What the phone heard');
  const { phone, timeline } = report;
  const pickedUpAt = timeline.find(({ type }) => type === 'accepted')?.at;
  if (phone === null || phone.packetsReceived === 0 || pickedUpAt === undefined) {
    narrator.fact('verdict', 'nothing was heard');
    return false;
  }
  narrator.fact('first packet', `${Math.round(phone.firstMediaMs ?? 0)} ms after pickup`);
  narrator.fact('media before pickup', String(phone.mediaBeforeAccept));
  narrator.fact('gaps of 40 ms or more', String(phone.gaps));
  if (greeting === null) {
    narrator.fact('verdict', 'the agent was called and sound came; what it should have said is not known');
    return phone.mediaBeforeAccept === 0;
  }
  const opening = measureOpening(resample(greeting.samples, greeting.rate, RATE), phone.heard, OPENING_MS);
  if (opening === null) {
    narrator.fact('verdict', 'the greeting was not heard');
    return false;
  }
  // When its packet came: the place in the recording is that of a path without jitter.
  const cameAt = phone.heardArrivalsMs[Math.max(0, Math.floor(opening.startsAtMs / 20))] ?? Number.NaN;
  const began = Number.isNaN(cameAt) ? 'lost on the way' : `${Math.round(cameAt - pickedUpAt)} ms after pickup`;
  narrator.fact('first sound of the greeting', began);
  narrator.fact(`its first ${OPENING_MS} ms`, `match ${opening.match.toFixed(3)} with what the agent said`);
  narrator.fact('weakest 20 ms of them', `match ${opening.weakest.toFixed(3)}, ${opening.weakestDb.toFixed(1)} dB`);
  const intact = opening.match >= GOOD_OPENING && opening.weakest >= GOOD_WINDOW && opening.weakestDb >= GOOD_WINDOW_DB;
  const good = intact && phone.mediaBeforeAccept === 0;
  narrator.fact(
    'verdict',
    good ? `the first ${OPENING_MS} ms of the greeting are intact` : 'the beginning of the greeting is damaged',
  );
  return good;
}
