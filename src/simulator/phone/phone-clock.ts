import { FrameClock } from '../../webrtc/index.ts';

/** The clock that all simulated phones of this thread share. */
export const phoneClock = new FrameClock();
