import { setTimeout as sleep } from 'node:timers/promises';
import { parseFaults } from './faults.ts';
import type { NetworkProfileName } from './network/profiles.ts';
import { measureEcho } from './phone/echo.ts';
import { assertKeys } from './phone/keys.ts';
import type { PhoneReport } from './phone/report.ts';
import type { CallReport, SimulatedCall } from './simulated-call.ts';
import { type SimulatedWhatsApp, startSimulatedWhatsApp } from './whatsapp.ts';

/** What `talkwire simulate call` is given. The bridge must already use the simulated Graph's address. */
export interface SimulateCallArgs {
  /** Webhook address of the bridge. */
  readonly bridge: string;
  readonly appSecret: string;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber?: string;
  readonly token: string;
  readonly graphPort: number;
  /** WAV file that the phone says. */
  readonly audio: string;
  readonly profile: NetworkProfileName;
  readonly seed: number;
  /** Keys to press once the phone has spoken. */
  readonly keys?: string;
  /** Faults as JSON, one or a list. */
  readonly faults?: string;
  /** How long the user waits for the bridge to pick up, ms. Meta gives up after 30 s. */
  readonly acceptWaitMs?: number;
  /** How long the phone listens after its last word, ms. */
  readonly listenMs?: number;
}

const ACCEPT_WAIT_MS = 35_000;
/** A bridge that does not take the terminate webhook is tried again for most of a minute. */
const CLOSE_WAIT_MS = 120_000;
const SPEECH_WAIT_MS = 600_000;
const LISTEN_MS = 1_500;
const DEFAULT_NUMBER = '15550001111';

/**
 * Places one call to a running bridge and prints each step, then what the phone heard and, for an agent that echoes, how
 * late and how well it came back. Resolves to the exit code: 0 if the call was accepted, was heard, and broke no rule.
 * Rejects if Graph's port is taken, the audio cannot be read, or keys or a fault are not valid.
 */
export async function runSimulateCall(
  args: SimulateCallArgs,
  print: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<number> {
  if (args.keys !== undefined) assertKeys(args.keys);
  const whatsapp = await startSimulatedWhatsApp({
    bridgeWebhookUrl: args.bridge,
    appSecret: args.appSecret,
    phoneNumberId: args.phoneNumberId,
    displayPhoneNumber: args.displayPhoneNumber ?? DEFAULT_NUMBER,
    token: args.token,
    port: args.graphPort,
    profile: args.profile,
    seed: args.seed,
    faults: args.faults === undefined ? [] : parseFaults(parseJson(args.faults)),
  });
  try {
    print(`Simulated Graph at ${whatsapp.graphUrl}, network ${args.profile}, seed ${args.seed}`);
    const call = await whatsapp.call({ audio: args.audio });
    await talk(call, args, print);
    await call.waitFor('closed', CLOSE_WAIT_MS);
    return conclude(await call.report(), whatsapp, print);
  } finally {
    await whatsapp.close();
  }
}

async function talk(call: SimulatedCall, args: SimulateCallArgs, print: (line: string) => void): Promise<void> {
  const startedAt = call.timeline[0]?.at ?? 0;
  const tell = ({ at, type, data }: SimulatedCall['timeline'][number]): void => {
    const details = Object.entries(data).map(([name, value]) => `${name} ${value}`);
    print(`${String(Math.round(at - startedAt)).padStart(7)} ms  ${[type, ...details].join('  ')}`);
  };
  call.timeline.forEach(tell);
  call.onEntry(tell);
  try {
    await call.waitFor('accepted', args.acceptWaitMs ?? ACCEPT_WAIT_MS);
    await call.waitFor('spoken', SPEECH_WAIT_MS);
    if (args.keys !== undefined) call.press(args.keys);
    await sleep(args.listenMs ?? LISTEN_MS);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
  }
  call.hangUp();
}

function conclude(report: CallReport, whatsapp: SimulatedWhatsApp, print: (line: string) => void): number {
  for (const { action, error } of whatsapp.graphRequests) {
    if (error !== null) print(`Graph refused ${action ?? 'a request'}: ${error.code} ${error.details}`);
  }
  const { phone, setup } = report;
  if (phone === null || setup.acceptedMs === null) {
    print('The call was not accepted.');
    return 1;
  }
  print(
    `set-up    accepted after ${ms(setup.acceptedMs)}, media after ${ms(setup.connectedMs)}, first sound ${ms(setup.heardMs)}`,
  );
  printPhone(phone, print);
  const echo = measureEcho(phone);
  if (echo !== null && echo.waveform > 0.2) {
    print(
      `echo      ${ms(echo.delayMs)} late, match ${echo.waveform.toFixed(3)} waveform, ${echo.envelope.toFixed(3)} loudness`,
    );
  } else {
    print('echo      none: what was heard is not what was spoken');
  }
  return phone.packetsReceived > 0 && phone.mediaBeforeAccept === 0 ? 0 : 1;
}

function printPhone(phone: PhoneReport, print: (line: string) => void): void {
  const loss = (phone.lossRatio * 100).toFixed(1);
  print(
    `heard     ${phone.packetsReceived} packets, ${loss} % lost, ${phone.packetsLate} late, ${phone.packetsDuplicate} twice`,
  );
  print(`gaps      ${phone.gaps} of 40 ms or more, longest ${ms(phone.maxGapMs)}`);
  if (phone.dtmfHeard !== '') print(`keys      ${phone.dtmfHeard}`);
  if (phone.mediaBeforeAccept > 0) print(`BREACH    ${phone.mediaBeforeAccept} packets came before accept`);
}

function ms(value: number | null): string {
  return value === null ? 'never' : `${Math.round(value)} ms`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('The faults are not valid JSON.');
  }
}
