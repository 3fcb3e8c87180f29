import { type CallPlanner, takesMessages } from './agents/index.ts';
import type { ApiServerOptions, CallControls } from './calls-api/index.ts';
import { promptFault } from './media/index.ts';
import type { CallRuntime, NameWaiter } from './runtime/index.ts';

/** Joins what the API may do to live calls to the runtime, the agents and the folder of prompts. */
export function joinControls(runtime: CallRuntime, planner: CallPlanner, promptsFolder: string): CallControls {
  const { control } = runtime;
  return {
    promptFault: (prompt) => promptFault(promptsFolder, prompt),
    announce: (id, order) => control.announce(id, order),
    tell(id, data) {
      const agent = runtime.liveCall(id)?.agent ?? null;
      return agent === null || takesMessages(agent) ? control.tell(id, data) : 'no_word';
    },
    async transfer(id, wanted) {
      const call = runtime.liveCall(id);
      if (call === null) return 'over';
      const agents = planner.planForTransfer({ ...wanted, phoneNumberId: call.identity.phoneNumberId });
      return agents === null ? 'cannot_take_over' : await control.transfer(id, agents);
    },
  };
}

/** Joins what the API may know of live calls, and end, to the runtime. */
export function joinLive(runtime: CallRuntime, names: NameWaiter): ApiServerOptions['live'] {
  return {
    // One that is ending has no standing any more; to hang it up again is no error.
    hangUp: (id) => runtime.liveCall(id)?.elsewhere !== true && runtime.hangUp(id),
    isOurs: (id) => runtime.liveCall(id)?.elsewhere === false,
    named: (id, timeoutMs) => names.wait(id, timeoutMs),
    forget: (id) => names.forget(id),
  };
}
