import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writeWav } from '../../../src/audio/index.ts';
import { runSimulateCall, type SimulateCallArgs } from '../../../src/simulator/index.ts';
import { babble } from '../../support/babble.ts';
import { MiniBridge } from '../../support/mini-bridge.ts';

describe('simulate call', () => {
  const cleanUp: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const each of cleanUp.splice(0).reverse()) await each();
  });

  /** Runs the command against a bridge that learns Graph's address from the first line, as a person would. */
  async function run(changes: Partial<SimulateCallArgs>): Promise<{ exitCode: number; printed: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'simulate-'));
    cleanUp.push(() => rm(folder, { recursive: true }));
    const audio = join(folder, 'words.wav');
    await writeFile(audio, writeWav(babble(1_000), 16_000));
    const lines: string[] = [];
    const bridge = await MiniBridge.start(() => /http:\S+\d/.exec(lines[0] ?? '')?.[0] ?? '', { echo: true });
    cleanUp.push(() => bridge.close());
    bridge.answer().catch((error: unknown) => lines.push(`bridge: ${error instanceof Error ? error.message : ''}`));
    const exitCode = await runSimulateCall(
      {
        bridge: bridge.url,
        appSecret: 's',
        phoneNumberId: '111',
        token: 'token',
        graphPort: 0,
        audio,
        profile: 'clean',
        seed: 1,
        listenMs: 200,
        ...changes,
      },
      (line) => lines.push(line),
    );
    return { exitCode, printed: lines.join('\n') };
  }

  it('tells the steps of the call and how its echo came back, and ends with 0', async () => {
    const { exitCode, printed } = await run({});
    expect(exitCode).toBe(0);
    for (const step of [
      'ringing',
      'webhook.connect',
      'pre_accepted',
      'connected',
      'accepted',
      'heard',
      'spoken',
      'ended',
    ]) {
      expect(printed).toMatch(new RegExp(`^ *\\d+ ms {2}${step}\\b`, 'm'));
    }
    expect(printed).toMatch(/^echo +-?\d+ ms late, match 0\.[89]/m);
    expect(printed).not.toMatch(/candidate|ice-pwd|127\.0\.0\.1:\d+:/);
  });

  it('says what Graph refused, and ends with 1', async () => {
    const faults = JSON.stringify({ type: 'graph.refuse', action: 'pre_accept', code: 138004 });
    // The bridge gives up, so the caller does too.
    const running = run({ faults: `[${faults},{"type":"webhook.lose","event":"terminate"}]`, acceptWaitMs: 400 });
    const { exitCode, printed } = await running;
    expect(exitCode).toBe(1);
    expect(printed).toContain('Graph refused pre_accept: 138004');
    expect(printed).toContain('The call was not accepted.');
  });

  it.each<[string, Partial<SimulateCallArgs>, string]>([
    ['faults that are not JSON', { faults: '{' }, 'The faults are not valid JSON.'],
    ['keys that no phone has', { keys: '12x' }, 'Keys are 0-9, *, # and A-D.'],
  ])('refuses %s', async (_what, changes, message) => {
    await expect(run(changes)).rejects.toThrow(message);
  });
});
