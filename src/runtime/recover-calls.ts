import { type CallIdentity, type CallPolicy, DEFAULT_POLICY } from '../call/index.ts';
import type { CallRunner } from './call-runner.ts';
import type { CallLog, Clock, PolicySource } from './ports.ts';

interface RecoveryPorts {
  readonly clock: Clock;
  readonly log: CallLog;
  readonly policies: PolicySource;
}

/** Gives every call that was live when the process died a runner again. Resolves to how many of them are to be closed. */
export async function recoverCalls(
  { clock, log, policies }: RecoveryPorts,
  admit: (identity: CallIdentity, policy: CallPolicy) => CallRunner,
): Promise<number> {
  let closing = 0;
  for (const { identity, answered, launched, followed } of await log.unfinished()) {
    const plan = await policies.planFor({ identity, at: clock.now(), liveOnNumber: 0 });
    const policy = plan?.policy ?? { ...DEFAULT_POLICY, agents: [] };
    // How long its number lets calls last is for calls whose media this service has.
    const runner = admit(identity, followed ? { ...policy, maxDurationMs: null } : policy);
    await runner.open(async () => {});
    const at = clock.now();
    if (followed) runner.feed({ type: 'api.follow', answered, at });
    else runner.feed({ type: 'service.restarted', answered, launched, at });
    if (!launched && !followed) closing += 1;
  }
  return closing;
}
