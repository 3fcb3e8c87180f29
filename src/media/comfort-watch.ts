import { FRAME_MS } from '../audio/index.ts';

/**
 * Whether a call has its agent:
 * - `sought`: the person is on the line and the agent is not
 * - `there`:  the agent is on the line
 * - `none`:   no agent is wanted: the call is not answered yet, a prompt is played, or it ends
 */
export type AgentPresence = 'sought' | 'there' | 'none';

/** What the agent left is played to its end, and a breath goes by. */
const DRY_FRAMES = 400 / FRAME_MS;
/** An agent that has just come takes a moment to say something. */
const LINGER_FRAMES = 2_000 / FRAME_MS;

/** Decides, frame by frame, whether the caller hears the comfort tone. */
export class ComfortWatch {
  #dryFrames = 0;
  /** Frames for which the tone may still sound. */
  #patience = 0;

  /** `agentSounds`: the frame that is about to leave holds agent sound. */
  next(presence: AgentPresence, agentSounds: boolean): boolean {
    this.#dryFrames = agentSounds ? 0 : this.#dryFrames + 1;
    // What sounds while an agent is sought was left by the one before, and is no word of the one that comes.
    if (presence === 'sought') this.#patience = LINGER_FRAMES;
    else if (presence === 'none' || agentSounds) this.#patience = 0;
    else if (this.#patience > 0) this.#patience -= 1;
    return this.#patience > 0 && this.#dryFrames >= DRY_FRAMES;
  }
}
